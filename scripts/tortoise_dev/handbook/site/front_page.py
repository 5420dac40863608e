"""The first page: what the handbook is, how much of it was proven, and where to go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

from .navigation import Entry


def front_page(groups: Sequence[Entry], first: Mapping[str, str], counts: Counter[str], version: str) -> str:
    """The text of the first page. ``first`` is what each page says of itself."""
    provable = sum(counts.values()) - counts["text"]
    cards = "".join(_card(group, first) for group in groups if group.children)
    return f"""\
---
hide:
  - navigation
  - toc
---

# The Tortoise ORM handbook {{#handbook}}

<div class="td-hero">
<p class="td-lead">Models, queries, migrations and tests for Tortoise ORM. Each block of code on these pages is run in CI, and under each block stands what the run showed.</p>
<p class="td-count"><a href="proven.html"><strong>{counts["proven"]}</strong> of {provable} blocks proven</a> <span>Handbook {escape(version)}</span></p>
</div>

<div class="td-cards">{cards}</div>
"""


def _card(group: Entry, first: Mapping[str, str]) -> str:
    items = "".join(
        f'<li><a href="{child.file.removesuffix(".md")}.html">{escape(child.title)}</a>{_about(first.get(child.file))}</li>'
        for child in group.children
        if child.file
    )
    return f'<section class="td-card"><h2>{escape(group.title)}</h2><ul>{items}</ul></section>'


def _about(sentence: str | None) -> str:
    return f"<span>{escape(sentence)}</span>" if sentence else ""
