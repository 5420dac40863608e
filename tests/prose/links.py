"""Links lead where their words say: the text, or the line around it, shares a word with the target.

The harness knows that a target exists. It does not know that another one was meant. `allowed.toml` lists the
links whose words differ from the heading that they lead to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

from prose.allowed import Allowed
from prose.code import Tree
from prose.reading import Prose
from tortoise_dev.pages.headings import slug

LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<target>(?P<file>[^()\s#:]*)(?:#(?P<anchor>[\w-]+))?)\)")
FILE = re.compile(r"[\w/.-]+\.(?:md|py|toml|ya?ml)")
ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ied", "es", "ed", "s", "y")
PROOF = re.compile(r"(?:proof|example|test)(?: .*)?")
"""The texts of links to what runs."""
RULE = re.compile(r"TD\d{3}")
"""The text of a link to a rule."""
ANYWHERE = frozenset(("examples", "example", "exampl", "py"))
"""Words of paths that say nothing of one file."""
EMPTY = frozenset(
    """
    the a an of in on to and or for with by is are it its from at as be that this not no one use how what when
    see also here read page pages
    """.split()
)


def problems(page: Prose, tree: Tree, allowed: Allowed | None = None) -> Iterator[str]:
    """Links whose words have nothing to do with their target, one line each."""
    listed = allowed.leads_on(page.name) if allowed else {}
    here = ""
    for number, line in enumerate(page.text.split("\n"), 1):
        here = anchor_of_heading(line) or here
        for link in LINK.finditer(line):
            if not link["file"] and link["anchor"] == here:
                yield f"line {number}: [{link['text']}] leads to the section that it stands in"
                continue
            if listed.get(link["text"]) == link["target"]:
                continue
            is_told = link["text"] not in listed and _is_told(link, line, page, tree)
            if not is_told or _names_another_database(link, line):
                yield f"line {number}: [{link['text']}] says nothing of {link['target']}"


def anchor_of_heading(line: str) -> str:
    """The anchor of a line that is a heading, or nothing."""
    heading = re.match(r"##+ (.*)", line)
    return slug(heading[1]) if heading else ""


def _names_another_database(link: re.Match[str], line: str) -> bool:
    """Whether the anchor names a database, and the sentence others only."""
    sentence = next((one for one in re.split(r"(?<=[.!?])\s+", line) if link[0] in one), line)
    said = {name.lower() for name in re.findall(r"SQLite|PostgreSQL|MariaDB|MySQL", sentence)}
    led = {"sqlite", "postgresql", "mariadb", "mysql"} & set((link["anchor"] or "").split("-"))
    return bool(said and led) and not said & led


def _is_told(link: re.Match[str], line: str, page: Prose, tree: Tree) -> bool:
    text, file = link["text"].strip("`"), link["file"]
    if FILE.fullmatch(text) and (file or text.endswith((".md", ".py"))):
        is_named = PurePosixPath(text).name == PurePosixPath(file).name
        return is_named or (not file and _tells_of(text, link["anchor"], page, tree))
    if text in ("above", "below"):
        return not file
    if PROOF.fullmatch(text) and (text == "proof" or not link["anchor"]):
        return bool(file) and not file.endswith(".md")
    if RULE.fullmatch(text):
        return file in ("rules.md", "references/rules.md") and (link["anchor"] or "").startswith(text.lower())
    if file.startswith(("examples/", "../examples/")):
        around = LINK.sub(lambda other: other["text"], line).replace("PostgreSQL", "postgres")
        return bool((words_of(file) - ANYWHERE) & words_of(around))
    if not (file or page.name).endswith(".md"):
        return True
    if link["anchor"]:
        own = words_of(link["anchor"]) | words_of(PurePosixPath(file or page.name).stem)
        if not own & words_of(text) and any(len(one & words_of(text)) > 1 for one in _headings(tree.root)):
            return False  # a heading is there that the text names
        if not file and not words_of(link["anchor"]) & words_of(text) and _names_another(text, page):
            return False
        around = LINK.sub(lambda other: other["text"], line)
        return bool(words_of(link["anchor"]) & (words_of(text) | words_of(around)))
    titles = _titles(tree.root)
    fitting = {name for name, title in titles.items() if title & words_of(text)}
    return not fitting or PurePosixPath(file).name in fitting


def _tells_of(file: str, anchor: str | None, page: Prose, tree: Tree) -> bool:
    """Whether a section of the page tells of a file, which is no example that a link would lead to."""
    if (
        not file.endswith(".py")
        or any(tree.root.glob(f"examples/{file}"))
        or any(tree.root.glob(f"examples/frameworks/{file}"))
    ):
        return False
    sections = re.split(r"^##+ (.*)$", page.text, flags=re.MULTILINE)[1:]
    return any(
        words_of(anchor or "") == words_of(heading) and file in body
        for heading, body in zip(sections[::2], sections[1::2], strict=True)
    )


def _names_another(text: str, page: Prose) -> bool:
    """Whether exactly one heading of the page has a word of the text."""
    headings = [words_of(heading) for heading in re.findall(r"^##+ (.*)$", page.text, re.MULTILINE)]
    return sum(bool(heading & words_of(text)) for heading in headings) == 1


def words_of(text: str) -> frozenset[str]:
    """The words of a text without their endings."""
    found = re.findall(r"[a-z]{2,}", re.sub(r"[_-]", " ", text.lower()))
    return frozenset(_stem(word) for word in found if word not in EMPTY)


def _stem(word: str) -> str:
    endings = (ending for ending in ENDINGS if word.endswith(ending) and len(word) - len(ending) >= 3)
    return word.removesuffix(next(endings, ""))


@cache
def _headings(root: Path) -> frozenset[frozenset[str]]:
    """The words of each heading of the pages, with those of the page's name."""
    heading = re.compile(r"^##+ (.*)$", re.MULTILINE)
    pages = sorted((root / "references").glob("*.md"))
    return frozenset(
        words_of(text) | words_of(path.stem)
        for path in pages
        for text in heading.findall(path.read_text(encoding="utf-8"))
    )


@cache
def _titles(root: Path) -> dict[str, frozenset[str]]:
    """By page: the words of its name and of its first heading."""
    pages = [root / "README.md", root / "SKILL.md", *sorted((root / "references").glob("*.md"))]
    heading = re.compile(r"^# (.*)$", re.MULTILINE)
    first = {path: heading.search(path.read_text(encoding="utf-8")) for path in pages}
    return {
        path.name: words_of(path.stem) | words_of(found[1] if found else "") for path, found in first.items()
    }
