"""What a run of the harness says: as text, JSON, SARIF or annotations; and the list of blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..about import __version__
from ..report.counted import counted
from ..report.findings import Finding, to_github, to_json, to_sarif
from ..snippets.planning.planned import PagePlan, PlannedBlock
from ..snippets.result import Fault, Report, Result
from .snippets_selection import Selection

RULES = {
    "snippet-failed": "A block of a page fails, or is not what the page says.",
    "snippet-unverified": "A block of a page was neither run nor checked.",
    "snippet-input": "A page or a setting cannot be used.",
}


def render(report: Report, form: str) -> str:
    """The report as text, json, sarif or github."""
    if form == "json":
        return to_json(report.to_json())
    if form == "text":
        return _text(report)
    findings = [
        Finding(r.path, r.fail_line or r.line, f"snippet-{r.status}", _reason(r), detail=r.detail)
        for r in report.results
        if r.status in ("failed", "unverified")
    ]
    findings += [Finding(f.path, f.line, "snippet-input", f.message) for f in report.faults]
    if form == "github":
        return to_github(findings)
    return to_sarif(findings, "tortoise-dev snippets", __version__, RULES)


def _text(report: Report) -> str:
    lines: list[str] = []
    by_backend = report.by_backend()
    several = len(by_backend) > 1
    for result in report.results:
        if result.status == "passed":
            continue
        line = result.fail_line or result.line
        lines.append(f"{result.path}:{line}: {result.status}: {_reason(result, several=several)}")
        if result.status == "failed" and result.detail:
            lines += [f"    {text}" for text in result.detail.rstrip("\n").split("\n")]
    lines += _errors(report.faults)
    counts = report.counts()
    blocks = report.to_json()["summary"]["blocks"]
    if not blocks and not report.faults:
        lines.append("no block was found: nothing is proven")
    if several:
        width = max(map(len, by_backend))
        lines += [f"{name:<{width}}  {_told(told)}" for name, told in by_backend.items()]
    on = "".join(f" on {name}" for name in [", ".join(by_backend)] if name)
    what = counted(blocks, "block")
    if others := len(report.results) - blocks:  # dead links, and what only looks like a block
        what += f" and {counted(others, 'other finding')}"
    lines.append(f"{what} of {counted(report.pages, 'page')}{on}: {_told(counts)} in {report.seconds:.2f} s")
    return "\n".join(lines)


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count or status == "passed")


def _reason(result: Result, *, several: bool = False) -> str:
    """Why, and on which of several databases; SQLite alone goes without saying."""
    place = "" if result.fail_line in (None, result.line) else f" (block at line {result.line})"
    backend = f" [{result.backend}]" if result.backend and (several or result.backend != "sqlite") else ""
    return f"{result.reason}{place}{backend}"


def listing(plans: Sequence[PagePlan], selection: Selection, faults: Sequence[Fault], form: str) -> str:
    """The selected blocks, and what is to happen to each, as text or json."""
    chosen = [
        (plan, planned) for plan in plans for planned in plan.blocks if selection.has_block(plan, planned)
    ]
    if form == "json":
        entries = [_entry(plan, planned) for plan, planned in chosen]
        return to_json({"version": 1, "blocks": entries, "errors": [fault.to_json() for fault in faults]})
    lines = [
        f"{plan.page.name}:{planned.block.line}\t{planned.block.info.language or '-'}"
        f"\t{_fate(planned)}\t{planned.block.id}"
        for plan, planned in chosen
    ]
    return "\n".join([*lines, *_errors(faults)])


def _entry(plan: PagePlan, planned: PlannedBlock) -> dict[str, object]:
    block = planned.block
    return {
        "id": block.id,
        "path": plan.page.name,
        "line": block.line,
        "language": block.info.language,
        "fate": _fate(planned),
    }


def _fate(planned: PlannedBlock) -> str:
    if planned.verdict is not None:
        return f"{planned.verdict.status}: {planned.verdict.reason}"
    if planned.source is not None:
        return f"compared with line {planned.source.block.line}"
    return "runs"


def _errors(faults: Sequence[Fault]) -> Iterator[str]:
    return (f"{fault.path}:{fault.line}: error: {fault.message}" for fault in faults)
