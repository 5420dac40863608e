"""The bench of mutants: each is one small mistake in its place, and the table counts what was found."""

from __future__ import annotations

import collections
import importlib
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
PAGE = """\
---
name: page
---

# Page 7

Since 1.1.4 `limit()` asks 3 times; see [this](other.md#some-anchor) and TD112, RunPython.
Call `limit()`.

It does not wait before the commit. On PostgreSQL call `limit()` where others need `filter()`.

## Rows

| a | b |
|---|---|
| one | left |
| two | up |

```python queries=2 needs="postgres" title="apps/a.py"
total = await Item.filter(paid=True, price__gt=10).count()
if total == 3 and not total < 2:
    print("done")
assert total == 3
assert total == 1
try:
    for row in [total]:
        total = row
        count = total + 1  # not 4 rows
except ValueError:
    pass
@test
async def rows():
    async with in_transaction():
        assert max(total, 2) == await Item.raw("SELECT 1 FROM item WHERE NOT paid")
        mock.assert_awaited_once()
```

```text output
done
```

```python norun="never"
untouched(1)
```

```bash
sed -i s/3/4/ a.py
! grep -q old a.py  # no comment
```

```yaml
services: {app: image}
replicas: 3
wait: true
```
"""


@pytest.fixture
def mutants(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(HERE))
    return importlib.import_module("mutants")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(HERE))
    return importlib.import_module("bench_mutants")


def test_each_kind_of_mistake_is_made(mutants: ModuleType) -> None:
    found = mutants.mutants_of(PAGE, "references/a.md")
    assert {mutant.kind for mutant in found} == set(mutants.KINDS)


def test_a_mutant_changes_one_line_and_says_which(mutants: ModuleType) -> None:
    lines = PAGE.split("\n")
    for mutant in mutants.mutants_of(PAGE, "references/a.md"):
        changed = mutant.applied_to(PAGE)
        assert changed != PAGE
        if mutant.kind in ("order", "prose-cell"):
            assert changed.count("\n") == PAGE.count("\n")
            continue
        assert lines[mutant.line - 1].strip() == mutant.before
        assert not mutant.after or mutant.after in [line.strip() for line in changed.split("\n")]
        assert len(changed.split("\n")) in (len(lines), len(lines) - 1)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("operator", "assert total == 3", "assert total != 3"),
        ("operator", "if total == 3 and not total < 2:", "if total == 3 or not total < 2:"),
        ("operator", "if total == 3 and not total < 2:", "if total == 3 and total < 2:"),
        ("operator", "if total == 3 and not total < 2:", "if total == 3 and not total >= 2:"),
        ("literal", "assert total == 1", "assert total == 2"),
        ("statement", 'print("done")', "pass"),
        ("await", "total = await Item.filter(paid=True, price__gt=10).count()",
         "total = Item.filter(paid=True, price__gt=10).count()"),
        ("argument", "total = await Item.filter(paid=True, price__gt=10).count()",
         "total = await Item.filter(paid=True).count()"),
        ("mark", '```python queries=2 needs="postgres" title="apps/a.py"',
         '```python queries=3 needs="postgres" title="apps/a.py"'),
        ("mark", '```python queries=2 needs="postgres" title="apps/a.py"',
         '```python queries=2 title="apps/a.py"'),
        ("shell", "! grep -q old a.py  # no comment", "grep -q old a.py  # no comment"),
        ("shell", "sed -i s/3/4/ a.py", ""),
        ("flag", "! grep -q old a.py  # no comment", "! grep old a.py  # no comment"),
        ("data", "wait: true", "wait: false"),
        ("data", "replicas: 3", "replicas: 4"),
        ("method", "total = await Item.filter(paid=True, price__gt=10).count()",
         "total = await Item.exclude(paid=True, price__gt=10).count()"),
        ("wrapper", "@test", ""),
        ("wrapper", "async with in_transaction():", "if True:"),
        ("swap", 'assert max(total, 2) == await Item.raw("SELECT 1 FROM item WHERE NOT paid")',
         'assert max(2, total) == await Item.raw("SELECT 1 FROM item WHERE NOT paid")'),
        ("sql", 'assert max(total, 2) == await Item.raw("SELECT 1 FROM item WHERE NOT paid")',
         'assert max(total, 2) == await Item.raw("SELECT 1 FROM item WHERE paid")'),
        ("prose-other", "Call `limit()`.", "Call `offset()`."),
        ("boundary", "assert total == 3", "assert total >= 3"),
        ("none", "count = total + 1  # not 4 rows", "count = None  # not 4 rows"),
        ("except", "except ValueError:", "except KeyError:"),
        ("loop", "for row in [total]:", "for row in []:"),
        ("unassert", "assert total == 3", ""),
        ("unassert", "! grep -q old a.py  # no comment", ""),
        ("fence", '```python queries=2 needs="postgres" title="apps/a.py"',
         '```python queries=2 needs="sqlite" title="apps/a.py"'),
        ("fence", "```text output", "```text"),
        ("prose-comment", "count = total + 1  # not 4 rows", "count = total + 1  # 4 rows"),
        ("prose-cell", "| one | left |\n| two | up |", "| one | up |\n| two | left |"),
        ("order", "total = row\n        count = total + 1  # not 4 rows",
         "count = total + 1\n        total = row  # not 4 rows"),
    ],
)  # fmt: skip
def test_mistakes(mutants: ModuleType, kind: str, before: str, after: str) -> None:
    found = mutants.mutants_of(PAGE, "references/a.md")
    assert (before, after) in [(mutant.before, mutant.after) for mutant in found if mutant.kind == kind]


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("prose-negation", "does wait before the commit. On PostgreSQL"),
        ("prose-word", "does not wait after the commit. On PostgreSQL"),
        ("prose-database", "On MariaDB call"),
        ("prose-swap", "call `filter()` where others need `limit()`."),
    ],
)
def test_mistakes_in_the_sense_of_a_sentence(mutants: ModuleType, kind: str, after: str) -> None:
    found = mutants.mutants_of(PAGE, "references/a.md")
    assert any(after in mutant.after for mutant in found if mutant.kind == kind)


