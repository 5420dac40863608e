"""Relative links of a page: does the file that they lead to exist?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from .page import Oddity, Page

_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|/|#|\?|[<{]")


def dead_links(page: Page) -> Iterator[Oddity]:
    """Yield an oddity for each relative link to a file that is not there.

    Only the path is checked, not the anchor; links with a scheme and links from the site's root are let be. A
    target without a suffix may be a page's address, as site generators write it (``guide/`` for
    ``guide.md``).
    """
    for line, target in dict.fromkeys(page.links):
        path = unquote(re.split(r"[#?]", target, maxsplit=1)[0])
        if not path or _ELSEWHERE.match(target) or "{{" in path or _exists(page, path):
            continue
        identity = f"{page.name}::link/{path}"
        yield Oddity(identity, line, f"dead link: {path} does not exist", "failed", line)


def _exists(page: Page, path: str) -> bool:
    here = page.path.parent / path
    candidates = [here]
    if not here.suffix:  # a page's address, which may start from this page's own folder of that name
        for place in (here, page.path.with_suffix("") / path):
            candidates += [place.with_name(place.name + ".md"), place / "index.md", place / "README.md"]
    try:
        return any(candidate.exists() for candidate in candidates)
    except (OSError, ValueError):
        return False
