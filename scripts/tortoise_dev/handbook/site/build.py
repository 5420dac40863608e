"""From the handbook's folder to the website's folder: read, hold against records, write, let Zensical run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ... import __version__
from ...pages.page import Page, PageError
from ...pages.reading import read_page
from . import examples, llms, navigation, proven, rule_pages
from .block_html import block_html
from .config import config_of
from .front_page import front_page
from .page_text import page_text, title_of
from .proof import Proofs, proofs_of, read_records

ABOUT = "The Tortoise ORM handbook: each block of code is run in CI, and shows what the run proved."
MARKER = "tortoise-dev.json"
"""A file of the website that says what made it: a folder without it is not overwritten."""
_ASSETS = Path(__file__).with_name("assets")
_FOREIGN_WORKER = "https://unpkg.com/iframe-worker/shim"
_PROJECT = "examples/billing"


class SiteError(Exception):
    """The website cannot be built; the message is one line that names the cause."""


@dataclass(frozen=True)
class Built:
    """What was built: how many pages, and the blocks by state (a key of ``proven.STATES``)."""

    pages: int
    counts: dict[str, int]


def build_site(root: Path, records: Path, out: Path, rules: Sequence[rule_pages.RuleText]) -> Built:
    """Build the website of the handbook in ``root`` into ``out``.

    Raises SiteError, PageError, LostBlockError, RecordError and OSError; ``out`` then stays as it was.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MARKER).is_file())):
        raise SiteError(
            f"{out}: holds something else than a website of ours; name another folder, or empty it"
        )
    pages = _pages(root)
    proofs = proofs_of(pages, read_records(records), root / _PROJECT)
    with tempfile.TemporaryDirectory(prefix="handbook-") as name:
        folder = Path(name)
        writer = _Writer(root, folder / "docs", pages, proofs, rules)
        navigation_entries = writer.write()
        config = config_of(navigation_entries, _footer(proofs))
        (folder / "mkdocs.yml").write_text(json.dumps(config), encoding="utf-8")
        _run_zensical(folder)
        built = folder / "site"
        _keep_on_this_machine(built)
        writer.write_raw(built, navigation_entries)
        counts = dict(proven.counted(pages, proofs))
        _write(
            built / MARKER, json.dumps({"written_by": f"tortoise-dev {__version__}", "blocks": counts}) + "\n"
        )
        _replace(built, out)
    return Built(sum(1 for _ in out.rglob("*.html")), counts)


def sources(root: Path) -> list[Path]:
    """The files that the website is made of, for a watcher. Raises OSError."""
    example_paths = [root / path for path in examples.example_files(root)]
    return [root / "SKILL.md", *sorted((root / "references").glob("*.md")), *example_paths]


class _Writer:
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
            source = (self.root / path).read_text(encoding="utf-8")
            titles[path] = examples.first_line(source)
            text = examples.example_page(path, source, runs.get(path.as_posix(), ()))
            self.put(examples.page_file(path), text)
        self.put(examples.INDEX, examples.index_page(self.files, titles))
        addresses = {page.name: _html(page.name, examples.page_file) for page in self.all_pages}
        self.put(proven.FILE, proven.proven_page(self.all_pages, self.proofs, self.root, addresses))
        entries = self.entries()
        counts = proven.counted(self.all_pages, self.proofs)
        self.put("index.md", front_page(entries, self.first, counts, __version__))
        shutil.copytree(_ASSETS, self.docs / "assets", dirs_exist_ok=True)
        return entries

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
            there = _html(path.as_posix(), examples.page_file)
        elif path.parts[:1] == (examples.FOLDER,) and (self.root / path).is_dir():
            there = f"{examples.FOLDER}/index.html" + (f"#{path.parts[1]}" if len(path.parts) > 1 else "")
        else:
            there = path.as_posix()
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
            _write(site / page.name, texts[page.name])
        for file in (self.root / examples.FOLDER).rglob("uv.lock"):
            _write(site / file.relative_to(self.root), file.read_text(encoding="utf-8"))
        raw = {name: name for name in texts}
        _write(site / "llms.txt", llms.llms_txt("tortoise-dev", ABOUT, entries, raw, self.first))
        _write(site / "llms-full.txt", llms.llms_full_txt(texts))

    def put(self, name: str, text: str) -> None:
        _write(self.docs / name, text)


def _pages(root: Path) -> list[Page]:
    files = [root / "SKILL.md", *sorted((root / "references").glob("*.md"))]
    files += sorted((root / examples.FOLDER).glob("*.py"))
    if not files[0].is_file():
        raise SiteError(f"no SKILL.md in {root}: the website is built from the handbook's folder")
    pages = []
    for file in files:
        name = file.relative_to(root).as_posix()
        try:
            page = read_page(file, name)
        except PageError as error:
            raise PageError(f"{name}: {error}") from None
        broken = next((odd for odd in page.oddities if odd.status == "unverified"), None)
        if broken is not None:
            raise PageError(f"{name}:{broken.line}: {broken.reason}")
        pages.append(page)
    return pages


def _run_zensical(folder: Path) -> None:
    command = [sys.executable, "-m", "zensical", "build", "--config-file", str(folder / "mkdocs.yml")]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode or not (folder / "site" / "index.html").is_file():
        last = [line for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
        raise SiteError(f"zensical failed: {last[-1].strip() if last else f'exit status {done.returncode}'}")


def _keep_on_this_machine(site: Path) -> None:
    """Put our own script in the place of the one that Zensical's pages would fetch from the network."""
    for file in site.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        up = "../" * (len(file.relative_to(site).parts) - 1)
        changed = text.replace(_FOREIGN_WORKER, f"{up}assets/file-worker.js")
        if changed != text:
            _write(file, changed)


def _replace(built: Path, out: Path) -> None:
    """Put the new website in the place of the old one."""
    out.mkdir(parents=True, exist_ok=True)
    for entry in out.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    shutil.copytree(built, out, dirs_exist_ok=True)


def _first_sentence(page: Page) -> str:
    """When to read a page: its first sentence; else what its title says behind the colon."""
    lines = [line for line in page.lines if re.match(r"Read this (?:when|before|if)\b", line)]
    if not lines:
        rest = title_of(page).partition(": ")[2].replace("`", "")
        return f"{rest[:1].upper()}{rest[1:]}." if rest else ""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", lines[0]).replace("`", "")
    sentence = text.split(". ")[0].rstrip(".:").removeprefix("Read this ")
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _footer(proofs: Proofs) -> str:
    tortoise = ", ".join(dict.fromkeys(record.tortoise for record in proofs.records))
    ran = f" · blocks ran with tortoise-orm {tortoise}" if tortoise else ""
    return f"tortoise-dev {__version__}{ran}"


def _html(name: str, page_file: object) -> str:
    if name.endswith(".md"):
        return f"{name.removesuffix('.md')}.html"
    return examples.page_file(PurePosixPath(name)).removesuffix(".md") + ".html"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="\n")
