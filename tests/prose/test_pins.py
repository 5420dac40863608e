"""Pins on a page of a few lines, and how they are moved when its sentences are reworded."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from prose import asserts, calls, checks, links, pins
from prose.code import Tree
from prose.pins import Pin
from prose.reading import Prose
from prose.statements import statements_of

ROOT = Path(__file__).resolve().parents[2]
TREE = Tree(ROOT)
PAGE = """\
# Page

## Take few rows

`limit()` takes the first rows. On PostgreSQL `offset()` skips some ([proof](../examples/queries_bulk.py)).

| call | SQLite | MariaDB |
|---|---|---|
| `limit(2)` | two | two rows |
| `offset()` | none | an error |

```python needs="sqlite|postgres" queries=1
rows = await Invoice.all().limit(2)  # one query
assert len(rows) == 2  # the first two rows
```

```bash
ls | grep rows
```
"""
NAME = "references/a.md"
LIMIT = Pin("`limit()` takes the first rows.", f"{NAME}#take-few-rows :: assert len(rows) == 2")
ROW = Pin(
    "call: `limit(2)` | SQLite: two | MariaDB: two rows", f"{NAME}#take-few-rows :: assert len(rows) == 2"
)
REMARK = Pin("# the first two rows", f"{NAME}#take-few-rows :: assert len(rows) == 2")


@pytest.fixture
def pin(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tests"))
    return importlib.import_module("pin")


def found(text: str, folder: Path, *of: Pin) -> list[str]:
    entries = [f"[[pin]]\nsays = '{one.says}'\nproof = '{one.proof}'\n" for one in of]
    (folder / "a.toml").write_text("\n".join(entries))
    pins.pins_of.cache_clear()
    return list(pins.problems(Prose(NAME, text), TREE, folder))


def test_a_page_states_sentences_rows_and_remarks() -> None:
    assert [statement.text for statement in statements_of(Prose(NAME, PAGE))] == [
        "`limit()` takes the first rows.",
        "On PostgreSQL `offset()` skips some (proof).",
        "call: `limit(2)` | SQLite: two | MariaDB: two rows",
        "call: `offset()` | SQLite: none | MariaDB: an error",
        "# one query",
        "# the first two rows",
    ]


def test_a_line_of_data_states_its_remark(tmp_path: Path) -> None:
    data = "```toml\n[tool.tortoise-dev.snippets]\ntimeout = 10  # seconds of a block\n```\n"
    remark = Pin("# seconds of a block", f"{NAME}#take-few-rows :: timeout = 10")
    assert not found(PAGE + data, tmp_path, remark)
    assert found(PAGE + data.replace("seconds", "minutes"), tmp_path, remark)


def test_pins_hold(tmp_path: Path) -> None:
    assert not found(PAGE, tmp_path, LIMIT, ROW, REMARK)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("takes the first", "never takes the first"),
        ("takes the first", "takes the last"),
        ("`limit()` takes", "`offset()` takes"),
        ("| two | two rows |", "| two rows | two |"),
        ("| SQLite | MariaDB |", "| MariaDB | SQLite |"),
        ("== 2  # the", "== 3  # the"),
        ("== 2  # the", ">= 2  # the"),
        ("assert len(rows) == 2  # the first two rows\n", ""),
        ("# the first two rows", "# the last two rows"),
        ('needs="sqlite|postgres"', 'needs="postgres"'),
        ('needs="sqlite|postgres"', 'norun="a reason"'),
    ],
)
def test_neither_the_sentence_nor_the_proof_changes_alone(tmp_path: Path, old: str, new: str) -> None:
    assert PAGE.count(old) == 1
    assert found(PAGE.replace(old, new), tmp_path, LIMIT, ROW, REMARK)


@pytest.mark.parametrize(
    ("says", "proof", "said"),
    [
        ("`limit()` takes the first rows.", f"{NAME}#take-few-rows :: assert len(rows) == 4", "0 times"),
        ("`limit()` takes the first rows.", "examples/queries_large.py :: assert fetched == [CHILDREN, 1000]",
         "link"),
        ("# one query", f"{NAME}#take-few-rows :: assert len(rows) == 2", "another line"),
        ("On PostgreSQL `offset()` skips some (proof).", f"{NAME}#take-few-rows :: assert len(rows) == 2",
         "no word"),
        ("`limit()` takes all rows.", f"{NAME}#take-few-rows :: assert len(rows) == 2", "any more"),
    ],
)  # fmt: skip
def test_what_is_no_pin(tmp_path: Path, says: str, proof: str, said: str) -> None:
    text = (
        PAGE.replace("rows = await", "found = await")
        .replace("len(rows)", "len(found)")
        .replace("# the first two rows", "# both")
    )
    proof = proof.replace("len(rows)", "len(found)")
    assert any(said in problem for problem in found(text, tmp_path, Pin(says, proof)))


def test_a_pin_needs_the_database_of_its_sentence(tmp_path: Path) -> None:
    text = PAGE.replace("takes the first rows", "takes the first rows on MariaDB")
    (problem,) = found(text, tmp_path, Pin("`limit()` takes the first rows on MariaDB.", LIMIT.proof))
    assert "postgres and sqlite alone" in problem


def test_the_command_finds_the_reworded_sentence(pin: ModuleType) -> None:
    others = ["If you call `limit()`, it takes the first rows.", "On PostgreSQL `offset()` skips some."]
    assert pin.most_like("`limit()` takes the first rows.", others) == others[0]
    assert pin.most_like("A lock ends with the transaction.", others) == ""


def test_the_command_proposes_a_line_that_checks(pin: ModuleType) -> None:
    text = PAGE.replace("`limit()` takes the first rows", "`limit()` of rows takes the first 2 rows")
    proposed = list(pin.proposed(Prose(NAME, text), TREE, []))
    assert REMARK in proposed
    assert Pin("`limit()` of rows takes the first 2 rows.", LIMIT.proof) in proposed


def test_a_section_does_not_lose_a_check(tmp_path: Path) -> None:
    page = Prose(NAME, PAGE)
    file = tmp_path / "checks.toml"
    file.write_text(checks.written([page]))
    assert checks.checks_of(page) == {
        "take-few-rows": Counter(
            {"assert": 1, "run ls": 1, "look grep": 1, "queries=1": 1, "needs=sqlite|postgres": 1}
        )
    }
    assert not list(checks.problems(page, file))
    for old, new in (
        ("assert len(rows) == 2  #", "#"),
        (" queries=1", ""),
        (' needs="sqlite|postgres"', ""),
        ("ls | grep rows", "ls"),
        ("## Take few rows", "## Take two rows"),
    ):
        assert list(checks.problems(Prose(NAME, PAGE.replace(old, new)), file)), old
    assert not list(checks.problems(Prose(NAME, PAGE.replace("ls |", "ls\nls | grep x\nls |")), file))


PYTHON = """\
name = fields.CharField(max_length=9, unique=1)
async with in_transaction():
    row = await Row.select_for_update().get(id=1)
