"""A page for each rule, with the bad and the good example side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from .block_html import bar_html, code_html
from .page_text import html_of

FOLDER = "rules"


@dataclass(frozen=True)
class RuleText:
    """What a rule says of itself: ``page`` is Markdown with headings of the second level, the examples are
    files with their text.
    """

    code: str
    name: str
    page: str
    bad: Mapping[str, str]
    good: Mapping[str, str]
    preview: bool
    fix: str

    @property
    def file(self) -> str:
        """Its page among the sources."""
        return f"{FOLDER}/{self.code}.md"


def rule_page(rule: RuleText) -> str:
    """The text of a rule's page."""
    before, found, after = rule.page.removeprefix(f"# {rule.code} {rule.name}").partition("## Fix safety")
    labels = ["in preview"] if rule.preview else []
    labels += [f"{rule.fix} repairs it"] if rule.fix else []
    shown = "".join(
        f'<li><span class="td-label td-label--plain">{escape(label)}</span></li>' for label in labels
    )
    parts = [
        "---\nhide:\n  - toc\n---",
        f"# {rule.code} {rule.name}",
        '<p class="td-crumbs"><a href="../references/rules.html">All rules</a></p>',
        f'<ul class="td-labels td-labels--page">{shown}</ul>' if shown else "",
        _sections(before),
        "## Bad and good",
        _pair(rule),
        _sections(f"{found}{after}"),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def linked_rules(text: str, rules: Sequence[RuleText], prefix: str) -> str:
    """The page of all rules, with a link under each rule's heading to the page of its own."""
    lines = []
    for line in text.split("\n"):
        lines.append(line)
        rule = next((rule for rule in rules if line.startswith(f"## {rule.code} ")), None)
        if rule is not None:
            link = f"{prefix}{FOLDER}/{rule.code}.html"
            lines += [
                "",
                f'<p class="td-more"><a href="{link}">{rule.code}: bad and good code side by side</a></p>',
            ]
    return "\n".join(lines)


def _sections(markdown: str) -> str:
    """Headings stay; what is under them becomes HTML."""
    parts = []
    for number, section in enumerate(f"\n{markdown.strip()}".split("\n## ")):
        heading, _, body = section.partition("\n") if number else ("", "", section)
        parts.append(f"## {heading}" if heading else "")
        parts.append(f'<div class="td-text">\n{html_of(body).strip()}\n</div>' if body.strip() else "")
    return "\n\n".join(part for part in parts if part)


def _pair(rule: RuleText) -> str:
    """The files that differ side by side, and folded below them those that are the same."""
    same = {path: source for path, source in rule.bad.items() if rule.good.get(path) == source}
    bad = {path: source for path, source in rule.bad.items() if path not in same}
    good = {path: source for path, source in rule.good.items() if path not in same}
    pair = f'<div class="td-pair">{_side("Bad", bad)}{_side("Good", good)}</div>'
    shared = "".join(_file(path, source, "shared") for path, source in same.items())
    summary = "<summary>Files that are the same in both</summary>"
    return f'{pair}<details class="td-setup">{summary}{shared}</details>' if shared else pair


def _side(title: str, files: Mapping[str, str]) -> str:
    kind = title.lower()
    mark = "✗" if kind == "bad" else "✓"
    head = f'<p class="td-side-title"><span aria-hidden="true">{mark}</span> {title}</p>'
    shown = "".join(_file(path, source, kind) for path, source in files.items())
    return f'<div class="td-side td-side--{kind}">{head}{shown}</div>'


def _file(path: str, source: str, kind: str) -> str:
    wrong = " td-block--wrong" if kind == "bad" else ""
    language = "python" if path.endswith(".py") else path.rpartition(".")[2]
    return f'<div class="td-block{wrong}">{bar_html(path)}{code_html(source, language)}</div>'
