"""One block as HTML: its file and labels above, the code, and folded below it what was proven."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from ...pages.page import Block
from ...report.redaction import redacted
from .labels import Label, is_wrong, labels_of
from .proof import Run

_MOST_STATEMENTS = 12
_LONGEST = 700
_MOST_OUTPUT = 4000

_MARKS = {"passed": "✓", "failed": "✗", "skipped": "–", "unverified": "?"}
_FORMATTER = HtmlFormatter(nowrap=True)


def block_html(block: Block, runs: Sequence[Run], rule_page: str) -> str:
    """The block with its labels and its proof. Its anchor is the block's place on the page."""
    labels = labels_of(block, rule_page)
    classes = ["td-block", *(["td-block--wrong"] if is_wrong(labels) else [])]
    anchor = anchor_of(block)
    title = block.attributes.get("title", "")
    proof = proof_html(runs) if runs or is_provable(block) else ""
    bar = bar_html(title, block.info.language or "text", labels, anchor)
    inner = f"{bar}{code_html(block.source, block.info.language)}{proof}"
    return f'<div class="{" ".join(classes)}" id="{anchor}">{inner}</div>'


def bar_html(title: str, language: str = "", labels: Iterable[Label] = (), anchor: str = "") -> str:
    """What stands above code: its file or language, labels, a link to it. A script adds the copy button."""
    name = f'<span class="td-file">{escape(title)}</span>' if title else f"<span>{escape(language)}</span>"
    shown = "".join(f"<li>{_label(label)}</li>" for label in labels)
    listed = f'<ul class="td-labels">{shown}</ul>' if shown else ""
    said = 'aria-label="Link to this block" title="Link to this block"'
    link = f'<a class="td-anchor" href="#{anchor}" {said}></a>' if anchor else ""
    return f'<div class="td-bar">{name}{listed}<span class="td-tools">{link}</span></div>'


def anchor_of(block: Block) -> str:
    """Where a deep link to the block leads: its heading, and its number under it."""
    place = block.id.partition("::")[2]
    return "block-" + re.sub(r"[^\w-]", "-", place)


def is_provable(block: Block) -> bool:
    """Does anything run or check the block? Plain text is only read."""
    return block.kind != "prose" or not {"title", "output", "sql"}.isdisjoint(block.attributes)


def code_html(source: str, language: str) -> str:
    """Code with its colours."""
    try:
        lexer = get_lexer_by_name(language or "text", stripnl=False)
    except ClassNotFound:
        lexer = get_lexer_by_name("text", stripnl=False)
    code = highlight(source.rstrip("\n"), lexer, _FORMATTER).rstrip("\n")
    return f'<div class="highlight"><pre><code>{code}\n</code></pre></div>'


def proof_html(runs: Sequence[Run]) -> str:
    """What was proven, in one line, and folded below it all that the records say."""
    state, line = _in_one_line(runs)
    mark = {"passed": "✓", "failed": "✗"}.get(state, "○")
    head = f'<span class="td-mark" aria-hidden="true">{mark}</span> {escape(line)}'
    if not runs:
        return f'<p class="td-proof td-proof--none" data-search-exclude>{head}</p>'
    body = f"{_table(runs)}{_statements(runs)}{_output(runs)}"
    return (
        f'<details class="td-proof td-proof--{state}" data-search-exclude><summary>{head}</summary>'
        f'<div class="td-proof-body">{body}</div></details>'
    )


def _label(label: Label) -> str:
    mark = '<span aria-hidden="true">✗ </span>' if label.kind == "wrong" else ""
    text = f'<span class="td-label td-label--{label.kind}">{mark}{escape(label.text)}</span>'
    return f'<a href="{escape(label.link)}">{text}</a>' if label.link else text


def _in_one_line(runs: Sequence[Run]) -> tuple[str, str]:
    if not runs:
        return "none", "Not run since it changed"
    bad = [run for run in runs if run.entry.status in ("failed", "unverified")]
    good = [run for run in runs if run.entry.status == "passed"]
    if bad:
        return "failed", f"Failed{_on(bad)}: {bad[0].entry.reason}"
    if not good:
        return "skipped", f"Not run: {runs[0].entry.reason}"
    counts = sorted({run.entry.queries for run in good if run.entry.queries})
    queries = (
        f" · {' or '.join(map(str, counts))} {'query' if counts == [1] else 'queries'}" if counts else ""
    )
    word = "Ran" if any(run.record.backend for run in good) else "Checked"
    reason = good[0].entry.reason if word == "Checked" else ""
    return "passed", f"{word}{_on(good)}{': ' + reason if reason else ''}{queries}"


def _on(runs: Sequence[Run]) -> str:
    names = dict.fromkeys(re.sub(r"(\d+\.\d+).*", r"\1", run.database) for run in runs if run.database)
    return f" on {', '.join(names)}" if names else ""


def _table(runs: Sequence[Run]) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("Database", "Tortoise", "Python", "Result", "Queries"))
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _cells(run))}</tr>" for run in runs)
    table = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return f'<div class="td-table"><table class="td-grid">{table}</table></div>'


def _cells(run: Run) -> tuple[str, ...]:
    entry = run.entry
    result = f'<span aria-hidden="true">{_MARKS[entry.status]}</span> {entry.status}'
    reason = f": {escape(redacted(entry.reason))}" if entry.reason else ""
    queries = "–" if entry.queries is None else str(entry.queries)
    database = escape(run.database) or "none needed"
    return (database, escape(run.record.tortoise), escape(run.record.python), result + reason, queries)


def _statements(runs: Sequence[Run]) -> str:
    by_text: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        if run.entry.sql:
            by_text.setdefault(run.entry.sql, []).append(run)
    parts = []
    for statements, senders in by_text.items():
        text = "\n".join(f"{_short(redacted(one))};" for one in statements[:_MOST_STATEMENTS])
        more = len(statements) - _MOST_STATEMENTS
        text += f"\n-- and {more} more" if more > 0 else ""
        parts.append(f"<p>SQL sent{_on(senders)}</p>{code_html(text, 'sql')}")
    return "".join(parts)


def _output(runs: Sequence[Run]) -> str:
    by_text: dict[str, list[Run]] = {}
    for run in runs:
        if run.entry.output.strip():
            by_text.setdefault(redacted(run.entry.output), []).append(run)
    shown = list(by_text.items())
    return "".join(
        f"<p>Output{_on(printers) if len(shown) > 1 else ''}</p>{code_html(_cut(text, _MOST_OUTPUT), 'text')}"
        for text, printers in shown
    )


def _short(statement: str) -> str:
    return _cut(" ".join(statement.split()).rstrip("; "), _LONGEST)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]} …"
