"""Writes what Zensical reads, page by page, and what stands beside its pages for assistants."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ...about import REPOSITORY, __version__
from ...pages.page import Page, PageError
from ...pages.reading import read_text
from . import examples, llms, navigation, proven, rule_pages
from .block_html import block_html
from .front_page import front_page
from .page_text import page_text, title_of
from .proof import Proofs

ABOUT = "The Tortoise ORM handbook: each block of code is run in CI, and shows what the run proved."
_ASSETS = Path(__file__).with_name("assets")


class SiteWriter:
    """Writes what Zensical reads, page by page."""

    def __init__(
        self,
        root: Path,
        docs: Path,
        pages: Sequence[Page],
        proofs: Proofs,
        rules: Sequence[rule_pages.RuleText],
    ) -> None:
        self.root = root
        self.docs = docs
        self.all_pages = pages
        self.pages = [page for page in pages if page.path.suffix == ".md"]
        self.proofs = proofs
        self.rules = rules
        self.files = examples.example_files(root)
        self.first = {page.name: _first_sentence(page) for page in self.pages}

    def write(self) -> list[navigation.Entry]:
        """Write all pages; returns the navigation."""
        for page in self.pages:
            self.put(page.name, self.text_of(page))
        for rule in self.rules:
            self.put(rule.file, rule_pages.rule_page(rule))
        runs = {
            page.name: self.proofs.of(page.blocks[0]) for page in self.all_pages if page.path.suffix == ".py"
        }
        titles: dict[PurePosixPath, str] = {}
        for path in self.files:
            source = self.source_of(path)
            titles[path] = examples.first_line(source)
            text = examples.example_page(path, source, runs.get(path.as_posix(), ()))
            self.put(examples.page_file(path), text)
        self.put(examples.INDEX, examples.index_page(self.files, titles))
        addresses = {page.name: _html(page.name) for page in self.all_pages}
        self.put(proven.FILE, proven.proven_page(self.all_pages, self.proofs, self.root, addresses))
        entries = self.entries()
        counts = proven.counted(self.all_pages, self.proofs)
        self.put("index.md", front_page(entries, self.first, counts, __version__))
        shutil.copytree(_ASSETS, self.docs / "assets", dirs_exist_ok=True)
        return entries

    def source_of(self, path: PurePosixPath) -> str:
        """The text of an example's file. Raises PageError, naming it."""
        try:
            return read_text(self.root / path)
        except PageError as error:
            raise PageError(f"{path}: {error}") from None

    def text_of(self, page: Page) -> str:
        up = "../" * page.name.count("/")
        text = page_text(
            page,
            lambda block: block_html(block, self.proofs.of(block), f"{up}{rule_pages.FOLDER}/{{}}.html"),
            lambda target: self.link(page, target),
        )
        if PurePosixPath(page.name).stem == "rules":
            text = rule_pages.linked_rules(text, self.rules, up)
        return (
            text
            + f'\n<p class="td-raw"><a href="{PurePosixPath(page.name).name}">This page as Markdown</a></p>\n'
        )

    def link(self, page: Page, target: str) -> str:
        """The address of what a page's relative link leads to."""
        here = PurePosixPath(page.name).parent
        path = PurePosixPath(os.path.normpath(here / target).replace(os.sep, "/"))
        if path.as_posix() in {one.name for one in self.pages}:
            there = f"{path.with_suffix('')}.html"
        elif path in self.files:
            there = _html(path.as_posix())
        elif path.parts[:1] == (examples.FOLDER,) and (self.root / path).is_dir():
            there = f"{examples.FOLDER}/index.html" + (f"#{path.parts[1]}" if len(path.parts) > 1 else "")
        else:  # a file that the website does not show, as README.md or a hook
            return f"{REPOSITORY}/blob/main/{path}"
        return os.path.relpath(there, here).replace(os.sep, "/")

    def entries(self) -> list[navigation.Entry]:
        """All pages in their groups; rules and examples open below theirs."""
        titles = {
            page.name: navigation.short_title(PurePosixPath(page.name).stem, title_of(page))
            for page in self.pages
        }
        entries = navigation.grouped(titles)
        rules = [navigation.Entry(f"{rule.code} {rule.name}", rule.file) for rule in self.rules]
        last = (
            navigation.Entry("What was proven", proven.FILE),
            navigation.Entry("Rules one by one", children=tuple(rules)),
            navigation.Entry("Examples", examples.INDEX, examples.entries_of(self.files)),
        )
        return [
            navigation.Entry(
                entry.title, children=(*entry.children, *(last if entry.title == "Look up" else ()))
            )
            for entry in entries
        ]

    def write_raw(self, site: Path, entries: Sequence[navigation.Entry]) -> None:
        """Put the plain Markdown beside each page, and the two files for assistants."""
        texts: dict[str, str] = {}
        for page in self.pages:
            texts[page.name] = page.path.read_text(encoding="utf-8")
            write_text(site / page.name, texts[page.name])
        for file in (self.root / examples.FOLDER).rglob("uv.lock"):
            write_text(site / file.relative_to(self.root), file.read_text(encoding="utf-8"))
        raw = {name: name for name in texts}
        write_text(site / "llms.txt", llms.llms_txt("tortoise-dev", ABOUT, entries, raw, self.first))
        write_text(site / "llms-full.txt", llms.llms_full_txt(texts))

    def put(self, name: str, text: str) -> None:
        write_text(self.docs / name, text)


def write_text(file: Path, text: str) -> None:
    """Write a file, and the folders that it needs. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="\n")


def _first_sentence(page: Page) -> str:
    """When to read a page: its first sentence; else what its title says behind the colon."""
    lines = [line for line in page.lines if re.match(r"Read this (?:when|before|if)\b", line)]
    if not lines:
        rest = title_of(page).partition(": ")[2].replace("`", "")
        return f"{rest[:1].upper()}{rest[1:]}." if rest else ""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", lines[0]).replace("`", "")
    sentence = text.split(". ")[0].rstrip(".:").removeprefix("Read this ")
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _html(name: str) -> str:
    if name.endswith(".md"):
        return f"{name.removesuffix('.md')}.html"
    return examples.page_file(PurePosixPath(name)).removesuffix(".md") + ".html"
