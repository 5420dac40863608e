"""From the handbook's folder to the website's folder: read, hold against records, write, let Zensical run."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...about import __version__
from ...pages.page import Page, PageError
from ...pages.reading import read_page
from . import examples, proven
from .config import config_of
from .proof import Proofs, proofs_of, read_records
from .rule_pages import RuleText
from .writer import SiteWriter, write_text

MARKER = "tortoise-dev.json"
"""A file of the website that says what made it: a folder without it is not overwritten."""
_FOREIGN_WORKER = "https://unpkg.com/iframe-worker/shim"
_PROJECT = "examples/billing"


class SiteError(Exception):
    """The website cannot be built; the message is one line that names the cause."""


@dataclass(frozen=True)
class Built:
    """What was built: how many pages, and the blocks by state (a key of ``proven.STATES``)."""

    pages: int
    counts: dict[str, int]


def build_site(root: Path, records: Path, out: Path, rules: Sequence[RuleText]) -> Built:
    """Build the website of the handbook in ``root`` into ``out``.

    Raises SiteError, PageError, LostBlockError, RecordError and OSError, and ModuleNotFoundError without
    Zensical; ``out`` then stays as it was.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MARKER).is_file())):
        raise SiteError(
            f"{out}: holds something else than a website of ours; name another folder, or empty it"
        )
    _refuse_unwritable(out)
    pages = read_pages(root)
    proofs = proofs_of(pages, read_records(records), root / _PROJECT)
    with tempfile.TemporaryDirectory(prefix="handbook-") as name:
        folder = Path(name)
        writer = SiteWriter(root, folder / "docs", pages, proofs, rules)
        navigation_entries = writer.write()
        config = config_of(navigation_entries, _footer(proofs))
        (folder / "mkdocs.yml").write_text(json.dumps(config), encoding="utf-8")
        _run_zensical(folder)
        built = folder / "site"
        _keep_on_this_machine(built)
        writer.write_raw(built, navigation_entries)
        counts = dict(proven.counted(pages, proofs))
        write_text(
            built / MARKER, json.dumps({"written_by": f"tortoise-dev {__version__}", "blocks": counts}) + "\n"
        )
        _replace(built, out)
    return Built(sum(1 for _ in out.rglob("*.html")), counts)


def sources(root: Path) -> list[Path]:
    """The files that the website is made of, for a watcher. Raises OSError."""
    example_paths = [root / path for path in examples.example_files(root)]
    return [root / "SKILL.md", *sorted((root / "references").glob("*.md")), *example_paths]


def read_pages(root: Path) -> list[Page]:
    """The pages of the handbook and its scripts. Raises SiteError and PageError, naming page and line."""
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
    if importlib.util.find_spec("zensical") is None:
        raise ModuleNotFoundError("no zensical", name="zensical")
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
            write_text(file, changed)


def _refuse_unwritable(out: Path) -> None:
    """Raises SiteError before the work if the website could not be put there after it."""
    there = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=there):
            pass
    except OSError as error:
        raise SiteError(f"{out}: cannot be written: {error.strerror}") from None


def _replace(built: Path, out: Path) -> None:
    """Put the new website in the place of the old one."""
    out.mkdir(parents=True, exist_ok=True)
    for entry in out.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    shutil.copytree(built, out, dirs_exist_ok=True)


def _footer(proofs: Proofs) -> str:
    tortoise = ", ".join(dict.fromkeys(record.tortoise for record in proofs.records))
    ran = f" · blocks ran with tortoise-orm {tortoise}" if tortoise else ""
    return f"tortoise-dev {__version__}{ran}"
