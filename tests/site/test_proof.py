"""The website shows what was proven, and nothing else: the whole way from a run to a page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

STALE = "Not run since it changed"


def record_of(handbook) -> Path:
    (path,) = (handbook.root / "records").iterdir()
    return path


def block(page: str, anchor: str) -> str:
    """The HTML of a block, up to the next one."""
    return page.partition(f'id="{anchor}"')[2].partition('<div class="td-block')[0]


def test_a_run_becomes_proof_and_an_edited_block_loses_it(handbook) -> None:
    assert handbook.record().returncode == 0
    done = handbook.build()
    assert done.returncode == 0, done.stderr
    page = handbook.page("references/models.html")
    assert STALE not in page
    shown = block(page, "block-count-1")
    assert "Checked" in shown
    assert "counted 2" in shown, "the output is shown"
    assert "raises ZeroDivisionError" in block(page, "block-fail-1")
    assert "division by zero" in block(page, "block-fail-1")

    handbook.edit("references/models.md", '"counted", 1 + 1', '"counted", 2')
    assert handbook.build().returncode == 0
    page = handbook.page("references/models.html")
    assert STALE in block(page, "block-count-1")
    assert STALE in block(page, "block-count-2"), "what is compared with it loses its proof, too"
    assert STALE not in block(page, "block-fail-1")


def test_an_edited_record_fails_the_build_and_names_the_block(handbook) -> None:
    assert handbook.record().returncode == 0
    path = record_of(handbook)
    record = json.loads(path.read_text(encoding="utf-8"))
    edited = next(entry for entry in record["blocks"] if entry["id"].endswith("::count/1"))
    edited["output"] = "counted 3\n"
    path.write_text(json.dumps(record), encoding="utf-8")
    done = handbook.build()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "references/models.md::count/1: the entry, or the versions above it, were edited" in done.stderr
    assert not (handbook.root / "site").exists()


def test_without_records_every_block_says_so(handbook) -> None:
    done = handbook.build()
    assert done.returncode == 0
    assert "no records in records" in done.stderr
    assert handbook.page("references/models.html").count(STALE) == 4
    assert "No record fits" in handbook.page("proven.html")
    assert (handbook.root / "site/references/models.md").is_file(), "the plain Markdown is beside the page"
    assert "- [Models](references/models.md): When you count." in handbook.page("llms.txt")
    assert "# Rules: all" in handbook.page("llms-full.txt")
    pair = handbook.page("rules/TD106.html").partition('class="td-pair"')[2]
    assert pair.index("td-side--bad") < pair.index("td-side--good")
    assert "https://unpkg.com/iframe-worker" not in handbook.page("index.html")


def test_secrets_come_neither_into_records_nor_into_reports(handbook) -> None:
    handbook.edit(
        "references/models.md", 'print("counted", 1 + 1)', 'print(environ["APP_TOKEN"], URL)\n1 / 0'
    )
    handbook.edit("references/models.md", "from os", 'URL = "postgres://app:s3cr3t-word@db/x"\nfrom os')
    done = handbook.record(APP_TOKEN="tok-4711-abcdef")
    assert done.returncode == 1
    text = done.stdout + record_of(handbook).read_text(encoding="utf-8")
    assert "*** postgres://app:***@db/x" in text
    assert not re.search("s3cr3t-word@|tok-4711-abcdef", text)


def test_a_folder_that_cannot_be_written_is_told_before_the_work(handbook) -> None:
    (handbook.root / "SKILL.md").unlink()  # what would be told next
    handbook.write("file", "")
    done = handbook.build("-o", "file/site")
    assert (done.returncode, done.stdout) == (2, "")
    assert "file/site: cannot be written: Not a directory" in done.stderr


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            "references/models.md",
            "```text output",
            "````text output",
            "models.md:15: the fence opened at line 15",
        ),
        ("references/models.md", "Read", "\udcff", "references/models.md: not UTF-8"),
        ("SKILL.md", "", "", "no SKILL.md in"),
        ("site/mine.txt", "", "", "site: holds something else than a website of ours"),
        ("records/a.json", "", "{", "a.json: cannot be read"),
        ("records/a.json", "", "[]", "a.json: [] is not of type 'object'"),
    ],
)
def test_broken_input_is_one_line(handbook, name: str, old: str, new: str, message: str) -> None:
    path = handbook.root / name
    if name == "SKILL.md":
        path.unlink()
    elif not path.exists():
        handbook.write(name, new)
    else:
        text = path.read_text(encoding="utf-8").replace(old, new, 1)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    done = handbook.build()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
