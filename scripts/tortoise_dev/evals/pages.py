"""Writes a record as Markdown, as an HTML page, and as a section of README.md."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .plot import WORDS, plot
from .record import FIGURES, Record, Run, average
from .tasks import EvalsError
from .workspace import VARIANTS

START, END = "<!-- evaluations: start -->", "<!-- evaluations: end -->"
_NOTHING = "–"
_HEADS = {
    "pass_rate": "assertions passed",
    "convention_rate": "assertions about the handbook's rules passed",
    "time_seconds": "seconds",
    "tokens": "tokens",
    "commands": "commands per trial",
    "skill_bytes": "kB of the skill read",
}
Table = tuple[list[str], list[list[str]]]


def to_markdown(record: Record) -> str:
    """The report as Markdown, with the plot that lies beside it."""
    parts = ["# Evaluations", _introduction(record)]
    for title, table in _tables(record):
        parts += [f"## {title}", _markdown_table(table)]
        if title == "Tasks":
            parts.append("![Assertions passed, by task](plot.svg)")
    return "\n\n".join(parts) + "\n"


def to_html(record: Record) -> str:
    """The report as one HTML page, with the plot in it."""
    parts = ["<h1>Evaluations</h1>", f"<p>{escape(_introduction(record))}</p>"]
    for title, table in _tables(record):
        parts += [f"<h2>{title}</h2>", _html_table(table)]
        if title == "Tasks":
            parts.append(plot(record))
    return _PAGE.format(body="\n".join(parts))


def section(records: Sequence[Record]) -> str:
    """What stands between the markers of README.md: for each record its conditions and both variants.

    The newest record shows its tasks, too.
    """
    parts = []
    for number, record in enumerate(sorted(records, key=lambda record: record.date, reverse=True)):
        parts += [_introduction(record), _markdown_table(_variants(record))]
        parts += [_markdown_table(_tasks(record))] if number == 0 else []
    return "\n\n".join(parts)


def updated(page: str, records: Sequence[Record]) -> str:
    """The page with its section of evaluations written anew. Raises EvalsError if it has no markers."""
    head, start, rest = page.partition(START)
    _, end, tail = rest.partition(END)
    if not start or not end:
        raise EvalsError(f"the page lacks the lines {START} and {END}")
    return f"{head}{START}\n\n{section(records)}\n\n{END}{tail}"


def _introduction(record: Record) -> str:
    tried = _tried(record)
    counts = {len(record.of(variant, task)) for variant in tried for task in record.tasks} or {0}
    runs = " to ".join(map(str, sorted({min(counts), max(counts)})))
    words = [f"{len(record.tasks)} task{'s' * (len(record.tasks) != 1)}"]
    how = " and ".join(variant.removesuffix("_skill") for variant in tried)
    words.append(f"{runs} run{'s' * (runs != '1')} of each {how} the skill")
    conditions = f"\n\n{record.conditions.rstrip('.')}." if record.conditions else ""
    return f"{', '.join(words)}, on {record.date}, tortoise-dev {record.version}.{conditions}"


def _tried(record: Record) -> list[str]:
    """The variants that were tried."""
    return [variant for variant in VARIANTS if record.of(variant)]


def _tables(record: Record) -> list[tuple[str, Table]]:
    found = [("With and without the skill", _variants(record)), ("Tasks", _tasks(record))]
    differing = _assertions(record)
    return [*found, ("Assertions that failed", differing)] if differing[1] else found


def _variants(record: Record) -> Table:
    rows = []
    for variant in _tried(record):
        runs = record.of(variant)
        whole = sum(run.rate() == 1 for run in runs)
        cells = [_figure(name, average(runs, figure)) for name, figure in FIGURES.items()]
        rows.append([WORDS[variant], f"{whole} of {len(runs)}", *cells])
    heads = ["variant", "trials without a failure", *_HEADS.values()]
    known = [number for number in range(len(heads)) if any(row[number] != _NOTHING for row in rows)]
    return [heads[number] for number in known], [[row[number] for number in known] for row in rows]


def _tasks(record: Record) -> Table:
    rows = []
    for task in record.tasks:
        row = [task, next(run.chapter for run in record.runs if run.task == task)]
        for variant in _tried(record):
            runs = record.of(variant, task)
            row += [_figure(name, average(runs, FIGURES[name])) for name in ("pass_rate", "commands")]
        rows.append(row)
    heads = [f"{what} {WORDS[variant]}" for variant in _tried(record) for what in ("passed", "commands")]
    return ["task", "chapter", *heads], rows


def _assertions(record: Record) -> Table:
    rows = []
    for task in record.tasks:
        runs = [run for run in record.runs if run.task == task]
        texts = dict.fromkeys((outcome.text, outcome.kind) for run in runs for outcome in run.outcomes)
        for text, kind in texts:
            counts = [_count(record.of(variant, task), text) for variant in _tried(record)]
            if any(passed < judged for passed, judged in counts):
                rows.append([task, text, kind, *(f"{passed} of {judged}" for passed, judged in counts)])
    return ["task", "assertion", "kind", *(f"passed {WORDS[variant]}" for variant in _tried(record))], rows


def _count(runs: Sequence[Run], text: str) -> tuple[int, int]:
    passed = [o.passed for run in runs for o in run.outcomes if o.text == text and o.passed is not None]
    return sum(passed), len(passed)


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return _NOTHING
    if name.endswith("_rate"):
        return f"{value:.0%}"
    return f"{value / 1000:.1f}" if name == "skill_bytes" else f"{value:,.0f}"


def _markdown_table(table: Table) -> str:
    head, rows = table
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _html_table(table: Table) -> str:
    head, rows = table
    lines = ["<table>", f"<tr>{''.join(f'<th>{escape(cell)}</th>' for cell in head)}</tr>"]
    lines += [f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows]
    return "\n".join([*lines, "</table>"])


_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Evaluations</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; margin: 1rem 0; font-size: 0.9rem; }}
th, td {{ border-bottom: 1px solid #e5e7eb; padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; }}
svg {{ max-width: 100%; height: auto; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