"""
SHELL = """\
cp "$SKILL/a.py" b.py && ! pytest -q --ignore x tests > report
cat > c.py <<END
rm -r inside of the file
END
NAME=x aerich upgrade  # -c
"""


@pytest.mark.parametrize(
    ("language", "code", "found"),
    [
        (
            "python",
            PYTHON,
            "1 call CharField; 1 call in_transaction; 1 call select_for_update; 1 max_length=9; 1 unique=1",
        ),
        ("bash", SHELL, "1 run cp; 1 run pytest; 1 run cat; 1 run aerich; 1 option -q; 1 option --ignore"),
        ("toml", "[tool.tortoise-dev]\npreview = true\n", "1 set preview"),
    ],
)
def test_what_one_client_or_a_full_folder_does_not_need(language: str, code: str, found: str) -> None:
    page = Prose(NAME, f"# Page\n\n## Section\n\n```{language}\n{code}```\n")
    assert checks.checks_of(page) == {"section": checks.parsed(found)}


def test_a_link_that_does_not_name_its_heading_is_counted() -> None:
    page = Prose(NAME, "# Page\n\n## Section\n\n[Take rows](a.md#take-rows), or [others](a.md#take-rows).\n")
    assert checks.checks_of(page) == {"section": Counter({"to a.md#take-rows": 1})}


def test_a_remark_above_a_line_belongs_to_it() -> None:
    code = "# the first row\n# of all\nrow = await first()\nelse:  # none\n    raise DoesNotExist  # no row\n"
    page = Prose(NAME, f"# Page\n\n```python\n{code}```\n")
    assert [(one.text, one.code) for one in statements_of(page)] == [
        ("# the first row", "row = await first()"),
        ("# of all", "row = await first()"),
        ("# none", "raise DoesNotExist"),
        ("# no row", "raise DoesNotExist"),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("assert count == 2", ""),
        ("assert count >= 2", "count >= 2"),
        ("assert not 1 < count", "1 < count"),
        ("if count > 2:\n    pass", ""),
        ("for one in []:\n    assert one", "[]"),
    ],
)
def test_asserts_that_hold_for_many_values(line: str, said: str) -> None:
    found = [one.literal for one in asserts.problems(Prose(NAME, f"# A\n\n```python\n{line}\n```\n"))]
    assert found == ([said] if said else [])


def test_the_name_of_a_page_leads_to_that_page() -> None:
    text = "# A\n\n## Take rows\n\nTo take rows read [queries.md](#take-rows).\n"
    assert list(links.problems(Prose(NAME, text), TREE))
    assert not list(links.problems(Prose(NAME, text.replace("(#", "(queries.md#")), TREE))


def test_a_link_leads_to_a_database_of_its_sentence() -> None:
    text = "# A\n\n## Run on PostgreSQL\n\n## Run\n\nOn PostgreSQL, [run](#run-on-postgresql) it. Stop.\n"
    assert not list(links.problems(Prose(NAME, text), TREE))
    assert list(links.problems(Prose(NAME, text.replace("On PostgreSQL, [", "On MariaDB, [")), TREE))


def test_a_link_does_not_lead_to_its_own_section() -> None:
    text = "# A\n\n## Take rows\n\nFirst [take rows](#take-rows).\n"
    assert list(links.problems(Prose(NAME, text), TREE))
    assert not list(links.problems(Prose(NAME, text.replace("First", "## More\n\nFirst")), TREE))


def test_a_link_leads_to_the_heading_that_its_text_names() -> None:
    told = "See [insert or update](writes.md#insert-or-update) or [filter rows](queries.md#filter-rows)."
    assert not list(links.problems(Prose(NAME, f"# A\n\n{told}\n"), TREE))
    wrong = told.replace("writes.md#insert-or-update", "#filter").replace("# A", "# A\n\n## Filter")
    assert list(links.problems(Prose(NAME, f"# A\n\n## Filter\n\n{wrong}\n"), TREE))
    elsewhere = told.replace("writes.md#insert-or-update", "../examples/queries_time.py")
    assert list(links.problems(Prose(NAME, f"# A\n\n{elsewhere}\n"), TREE))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('assert not await User.exclude(name="Lee").exists()', "filter() was meant"),
        ('assert not await User.filter(name="Lee").exists()', ""),
        ("for one in (rows.count(), rows.count()):\n    pass", "twice"),
        ("for one in (rows.count(), rows.exists()):\n    pass", ""),
        ("for one in (create(), create()):\n    pass", ""),
    ],
)
def test_calls_that_were_to_be_others(line: str, said: str) -> None:
    found = list(calls.problems(Prose(NAME, f"# A\n\n```python\n{line}\n```\n")))
    assert len(found) == bool(said) and all(said in problem for problem in found)
