"""The bench itself: its corpora are what it says, and a tool that ran fewer blocks never gets a time."""

import ast
import importlib
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent
FENCE = re.compile(r"^```(.*)\n([\s\S]*?)^```$", re.MULTILINE)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(HERE))
    return importlib.import_module("bench_snippets")


def finished(bench: ModuleType, stdout: str, returncode: int = 0) -> Any:
    return bench.Finished(seconds=1.5, cpu_seconds=1.0, returncode=returncode, stdout=stdout, stderr="")


def case(bench: ModuleType, tool: str = "sybil", **values: Any) -> Any:
    usual = {"command": ["true"], "directory": HERE, "blocks": 300, "passed": bench.passed_in_pytest}
    return bench.Case("script", tool, **{**usual, **values})


@pytest.mark.parametrize("form", ["trivial", "await", "script", "own"])
@pytest.mark.parametrize("opens_database", [False, True])
def test_a_corpus_has_its_blocks_and_each_compiles(
    bench: ModuleType, form: str, opens_database: bool
) -> None:
    files = bench.corpus(form, opens_database=opens_database)
    pages = [text for path, text in files.items() if path.endswith(".md")]
    blocks = [block for page in pages for block in FENCE.findall(page)]
    assert (len(blocks), len(pages)) == bench.SIZES[form]
    assert {language for language, _ in blocks} == {"python"}
    assert len({code for _, code in blocks}) == len(blocks)
    for _, code in blocks:
        compile(code, form, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert files == bench.corpus(form, opens_database=opens_database)


def test_a_corpus_can_be_small(bench: ModuleType) -> None:
    pages = [text for path, text in bench.corpus("own", blocks=5, pages=2).items() if path.endswith(".md")]
    assert [len(FENCE.findall(page)) for page in pages] == [2, 3]


@pytest.mark.parametrize(
    ("stdout", "returncode", "expected"),
    [
        ("300 passed in 2.51s\n", 0, ""),
        ("299 passed in 0.51s\n", 0, "299 of 300 blocks passed, exit code 0"),
        ("1 failed, 299 passed in 0.51s\n", 1, "299 of 300 blocks passed, exit code 1"),
        ("300 passed, 1 error in 2.51s\n", 1, "300 of 300 blocks passed, exit code 1"),
        ("E   ValueError: no\n300 failed in 2s\n", 1, "0 of 300 blocks passed, exit code 1: ValueError: no"),
        ("", 0, "0 of 300 blocks passed, exit code 0"),
    ],
)
def test_fewer_blocks_are_no_measurement(
    bench: ModuleType, stdout: str, returncode: int, expected: str
) -> None:
    assert bench.problem(case(bench), finished(bench, stdout, returncode), timeout=60) == expected


def test_blocks_are_counted_in_json(bench: ModuleType) -> None:
    blocks = [{"status": "passed", "reason": ""}] * 299 + [{"status": "unverified", "reason": "nothing ran"}]
    output = finished(bench, json.dumps({"version": 1, "blocks": blocks, "summary": {}}), 1)
    ours = case(bench, passed=bench.passed_in_json)
    expected = "299 of 300 blocks passed, exit code 1: unverified: nothing ran"
    assert bench.problem(ours, output, timeout=60) == expected
    assert bench.passed_in_json(finished(bench, "Traceback")) == 0


def test_a_tool_with_a_problem_has_no_time_and_no_ratio(bench: ModuleType) -> None:
    cases = [
        case(bench, times=[2.0, 1.0, 3.0], cpu_times=[1.5]),
        case(bench, "slow", times=[4.0, 5.0, 3.0], cpu_times=[2.5]),
        case(bench, "cheat", times=[0.1], problem="12 of 300 blocks passed, exit code 0"),
    ]
    tables = bench.as_markdown(cases, 3)
    assert "| sybil |    2.00 | 1.00 | 1.50 |          6.7 |    1.00 |" in tables
    assert "| slow  |    4.00 | 3.00 | 2.50 |         13.3 |    2.00 |" in tables
    assert "| cheat |     n/a |      |      |              |         |" in tables
    assert "- n/a: cheat (`12 of 300 blocks passed, exit code 0`)" in tables
    results = bench.as_json(cases, 3)["results"]
    assert [result["ratio_to_sybil"] for result in results] == [1.0, 2.0, None]
    assert [result["median"] for result in results] == [2.0, 4.0, None]


def test_a_tool_that_never_ends_is_ended(bench: ModuleType, tmp_path: Path) -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    folder = tmp_path / "corpus"
    folder.mkdir()
    output = bench.run(sleeper, folder, 0.2)
    assert list(tmp_path.iterdir()) == [folder]
    assert bench.problem(case(bench), output, timeout=0.2) == "not done after 0 s"


def test_only_the_tables_of_the_readme_are_rewritten(bench: ModuleType, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{bench.TABLE_START}\nold\n{bench.TABLE_END}\nafter\n", encoding="utf-8")
    bench.update_readme(readme, "| new |\n")
    bench.update_readme(readme, "| new |\n")
    assert readme.read_text(encoding="utf-8") == (
        f"before\n{bench.TABLE_START}\n\n| new |\n\n{bench.TABLE_END}\nafter\n"
    )
    readme.write_text("no marks\n", encoding="utf-8")
    with pytest.raises(bench.BenchError):
        bench.update_readme(readme, "| new |\n")


def test_the_readme_has_its_marks_and_no_block_that_would_run(bench: ModuleType) -> None:
    text = bench.README.read_text(encoding="utf-8")
    assert text.count(bench.TABLE_START) == text.count(bench.TABLE_END) == 1
    assert all(re.fullmatch(r'text|bash norun=".+"', info) for info, _ in FENCE.findall(text))
