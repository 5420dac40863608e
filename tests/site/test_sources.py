"""The whole handbook as Zensical gets it: blocks arrive, marks are seen, links lead somewhere."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tortoise_dev.commands.site_run import rule_texts
from tortoise_dev.handbook.site import navigation
from tortoise_dev.handbook.site.block_html import anchor_of
from tortoise_dev.handbook.site.build import read_pages
from tortoise_dev.handbook.site.page_text import LostBlockError, page_text
from tortoise_dev.handbook.site.proof import Proofs
from tortoise_dev.handbook.site.writer import SiteWriter
from tortoise_dev.pages.page import Page
from tortoise_dev.pages.reading import parse_page

ROOT = Path(__file__).resolve().parents[2]
PAGES = read_pages(ROOT)
MARKDOWN = [page for page in PAGES if page.path.suffix == ".md"]

pytestmark = pytest.mark.slow


class Site:
    """The sources, and the navigation that the writer made."""

    def __init__(self, docs: Path) -> None:
        writer = SiteWriter(ROOT, docs, PAGES, Proofs((), {}), rule_texts())
        self.entries = writer.write()
        writer.write_raw(docs / "raw", self.entries)
        files = [file for file in docs.rglob("*.md") if "raw" not in file.relative_to(docs).parts]
        self.texts = {
            file.relative_to(docs).as_posix(): file.read_text(encoding="utf-8") for file in sorted(files)
        }
        self.raw = {file.relative_to(docs / "raw").as_posix() for file in (docs / "raw").rglob("*.*")}


class Reader(HTMLParser):
    """Collects the anchors and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors = set(re.findall(r"^#+ .*\{#([\w-]+)\}$", text, re.MULTILINE))
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors |= {values["id"] or ""} if "id" in values else set()
        if tag == "a":
            self.links.append(values["href"] or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The sources of the whole handbook, without records."""
    return Site(tmp_path_factory.mktemp("docs"))


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.name)
def test_every_block_arrives(site: Site, page: Page) -> None:
    text = site.texts[page.name]
    assert text.count('<div class="td-block') == len(page.blocks)
    for block in page.blocks:
        assert text.count(f'id="{anchor_of(block)}"') == 1
    assert "```" not in re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)
    assert "<!--" not in text


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.name)
def test_every_mark_is_seen(site: Site, page: Page) -> None:
    text = site.texts[page.name]
    for mark, word in (("raises", "raises "), ("xfail", "must fail: "), ("breaks", "breaks rule ")):
        marked = [block for block in page.blocks if mark in block.attributes]
        assert len(re.findall(rf'td-label--wrong">.*?</span>{word}', text)) == len(marked)
    for mark, pattern in (
        ("needs", r">needs "),
        ("queries", r">(?:1 query|\d+ queries)<"),
        ("title", r'class="td-file">'),
        ("norun", ">shown, not run: "),
    ):
        marked = [block for block in page.blocks if mark in block.attributes]
        assert len(re.findall(pattern, text)) == len(marked), mark


def test_every_link_leads_somewhere(site: Site) -> None:
    readers = {name: Reader(text) for name, text in site.texts.items()}
    assert list(dead(readers, site.raw)) == []
    assert sum(len(reader.links) for reader in readers.values()) > 1000


def test_a_dead_link_would_be_found() -> None:
    readers = {
        "a/b.md": Reader('# A {#a}\n<a href="../c.html#x">1</a><a href="#y">2</a><a href="d.html">3</a>')
    }
    readers["c.md"] = Reader("# C {#c}")
    assert [target for _, target in dead(readers, set())] == ["../c.html#x", "#y", "d.html"]


def dead(readers: dict[str, Reader], raw: set[str]) -> Iterator[tuple[str, str]]:
    """The links that lead to no page, to no anchor of it and to no file."""
    for name, reader in readers.items():
        for link in reader.links:
            path, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", link):
                continue
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            page = readers.get(re.sub(r"\.html$", ".md", target))
            if target not in raw and (page is None or (anchor and anchor not in page.anchors)):
                yield name, link


def test_every_page_is_in_the_navigation_once(site: Site) -> None:
    files = Counter(files_of(site.entries))
    assert set(files) == set(site.texts) - {"index.md"}
    assert set(files.values()) == {1}


def files_of(entries: list[navigation.Entry] | tuple[navigation.Entry, ...]) -> Iterator[str]:
    for entry in entries:
        if entry.file:
            yield entry.file
        yield from files_of(entry.children)


def test_titles_in_a_group_differ(site: Site) -> None:
    for group in site.entries:
        titles = [entry.title for entry in group.children]
        assert len({*titles}) == len(titles)


def test_a_new_page_finds_its_place() -> None:
    pages = {
        "references/harness.md": "Harness",
        "references/locks-advisory.md": "Advisory",
        "references/surprise.md": "Surprise",
    }
    groups = {entry.title: [child.title for child in entry.children] for entry in navigation.grouped(pages)}
    assert groups == {"Keep data right": ["Advisory"], "Tools": ["Harness"], "More topics": ["Surprise"]}


def test_a_fence_that_is_no_block_is_an_error() -> None:
    page = parse_page("# A\n\n```python\n1\n```\n", Path("a.md"), "a.md")
    page.blocks.clear()
    with pytest.raises(LostBlockError, match=r"a\.md:3"):
        page_text(page, lambda block: "", lambda target: target)


def test_a_block_that_is_no_fence_is_an_error() -> None:
    page = parse_page("# A\n\n```python\n1\n```\n", Path("a.md"), "a.md")
    page.lines[2:] = ["text"]
    with pytest.raises(LostBlockError, match=r"a\.md:3"):
        page_text(page, lambda block: "", lambda target: target)
