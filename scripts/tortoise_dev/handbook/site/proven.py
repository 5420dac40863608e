"""The page "What was proven": totals, versions and databases, mutants, evaluations, and what is open."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ...pages.page import Block, Page
from .block_html import anchor_of, is_provable
from .matrix import Cell, Matrix
from .page_text import html_of
from .proof import Proofs, Run

FILE = "proven.md"
_MUTANTS = "tests/bench/README.md"
_VERSIONS = "tests/versions"
_EVALUATIONS = Path("evals/README.md")

STATES = {
    "proven": "ran or were checked, and passed",
    "failed": "failed",
    "skipped": "were not run, with the reason",
    "changed": "were not run since they changed",
    "text": "are plain text, which nothing runs",
}


def state_of(block: Block, runs: Sequence[Run]) -> str:
    """What is known of a block, as a key of ``STATES``."""
    statuses = {run.entry.status for run in runs}
    if not is_provable(block):
        return "text"
    if statuses & {"failed", "unverified"}:
        return "failed"
    if "passed" in statuses:
        return "proven"
    return "skipped" if statuses else "changed"


def counted(pages: Iterable[Page], proofs: Proofs) -> Counter[str]:
    """How many blocks are in each state."""
    return Counter(state_of(block, proofs.of(block)) for page in pages for block in page.blocks)


def proven_page(pages: Sequence[Page], proofs: Proofs, root: Path, address: Mapping[str, str]) -> str:
    """The text of the page. ``address`` is where each page is, by its name."""
    parts = [
        "# What was proven",
        _html(
            "Each block of this handbook is run in CI, or checked. Under it stands what the last run showed. "
            "The records come from `snippets.py --record`.\n\n"
            "A run counts only if it fits: when a block changes, its proof goes. "
            "This protects against mistakes, not against malice. Who wants to cheat can write a record."
        ),
        "## Totals",
        _totals(counted(pages, proofs)),
        "## Databases and versions",
        _databases(proofs),
        *_earlier_runs(root / _VERSIONS),
        *_mutants(root / _MUTANTS),
        *_evaluations(root / _EVALUATIONS),
        *_open(pages, proofs, address),
    ]
    return "\n\n".join(parts) + "\n"


def _html(markdown: str) -> str:
    return f'<div class="td-text">\n{html_of(markdown).strip()}\n</div>'


def _totals(counts: Counter[str]) -> str:
    items = "".join(
        f'<li class="td-total td-total--{state}"><strong>{counts[state]}</strong> <span>{text}</span></li>'
        for state, text in STATES.items()
        if counts[state] or state == "proven"
    )
    return f'<ul class="td-totals">{items}</ul>'


def _databases(proofs: Proofs) -> str:
    """The matrix of this build's records, of the runs that fit today's blocks."""
    statuses: dict[tuple[str, str], Counter[str]] = {}
    for runs in proofs.runs.values():
        for run in runs:
            key = (_versions(run.record.tortoise, run.record.python), run.database or "No database")
            statuses.setdefault(key, Counter())[run.entry.status] += 1
    if not statuses:
        return _html(
            "No record fits. Run `snippets.py --record records`, then `handbook.py build --records records`."
        )
    cells = {
        key: Cell(found["passed"], found["failed"] + found["unverified"], found["skipped"])
        for key, found in statuses.items()
    }
    matrix = Matrix(
        list(dict.fromkeys(row for row, _ in cells)), _columns(column for _, column in cells), cells
    )
    lines = ["| Tortoise and Python | Database | Passed | Failed | Skipped |", "|---|---|---:|---:|---:|"]
    lines += [
        f"| {row} | {column} | {cell.passed} | {cell.failed} | {cell.skipped} |"
        for (row, column), cell in cells.items()
    ]
    about = (
        "Blocks that passed, of those that stand on the pages today. "
        "Blocks that a database skips need another one."
    )
    return f"{_html(about)}\n\n{_picture(matrix)}\n\n{_table(lines)}"


def _earlier_runs(folder: Path) -> list[str]:
    """The committed summaries of whole runs: they say how many blocks passed, not which."""
    found = [_summary(file) for file in sorted(folder.glob("*.json"))] if folder.is_dir() else []
    summaries = [summary for summary in found if summary is not None]
    if not summaries:
        return []
    cells: dict[tuple[str, str], Cell] = {}
    for summary in reversed(summaries):
        row = _versions(summary["packages"]["tortoise-orm"], summary["python"])
        for database in summary["databases"].values():
            bad = database["failed"] + database["unverified"]
            cells[row, database["server"]] = Cell(database["passed"], bad, database["skipped"])
    rows = list(dict.fromkeys(row for row, _ in cells))
    matrix = Matrix(rows, _columns(column for _, column in cells), cells)
    about = (
        "Whole runs on the oldest and the newest supported versions, of the pages as they were then. "
        "Today's blocks may be more or fewer."
    )
    return ["## Supported versions", f"{_html(about)}\n\n{_picture(matrix)}"]


def _summary(file: Path) -> dict[str, Any] | None:
    try:
        summary = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return summary if isinstance(summary, dict) and summary.get("version") == 1 else None


def _mutants(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    match = re.search(
        r"<!-- mutants-table: start -->\s*(.*?)(?=\n\n\| page|<!-- mutants-table: end)", text, re.DOTALL
    )
    if match is None:
        return []
    about = (
        "A mutant is a page with one small mistake: another number, a missing word, a dead link. "
        "A mutant is caught if the tests of CI fail on it."
    )
    intro, _, table = match[1].partition("\n\n")
    return [
        "## Mistakes that are caught",
        f"{_html(about)}\n\n{_html(intro)}\n\n{_table(table.strip().split(chr(10)))}",
    ]


def _evaluations(file: Path) -> list[str]:
    """The section that ``evals.py report --update`` writes."""
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    match = re.search(
        r"<!-- evaluations in full: start -->\s*(.*?)\s*<!-- evaluations in full: end", text, re.DOTALL
    )
    if match is None or not match[1]:
        return []
    about = "The same tasks, done by an assistant with and without this handbook, and judged by a program."
    return ["## Evaluations", _html(f"{about}\n\n{match[1]}")]


def _open(pages: Sequence[Page], proofs: Proofs, address: Mapping[str, str]) -> list[str]:
    """The blocks without a proof, each with a link."""
    found: dict[str, list[str]] = {"failed": [], "changed": [], "skipped": []}
    for page in pages:
        for block in page.blocks:
            runs = proofs.of(block)
            state = state_of(block, runs)
            if state in found:
                anchor = "file" if page.path.suffix == ".py" else anchor_of(block)
                reason = f" <span>{escape(runs[0].entry.reason)}</span>" if runs else ""
                link = f'<a href="{address[page.name]}#{anchor}">{escape(page.name)}:{block.line}</a>'
                found[state].append(f"<li>{link}{reason}</li>")
    parts = [
        f"<details><summary>{len(items)} blocks {STATES[state]}</summary>"
        f'<ul class="td-scripts">{"".join(items)}</ul></details>'
        for state, items in found.items()
        if items
    ]
    return ["## Without a proof", f'<div class="td-text td-open">{"".join(parts)}</div>'] if parts else []


def _picture(matrix: Matrix) -> str:
    return f'<div class="td-table td-picture">{matrix.svg()}</div>'


def _table(lines: Sequence[str]) -> str:
    return _html("\n".join(lines))


def _columns(names: Iterable[str]) -> list[str]:
    order = ("SQLite", "PostgreSQL", "MariaDB", "MySQL")
    found = dict.fromkeys(names)
    return sorted(
        found, key=lambda name: next((at for at, one in enumerate(order) if name.startswith(one)), 9)
    )


def _versions(tortoise: str, python: str) -> str:
    return f"{tortoise} · Python {'.'.join(python.split('.')[:2])}"
