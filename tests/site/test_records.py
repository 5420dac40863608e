"""Records: what is written can be read, and what contradicts itself or the pages is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from tortoise_dev.handbook.site.matrix import Cell, Matrix
from tortoise_dev.handbook.site.proof import Proofs, proofs_of
from tortoise_dev.handbook.site.proven import proven_page
from tortoise_dev.pages.fingerprints import (
    fingerprint_of_folder,
    fingerprint_of_page,
    fingerprints_of_blocks,
)
from tortoise_dev.pages.page import Page
from tortoise_dev.pages.reading import parse_page
from tortoise_dev.report.record import SCHEMA, BlockRecord, Record, RecordError, read_record
from tortoise_dev.report.redaction import redacted

TEXT = """\
# A

```python queries=1
await one()
```

```python norun="it waits"
forever()
```

```python continues
two()
```
"""


def page_of(text: str = TEXT) -> Page:
    return parse_page(text, Path("a.md"), "a.md")


def record_of(page: Page, folder: Path) -> Record:
    hashes = fingerprints_of_blocks(page)
    first, second, _ = page.blocks
    return Record(
        written_by="tortoise-dev 0.1.0",
        python="3.11.7",
        packages={"tortoise-orm": "1.1.9"},
        backend="sqlite",
        server="SQLite 3.40.1",
        url="sqlite://:memory:",
        project=fingerprint_of_folder(folder),
        pages={page.name: fingerprint_of_page(page)},
        blocks=(
            BlockRecord(first.id, "a.md", 3, "python", hashes[first.id], "passed", "", 1, ("SELECT 1",)),
            BlockRecord(second.id, "a.md", 7, "python", hashes[second.id], "skipped", "it waits"),
        ),
    )


def changed(record: Record, number: int = 0, **values: object) -> Record:
    """The record with one entry changed, and sealed again: as a faulty harness would write it."""
    blocks = list(record.blocks)
    blocks[number] = replace(blocks[number], **values)
    return replace(record, blocks=tuple(blocks))


def read(record: Record, folder: Path) -> Record:
    path = folder / record.file_name
    path.write_text(record.to_text(), encoding="utf-8")
    return read_record(path)


def test_what_is_written_fits_the_schema_and_can_be_read(tmp_path: Path) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    page = page_of()
    record = record_of(page, tmp_path)
    assert list(Draft202012Validator(schema).iter_errors(json.loads(record.to_text()))) == []
    project = tmp_path / "project"
    project.mkdir()
    record = replace(record, project=fingerprint_of_folder(project))
    assert read(record, tmp_path) == record
    (run,) = proofs_of([page], [record], project).of(page.blocks[0])
    assert (run.entry.queries, run.database) == (1, "SQLite 3.40.1")


def test_a_changed_project_has_no_proof(tmp_path: Path) -> None:
    page, record = page_of(), record_of(page_of(), tmp_path)
    assert proofs_of([page], [record], tmp_path).of(page.blocks[0])
    (tmp_path / "models.py").write_text("x = 1\n", encoding="utf-8")
    assert not proofs_of([page], [record], tmp_path).of(page.blocks[0])


def test_every_key_is_described() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    undescribed = [key for key, value in schema["properties"].items() if "description" not in value]
    assert set(undescribed) <= {"blocks"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"queries": 2}, "a.md::a/1: says 2 queries and lists 1 statements"),
        ({"path": "b.md"}, "a.md::a/1: says that it stands in b.md"),
        ({"status": "pased"}, "a.md::a/1: status: 'pased' is not one of"),
        ({"id": "a.md::a/2"}, "a.md::a/2: has two entries"),
        ({"hash": "x"}, "a.md::a/1: hash: 'x' does not match"),
        ({"id": "c.md::a/1", "path": "c.md"}, "c.md::a/1: stands in c.md, which the record does not list"),
    ],
)
def test_a_record_that_contradicts_itself(tmp_path: Path, values: dict[str, object], message: str) -> None:
    with pytest.raises(RecordError, match=r"^tortoise-1\.1\.9-python-3\.11-sqlite\.json: ") as caught:
        read(changed(record_of(page_of(), tmp_path), **values), tmp_path)
    assert message in str(caught.value)
    assert str(caught.value).endswith("; run tortoise-dev snippets --record again")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("SELECT 1", "SELECT 2", "a.md::a/1: the entry, or the versions above it, were edited"),
        ("3.11.7", "3.11.8", "a.md::a/1: the entry, or the versions above it, were edited"),
        ('"passed": 1', '"passed": 2', "summary: it does not count"),
        ('"version": 2', '"version": 3', "version: 2 was expected"),
    ],
)
def test_a_record_that_was_edited(tmp_path: Path, old: str, new: str, message: str) -> None:
    record = record_of(page_of(), tmp_path)
    text = record.to_text()
    assert old in text
    path = tmp_path / record.file_name
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RecordError) as caught:
        read_record(path)
    assert message in str(caught.value)
    assert str(caught.value).endswith("; run tortoise-dev snippets --record again")


def test_a_record_under_another_name(tmp_path: Path) -> None:
    path = tmp_path / "copy.json"
    path.write_text(record_of(page_of(), tmp_path).to_text(), encoding="utf-8")
    with pytest.raises(RecordError, match=r"copy\.json: it speaks of the versions of tortoise-1\.1\.9"):
        read_record(path)


@pytest.mark.parametrize(
    ("number", "values", "message"),
    [
        (0, {"id": "a.md::a/9"}, "a.md::a/9: no such block is on the page"),
        (0, {"queries": 2, "sql": ("1", "2")}, "a.md::a/1: says 2 queries, the block says queries=1"),
        (1, {"status": "passed"}, "a.md::a/2: says that it passed, but the block is marked norun"),
        (0, {"language": "sql"}, "a.md::a/1: says sql, the block says otherwise"),
        (0, {"hash": "0" * 16}, "a.md::a/1: its page is the same as then, but the block is another one"),
    ],
)
def test_a_record_that_claims_what_no_block_says(
    tmp_path: Path, number: int, values: dict[str, object], message: str
) -> None:
    page = page_of()
    with pytest.raises(RecordError) as caught:
        proofs_of([page], [changed(record_of(page, tmp_path), number, **values)], tmp_path)
    assert message in str(caught.value)
    assert str(caught.value).endswith("; run tortoise-dev snippets --record again")


@pytest.mark.parametrize(
    ("old", "new", "still"),
    [
        ("await one()", "await two()", [False, False, False]),
        ("queries=1", "queries=1 needs=sqlite", [False, False, False]),
        ("two()", "three()", [True, True, False]),
        ("# A\n", "# A\n\nMore text.\n", [True, True, True]),
    ],
)
def test_an_edit_changes_the_blocks_that_it_concerns(old: str, new: str, still: list[bool]) -> None:
    before, after = (
        list(fingerprints_of_blocks(page_of(text)).values()) for text in (TEXT, TEXT.replace(old, new))
    )
    expected = [True if number == 1 else same for number, same in enumerate(still)]
    assert [a == b for a, b in zip(before, after, strict=True)] == expected


def test_a_changed_prelude_and_file_change_what_follows() -> None:
    fences = ("prelude\na = 1", 'title="x.py"\nb = 1', "\nprint(a)")
    text = "# A\n\n" + "".join(f"```python {fence}\n```\n\n" for fence in fences)
    for old, new, count in (("a = 1", "a = 2", 3), ("b = 1", "b = 2", 2)):
        before, after = (fingerprints_of_blocks(page_of(one)) for one in (text, text.replace(old, new)))
        assert sum(before[key] != after[key] for key in before) == count


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://app:secret@db/x", "postgres://app:***@db/x"),
        ("see mysql://root:a%40b@127.0.0.1:3306/?ssl=1.", "see mysql://root:***@127.0.0.1:3306/?ssl=1."),
        ("redis://:hunter2@cache", "redis://:***@cache"),
        ("x?user=a&password=geheim&y=1", "x?user=a&password=***&y=1"),
        ("token tok-4711-abcdef end", "token *** end"),
        (
            "postgres://app:***@db and http://127.0.0.1:8000/a@b",
            "postgres://app:***@db and http://127.0.0.1:8000/a@b",
        ),
    ],
)
def test_secrets_are_hidden(text: str, shown: str) -> None:
    environment = {"API_TOKEN": "tok-4711-abcdef", "HOME": "/home/somebody", "DB_PASSWORD": "short"}
    assert redacted(text, environment) == shown
    assert redacted(shown, environment) == shown


def test_what_was_proven_shows_mutants_and_evaluations_where_there_are_any(tmp_path: Path) -> None:
    page = page_of()
    none = proven_page([page], Proofs((), {}), tmp_path, {"a.md": "a.html"})
    assert "## Evaluations" not in none
    assert "## Mistakes that are caught" not in none
    table = "| {} | n |\n|---|---|\n| x | {} |"
    full = (
        f"<!-- evaluations in full: start -->\n{table.format('task', 41)}\n<!-- evaluations in full: end -->"
    )
    (tmp_path / "evals").mkdir()
    (tmp_path / "evals/README.md").write_text(full, encoding="utf-8")
    (tmp_path / "tests/bench").mkdir(parents=True)
    mutants = f"Seed 1.\n\n{table.format('kind', 97.3)}\n\n| page | n |\n|---|---|\n| y | 1 |"
    (tmp_path / "tests/bench/README.md").write_text(
        f"<!-- mutants-table: start -->\n\n{mutants}\n<!-- mutants-table: end -->", encoding="utf-8"
    )
    text = proven_page([page], Proofs((), {}), tmp_path, {"a.md": "a.html"})
    assert "<td>41</td>" in text.partition("## Evaluations")[2]
    assert "<td>97.3</td>" in text.partition("## Mistakes that are caught")[2]


def test_the_matrix_says_in_words_what_it_shows() -> None:
    rows, columns = ["1.1.9 · Python 3.11", "1.1.0 · Python 3.11"], ["SQLite 3.40", "MySQL 9"]
    cells = {(rows[0], columns[0]): Cell(3), (rows[1], columns[0]): Cell(2, failed=1)}
    matrix = Matrix(rows, columns, cells)
    assert "1.1.0 · Python 3.11 on SQLite 3.40: 2 passed, 1 failed; " in matrix.in_words()
    root = ElementTree.fromstring(matrix.svg())
    boxes = [one.get("class") for one in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert boxes == ["td-m-good", "td-m-none", "td-m-bad", "td-m-none"]
