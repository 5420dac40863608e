"""A forked process does what a new interpreter would."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tortoise_dev.evals.interpreter import run_python

CASES = {
    "prints": (["-c", "import sys; print(1, flush=True); print(2, file=sys.stderr)"], 0, "1\n2\n"),
    "arguments": (["-c", "import sys; print(sys.argv[1:])", "a", "b"], 0, "['a', 'b']\n"),
    "status": (["-c", "raise SystemExit(3)"], 3, ""),
    "message": (["-c", "import sys; sys.exit('no')"], 1, "no\n"),
    "environment": (["-c", "import os; print(os.environ['A'], 'B' in os.environ)"], 0, "1 False\n"),
    "folder": (["-c", "import os; print(os.path.basename(os.getcwd()))"], 0, "project\n"),
    "its own module": (["-c", "import eval_mine; print(eval_mine.X)"], 0, "new\n"),
    "module": (["-m", "eval_mine", "x"], 0, "['x']\n"),
    "script": (["eval_mine.py", "y"], 0, "['y']\n"),
    "standard input is empty": (["-c", "print(len(input()))"], 1, "EOFError: EOF when reading a line\n"),
    "exception": (["-c", "1 / 0"], 1, "ZeroDivisionError: division by zero\n"),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with one module, of which another version is loaded already."""
    folder = tmp_path / "project"
    folder.mkdir()
    text = "import sys\n\nX = 'new'\nif __name__ == '__main__':\n    print(sys.argv[1:])\n"
    (folder / "eval_mine.py").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("case", CASES)
def test_a_forked_process(case: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    monkeypatch.syspath_prepend(str(project))
    __import__("eval_mine").X = "old"
    try:
        assert_ran(case, project)
    finally:
        del sys.modules["eval_mine"]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_new_interpreter(case: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork", raising=False)
    assert_ran(case, project)


def assert_ran(case: str, project: Path) -> None:
    arguments, status, printed = CASES[case]
    environment = {"A": "1", "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    found = run_python(arguments, project, environment)
    assert (found[0], found[1].endswith(printed)) == (status, True), found
    assert ("Traceback" in found[1]) == (case in ("exception", "standard input is empty"))