def test_what_is_not_changed(mutants: ModuleType) -> None:
    found = mutants.mutants_of(PAGE, "references/a.md")
    for text in ("name: page", "untouched(1)", '```python norun="never"', "| a | b |"):
        assert not [mutant for mutant in found if mutant.before == text]
    assert not [mutant for mutant in found if mutant.kind == "statement" and "assert" in mutant.before]
    only_looks = [mutant for mutant in found if "grep" in mutant.before and not mutant.after]
    assert {mutant.kind for mutant in only_looks} == {"unassert"}


def test_the_same_seed_makes_the_same_mutants(mutants: ModuleType) -> None:
    first, again, other = (mutants.mutants_of(PAGE, "references/a.md", seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_sample_has_all_kinds_and_pages(bench: ModuleType, mutants: ModuleType) -> None:
    found = [one for name in "abc" for one in mutants.mutants_of(PAGE, f"references/{name}.md")]
    chosen = bench.sample_of(found, 90, seed=1)
    assert len(chosen) == len(set(chosen)) == 90
    assert chosen == bench.sample_of(found, 90, seed=1)
    assert set(collections.Counter(mutant.kind for mutant in chosen).values()) <= {2, 3, 4}
    assert len({mutant.page for mutant in chosen}) == 3


def test_a_mistake_is_made_in_the_standing_file_too(bench: ModuleType, mutants: ModuleType) -> None:
    file = "import x\n\nclass A:\n    async def f(self):\n        assert total == 3\n"
    page = '# P\n\n```python title="a.py"\nasync def f(self):\n    assert total == 3\n```\n'
    changed = {
        bench._in_file(mutant, page, file)
        for mutant in mutants.mutants_of(page, "p.md")
        if mutant.kind == "literal"
    }
    assert changed == {file.replace("== 3", "== 4")}


def test_equivalents_are_left_out_of_the_score(bench: ModuleType, mutants: ModuleType) -> None:
    one, two, three, *_ = mutants.mutants_of(PAGE, "references/a.md")
    verdicts = [
        bench.Verdict(one, "tests: no name"),
        bench.Verdict(two),
        bench.Verdict(three, "", "the same"),
    ]
    assert "| references/a.md | 2 | 1 | 50.0 | 0 | 1 | 1 |" in bench.table(verdicts, "page")
    assert "not argued" in bench.survivors_of(verdicts)
    assert "the same" in bench.survivors_of(verdicts)


def test_each_equivalent_has_a_reason(bench: ModuleType) -> None:
    assert all(len(reason) >= 20 for reason in bench.equivalents().values())


def test_each_equivalent_is_about_a_line_that_is_there(bench: ModuleType) -> None:
    pages = {page: (bench.ROOT / page).read_text(encoding="utf-8") for page, *_ in bench.equivalents()}
    lines = {page: {line.strip() for line in text.split("\n")} for page, text in pages.items()}
    first = [(page, before.partition("\n")[0]) for page, _, before, _ in bench.equivalents()]
    assert not [line for page, line in first if line not in lines[page]]


@pytest.mark.slow
def test_a_real_page_is_judged(bench: ModuleType, mutants: ModuleType, tmp_path: Path) -> None:
    """One mistake that the harness finds, one that the guard finds, and one in a word too short to find."""
    bench.copy_of_tree(tmp_path)
    page = "references/fill-columns.md"
    text = (tmp_path / page).read_text()
    end = text.count("\n")
    text += '\n## A\n\nCall `limit()`.\n\n```python\nx = 1\nassert x == 1, "no"\n```\n'
    (tmp_path / page).write_text(text)
    found = {
        mutant.kind: mutant
        for mutant in mutants.mutants_of(text, page)
        if mutant.line > end
        and (
            mutant.kind in ("operator", "prose-span")
            or ('"no"' in mutant.before and '"no"' not in mutant.after)
        )
    }
    verdicts = {v.mutant.kind: v.by for v in bench.Bench(tmp_path).judge(list(found.values()))}
    assert verdicts["operator"].startswith("failed")
    assert verdicts["prose-span"].startswith("tests")
    assert verdicts["literal"] == ""


def test_what_names_a_page_in_quotes_runs_its_blocks(bench: ModuleType, tmp_path: Path) -> None:
    for folder in ("examples", "references"):
        (tmp_path / folder).mkdir()
    for page, text in (("a.md", "See [b](b.md) and `b.md`."), ("b.md", 'text = open("references/a.md")')):
        (tmp_path / "references" / page).write_text(text)
    (tmp_path / "examples" / "run.py").write_text(
        '"""As a.md says."""\nPAGE = FOLDER / "references" / "b.md"\n'
    )
    assert bench.readers(tmp_path) == {
        "references/b.md": ["examples/run.py"],
        "references/a.md": ["references/b.md"],
    }


@pytest.mark.slow
def test_an_example_finds_what_its_page_does_not(
    bench: ModuleType, mutants: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page alone passes with each number. An example that fails without a mistake judges nothing."""
    bench.copy_of_tree(tmp_path)
    page, text = "references/zz.md", "# Z\n\n```python\nlimit = 3\nassert limit\n```\n"
    (tmp_path / page).write_text(text)
    read = 'from pathlib import Path\nPAGE = Path(__file__).parents[1] / "references" / "zz.md"\n'
    (mutant,) = [one for one in mutants.mutants_of(text, page) if one.kind == "literal"]
    for wanted, by in (("limit = 3", "examples/zz.py: failed"), ("limit = 5", "")):
        (tmp_path / "examples" / "zz.py").write_text(f"{read}assert {wanted!r} in PAGE.read_text()\n")
        judge = bench.Bench(tmp_path, tests=False)
        assert not judge.harness([mutant], bench.SQLITE)
        (verdict,) = judge.judge([mutant])
        assert verdict.by.startswith(by) and bool(verdict.by) is bool(by)
        assert ("judges nothing" in capsys.readouterr().err) is not bool(by)


@pytest.mark.slow
def test_a_page_that_stops_the_run_is_the_only_one_that_fails(bench: ModuleType, tmp_path: Path) -> None:
    """`--select` refuses a page without blocks; the others are judged all the same."""
    bench.copy_of_tree(tmp_path)
    judge = bench.Bench(tmp_path)
    (tmp_path / "references" / "none.md").write_text("# No block\n")
    assert not judge.has_blocks("references/none.md") and judge.has_blocks("references/checker.md")
    failed = judge.failed({"references/checker.md": (), "references/none.md": ()})
    assert failed.keys() == {"references/none.md"}
    assert "no block is selected" in failed["references/none.md"]


NAMES = ("prose-number", "prose-name", "prose-span")


@pytest.mark.slow
def test_most_mistakes_in_sentences_are_found(bench: ModuleType, mutants: ModuleType) -> None:
    """The guard of prose can fail: on a wrong letter, and on a sentence that says something else."""
    judge = bench.Bench(bench.ROOT)
    in_sentences = [
        mutant
        for path in bench.guard.pages_of(bench.ROOT)
        for mutant in mutants.mutants_of(path.read_text(), path.relative_to(bench.ROOT).as_posix())
        if mutant.kind in mutants.PROSE
    ]
    for of_names, share in ((True, 0.8), (False, 0.45)):
        found = [mutant for mutant in in_sentences if (mutant.kind in NAMES) is of_names]
        chosen = bench.sample_of(found, 12, seed=7)
        caught = [mutant for mutant in chosen if judge.read_by_tests(mutant)]
        assert len(caught) >= share * len(chosen)
