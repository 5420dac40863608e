"""Writes a record as Markdown and as an HTML page, and all records as sections of a page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .plot import WORDS, plot
from .record import FIGURES, Record, Run, average
from .tasks import EvalsError
from .workspace import VARIANTS

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


def summary(records: Sequence[Record]) -> str:
    """One table of all records, the newest first. The oldest record has the number 1."""
    rows = []
    for number, record in zip(range(len(records), 0, -1), _newest_first(records), strict=True):
        found = [record.of(variant) for variant in VARIANTS]
        whole = [
            f"{sum(run.rate() == 1 for run in runs)} of {len(runs)}" if runs else _NOTHING for runs in found
        ]
        rules = [_figure("convention_rate", average(runs, FIGURES["convention_rate"])) for runs in found]
        read = _figure("skill_bytes", average(found[0], FIGURES["skill_bytes"]))
        rows.append([str(number), record.date, str(len(record.tasks)), *whole, *rules, read])
    whole_heads = [f"trials without a failure, {WORDS[variant]}" for variant in VARIANTS]
    rule_heads = [f"handbook's rules kept, {WORDS[variant]}" for variant in VARIANTS]
    heads = ["record", "date", "tasks", *whole_heads, *rule_heads, _HEADS["skill_bytes"]]
    return _markdown_table((heads, rows))


def in_full(records: Sequence[Record]) -> str:
    """For each record its conditions and both variants. The newest record shows its tasks, too."""
    parts = []
    for number, record in enumerate(_newest_first(records)):
        parts += [_introduction(record), _markdown_table(_variants(record))]
        parts += [_markdown_table(_tasks(record))] if number == 0 else []
    return "\n\n".join(parts)


SECTIONS = {"evaluations": summary, "evaluations in full": in_full}
"""What stands in a page between ``<!-- NAME: start -->`` and ``<!-- NAME: end -->``."""


def updated(page: str, records: Sequence[Record]) -> str:
    """The page with its sections of evaluations written anew. Raises EvalsError if it has no markers."""
    found = False
    for name, write in SECTIONS.items():
        start, end = (f"<!-- {name}: {word} -->" for word in ("start", "end"))
        head, has_start, rest = page.partition(start)
        _, has_end, tail = rest.partition(end)
        if has_start and has_end:
            found = True
            page = f"{head}{start}\n\n{write(records)}\n\n{end}{tail}"
    if not found:
        raise EvalsError(f"the page lacks the lines <!-- {next(iter(SECTIONS))}: start --> and … end -->")
    return page


def _newest_first(records: Sequence[Record]) -> list[Record]:
    """Of two records of one day the later in `records` is newer."""
    return sorted(records, key=lambda record: record.date)[::-1]


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
