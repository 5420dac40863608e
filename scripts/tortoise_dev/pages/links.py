"""Relative links of a page: do the file that they lead to, and the place in it, exist?"""

from __future__ import annotations

import difflib
import functools
import os
import re
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import unquote

from .discovery import SUFFIXES
from .page import Oddity, Page, PageError
from .reading import read_page

_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|/|\?|[<{]")
# Not made by a heading: the top, text fragments, and what site generators number themselves.
_GENERATED = re.compile(r"top|:~:.*|__.*|fn(ref)?[:-].*|L\d+.*|user-content-fn.*", re.IGNORECASE)


def dead_links(page: Page) -> Iterator[Oddity]:
    """Yield an oddity for each relative link to a file, or to an anchor of a page, that is not there.

    Links with a scheme and links from the site's root are let be. A target may be a page's address, as site
    generators write it (``guide/`` or ``guide.html`` for ``guide.md``); where it may be that or a folder
    (``./`` is the page itself on a site, and its folder in a repository), the anchor may be in either.
    """
    seen: Counter[str] = Counter()
    places = [(*link, False) for link in page.links] + [(*link, True) for link in page.html_links]
    for line, target, is_html in dict.fromkeys(places):
        path, _, anchor = target.partition("#")
        path, anchor = unquote(path.partition("?")[0]), unquote(anchor)
        if _ELSEWHERE.match(target) or "{{" in target:
            continue
        files = _files(page, path, is_html=is_html) if path else [page.path]
        is_there = files and (not anchor or any(_has_anchor(page, file, anchor) for file in files))
        if is_there or _is_of_sphinx(page.path.parent.absolute(), target):
            continue
        if not files:
            mail = f": did you mean mailto:{path}?" if re.fullmatch(r"[^/@]+@[^/@]+", path) else ""
            what, reason = path, f"dead link: {path} does not exist{mail}"
        else:
            what = f"{path}#{anchor}"
            near = _nearest(page, files[0], anchor)
            reason = f"dead link: {path or 'this page'} has no heading or anchor #{anchor}{near}"
        seen[what] += 1
        number = f"/{seen[what]}" if seen[what] > 1 else ""
        yield Oddity(f"{page.name}::link/{what}{number}", line, reason, "failed", line)


def _files(page: Page, path: str, *, is_html: bool) -> list[Path]:
    """The files that a relative link may lead to, the likeliest first; or a folder without a page."""
    here = page.path.parent
    places = [here / path]
    if is_html or not places[0].suffix:  # of the site, where this page is a folder of its own name
        places += [page.path.with_suffix("") / path]
    places = [_normal(place) for place in places]
    candidates: list[Path] = []
    for place in places:
        index = [place / name for name in ("index.md", "README.md")]
        beside = [place.with_name(place.name + suffix) for suffix in SUFFIXES] if place.name else []
        built = place.suffix.lower() in (".html", ".htm")
        source = [place.with_suffix(suffix) for suffix in SUFFIXES] if built else []
        candidates += [*index, *beside] if not place.suffix else [place, *source]
    try:
        pages = [candidate for candidate in candidates if candidate.exists()]
        return pages or [place for place in places if place.exists()]
    except (OSError, ValueError):
        return []


_LABEL = re.compile(r"(?m)^[ \t]*(?:\(([^()\n]+)\)=|\.\. _([^:\n]+):)[ \t]*$")


_OBJECT = re.compile(
    r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\.(?!(md|rst|html?|txt|png|svg|jpe?g|gif|pdf|py|toml|ya?ml)$)\w+"
)


def _is_of_sphinx(folder: Path, target: str) -> bool:
    """Is it a name that Sphinx resolves: a label of any page, or a Python object (``module.Class``)?"""
    root = _sphinx_root(folder)
    return root is not None and (
        target.removeprefix("#") in _labels(root) or _OBJECT.fullmatch(target) is not None
    )


@functools.cache
def _sphinx_root(folder: Path) -> Path | None:
    """The folder of Sphinx' settings, here or above."""
    above = (folder, *folder.parents)
    return next((one for one in above if (one / "conf.py").exists() or (one / "myst.yml").exists()), None)


@functools.cache
def _labels(root: Path) -> frozenset[str]:
    """The names that Sphinx knows places by, on all pages of a folder."""
    files = [file for suffix in ("*.md", "*.rst") for file in root.rglob(suffix)]
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file()]
    return frozenset(name for text in texts for match in _LABEL.findall(text) for name in match if name)


def _normal(path: Path) -> Path:
    """A path without ``..``; a page's own folder need not be there."""
    return Path(os.path.normpath(path))


def _has_anchor(page: Page, file: Path, anchor: str) -> bool:
    if not file.name.lower().endswith(SUFFIXES) or _GENERATED.fullmatch(anchor):
        return True
    known = _known_anchors(page, file)
    return known is None or anchor.removeprefix("user-content-") in known


def _nearest(page: Page, file: Path, anchor: str) -> str:
    """A hint at the anchor that was perhaps meant."""
    near = difflib.get_close_matches(anchor, _known_anchors(page, file) or (), n=1, cutoff=0.7)
    return f": did you mean #{near[0]}?" if near else ""


def _known_anchors(page: Page, file: Path) -> Collection[str] | None:
    """The anchors of a page that this page links to; None where they cannot be told."""
    if _normal(file.absolute()) == _normal(page.path.absolute()):
        return None if page.has_more else page.anchors
    try:
        return _anchors(file, file.stat().st_mtime_ns)
    except OSError:
        return ()


@functools.cache
def _anchors(file: Path, changed: int) -> frozenset[str] | None:
    """The anchors of another page, read once a run; None where they cannot be told from the file alone."""
    try:
        page = read_page(file, file.name)
    except PageError:
        return None
    return None if page.has_more else frozenset(page.anchors)
