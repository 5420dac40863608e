"""What assistants read: ``llms.txt`` (a list of the pages) and ``llms-full.txt`` (all of their text)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .navigation import Entry


def llms_txt(
    name: str, about: str, groups: Sequence[Entry], raw: Mapping[str, str], first: Mapping[str, str]
) -> str:
    """The list of pages in the form of llmstxt.org. ``raw`` is the plain Markdown of each page's source,
    ``first`` a sentence that says when to read it.
    """
    lines = [f"# {name}", "", f"> {about}", ""]
    for group in groups:
        pages = [child for child in group.children if child.file in raw]
        if pages:
            lines += [f"## {group.title}", ""]
            lines += [
                f"- [{page.title}]({raw[page.file]}){_about(first.get(page.file, ''))}" for page in pages
            ]
            lines.append("")
    return "\n".join(lines)


def llms_full_txt(texts: Mapping[str, str]) -> str:
    """The text of all pages, each behind a line with its path."""
    return "\n\n".join(f"<!-- {path} -->\n\n{text.strip()}" for path, text in texts.items()) + "\n"


def _about(sentence: str) -> str:
    return f": {sentence}" if sentence else ""
