"""The first page: what the handbook is, how much of it was proven, and where to go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

from .navigation import Entry

_HEAD = """\
---
hide:
  - navigation
  - toc
---

# The Tortoise ORM handbook {#handbook}
"""
_LEAD = (
    "Models, queries, migrations and tests for Tortoise ORM. Each block of code on these pages is run in CI, "
    "or checked. Under each block stands what was proven about it."
)


def front_page(groups: Sequence[Entry], first: Mapping[str, str], counts: Counter[str], version: str) -> str:
    """The text of the first page. ``first`` is what each page says of itself."""
    provable = sum(counts.values()) - counts["text"]
    cards = "".join(_card(group, first) for group in groups if group.children)
    proven = f"<strong>{counts['proven']}</strong> of {provable} blocks proven"
    return f"""\
{_HEAD}
<div>
<p class="td-lead">{_LEAD}</p>
<p class="td-count"><a href="proven.html">{proven}</a> <span>Handbook {escape(version)}</span></p>
</div>

<div class="td-cards">{cards}</div>
"""


def _card(group: Entry, first: Mapping[str, str]) -> str:
    items = "".join(
        f"<li>{_link(child)}{_about(first.get(child.file))}</li>" for child in group.children if child.file
    )
    return f'<section class="td-card"><h2>{escape(group.title)}</h2><ul>{items}</ul></section>'


def _link(entry: Entry) -> str:
    return f'<a href="{entry.file.removesuffix(".md")}.html">{escape(entry.title)}</a>'


def _about(sentence: str | None) -> str:
    return f"<span>{escape(sentence)}</span>" if sentence else ""
