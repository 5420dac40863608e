"""What becomes of each trap in a models.py: the files of the package, or the refusal.

A case is a file of cases/. Its head says what is wanted: `refuse: CODE LINE`, `files: NAMES` (all files of
the package), `has: FILE | TEXT` (whole lines, joined by `\\n`), `lacks: FILE | TEXT`, `note: TEXT` (one for
each note), `option: no-base`. Below are the files of the project. Each package must pass the rules of the
layout, with every name defined, and Ruff's order of imports where models.py passed it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from refactor_cases import findings, parsed, planned, write
from tortoise_dev.refactor.refusals import CODES, RefusedError
from tortoise_dev.refactor.writing import apply

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_becomes_of(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted, files = parsed(path.read_text(encoding="utf-8"))
    write(files, tmp_path)
    module = next(name for name in files if name.endswith("models.py"))
    with_base = "no-base" not in wanted.get("option", [])
    if "refuse" in wanted:
        with pytest.raises(RefusedError) as caught:
            planned(tmp_path, module, with_base=with_base)
        assert [f"{one.code} {one.line}" for one in caught.value.refusals] == wanted["refuse"]
        return
    plan = planned(tmp_path, module, with_base=with_base)
    texts = {path.name: content.decode() for path, content in plan.files.items()}
    if "files" in wanted:
        assert sorted(texts) == sorted(["__init__.py", *wanted["files"][0].split()])
    assert plan.notes == wanted.get("note", [])
    for entry in wanted.get("has", []):
        name, _, text = entry.partition(" | ")
        assert f"\n{text.encode().decode('unicode_escape')}\n" in f"\n{texts[name]}", texts[name]
    for entry in wanted.get("lacks", []):
        name, _, text = entry.partition(" | ")
        assert text not in texts[name], texts[name]
    was_clean = [code for code in ("I", "E402") if not ruff(tmp_path / module, code)]
    apply(plan)
    if with_base:
        assert findings(plan.package, capsys) == []
    assert ruff(plan.package, "F821,F811,F401,TC004") == ""
    assert not was_clean or ruff(plan.package, ",".join(was_clean)) == ""


def ruff(path: Path, rules: str) -> str:
    """What ruff with its defaults says of a file or a folder."""
    options = ["check", "--isolated", "--no-cache", "--quiet", "--output-format", "concise"]
    command = [sys.executable, "-m", "ruff", *options, "--select", rules, str(path)]
    return subprocess.run(command, cwd=path.parent, capture_output=True, encoding="utf-8", check=False).stdout


def test_each_refusal_has_a_case() -> None:
    """But those that another test provokes: in test_proof.py and test_command.py."""
    heads = "\n".join(path.read_text(encoding="utf-8").partition("---")[0] for path in CASES)
    elsewhere = {"not-importable", "package-exists", "proof-differs", "encoding"}
    assert {code for code in CODES if f"refuse: {code} " not in heads} == elsewhere
