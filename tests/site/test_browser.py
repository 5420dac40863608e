"""The website in a real browser. Once, before a release, or after a change of the look:

    uv run --group browser pytest tests/site/test_browser.py

It needs Chromium (Debian's package ``chromium``, or any other in the PATH). ``TORTOISE_DEV_RECORDS`` names
a folder of records; without it a few pages are run first. ``TORTOISE_DEV_SCREENSHOTS`` names a folder for
pictures.
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import run_python, run_snippets

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]

ROOT = Path(__file__).resolve().parents[2]
AXE = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
KINDS = (
    "index.html",
    "SKILL.html",
    "proven.html",
    "references/queries.html",
    "references/models.html",
    "references/errors.html",
    "rules/TD106.html",
    "examples/index.html",
    "examples/billing/apps/billing/models/invoice.py.html",
)
"""A page of each kind."""

SEARCHES = {
    "select_for_update": "references/locks.html",
    "keyset": "examples/queries_keyset_postgres.py.html",
    "No values were fetched for this relation": "references/errors.html",
    "default_connection for the model": "references/models.html",
    "TD106": "rules/TD106.html",
    "missing-await": "rules/TD106.html",
    "soft delete": "references/abstract-bases.html",
    "bulk_create": "references/writes.html",
    "in_transaction": "references/transactions.html",
    "many-to-many": "references/relations.html",
    "Kubernetes": "references/deployment-kubernetes.html",
    "Helm": "references/deployment-kubernetes.html",
    "pgbouncer": "references/pgbouncer.html",
    "RegisterTortoise": "references/fastapi.html",
    "Sanic": "references/frameworks.html",
    "MariaDB": "references/mysql.html",
    "aerich upgrade": "references/migrations-aerich.html",
    "while old code runs": "references/zero-downtime.html",
    "freezegun": "references/testing.html",
    "group_by": "references/aggregation.html",
    "UNIQUE constraint failed": "references/errors-mysql.html",
    "object has no attribute": "references/errors.html",
    "No TortoiseContext is currently active": "references/errors.html",
    "was created on a different event loop": "references/errors.html",
    "the number of query arguments cannot exceed 32767": "references/errors-databases.html",
}
"""What people type, and a page that must be among the results."""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files, and says nothing."""

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole website."""
    records = os.environ.get("TORTOISE_DEV_RECORDS")
    folder = tmp_path_factory.mktemp("website")
    if records is None:
        records = str(folder / "records")
        run_snippets(ROOT, "references/queries.md", "references/models.md", "--record", records)
    done = run_python(ROOT, "scripts/handbook.py", "build", "--records", records, "-o", str(folder / "site"))
    assert done.returncode == 0, done.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the website is served, on this machine."""
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Chromium."""
    with playwright.sync_playwright() as tools:
        chromium = tools.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


class Window:
    """A window of one size and one colour scheme, which notes what a page must not do."""

    def __init__(self, browser, base: str, width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        if base.startswith("http:"):
            self.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=base)
        self.page = self.context.new_page()
        self.base = base
        self.complaints: list[str] = []
        self.page.on("console", self.note)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.page.on("request", self.asked)

    def note(self, message) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {message.type}: {message.text}")

    def asked(self, request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.complaints.append(f"{self.page.url}: asks for {request.url}")

    def open(self, name: str):
        self.page.goto(self.base + name, wait_until="load")
        return self.page


@pytest.fixture
def window(browser, address: str) -> Iterator[Window]:
    """A wide, light window."""
    window = Window(browser, address)
    yield window
    window.context.close()
    assert window.complaints == []


def search_box(page):
    """The search, opened by its key; the key does nothing before the page's script has run."""
    box = page.get_by_role("combobox")
    for _ in range(30):
        page.keyboard.press("Control+k")
        try:
            box.wait_for(timeout=1000)
        except playwright.TimeoutError:
            continue
        return box
    raise AssertionError("the search does not open")


def names(site: Path) -> list[str]:
    """All pages of the website."""
    return sorted(file.relative_to(site).as_posix() for file in site.rglob("*.html"))


def violations(page) -> list[str]:
    """What axe says of a page."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run()")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_each_kind_of_page_can_be_used_by_everybody(browser, address: str, width: int, scheme: str) -> None:
    window = Window(browser, address, width, scheme)
    for name in KINDS:
        page = window.open(name)
        page.evaluate("[...document.querySelectorAll('details')].slice(0, 9).forEach(one => one.open = true)")
        page.wait_for_timeout(300)
        assert (name, violations(page)) == (name, [])
        if folder := os.environ.get("TORTOISE_DEV_SCREENSHOTS"):
            page.screenshot(path=f"{folder}/{name.replace('/', '-')}-{width}-{scheme}.png")
    assert window.complaints == []


def test_every_page_loads_without_a_word_and_fits_a_phone(browser, address: str, site: Path) -> None:
    window = Window(browser, address, 375)
    wide = []
    for name in names(site):
        if name != "404.html":
            page = window.open(name)
            width = page.evaluate("document.documentElement.scrollWidth")
            wide += [name] if width > 375 else []
    assert wide == []
    assert window.complaints == []


def test_every_page_is_accessible(browser, address: str, site: Path) -> None:
    window = Window(browser, address)
    found = {}
    for name in names(site):
        if name != "404.html":
            problems = violations(window.open(name))
            found |= {name: problems} if problems else {}
    assert found == {}


def test_every_link_and_anchor(browser, address: str, site: Path) -> None:
    """The links of all pages as the browser resolves them, and the anchors that it finds."""
    window = Window(browser, address)
    links: dict[str, set[str]] = {}
    anchors: dict[str, set[str]] = {}
    for name in names(site):
        if name == "404.html":
            continue
        page = window.open(name)
        links[name] = set(page.evaluate("[...document.querySelectorAll('a[href]')].map(one => one.href)"))
        anchors[name] = set(page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)"))
    dead = []
    for name, targets in links.items():
        for target in targets:
            if not target.startswith(address):
                continue
            path, _, anchor = target.removeprefix(address).partition("#")
            path = path or "index.html"
            if not (site / path).is_file() or (anchor and anchor not in anchors.get(path, ())):
                dead.append(f"{name} -> {path}#{anchor}")
    assert dead == []
    assert sum(map(len, links.values())) > 10_000


@pytest.mark.parametrize("way", ["http", "file"])
def test_search_finds(browser, address: str, site: Path, way: str) -> None:
    base = address if way == "http" else f"file://{site}/"
    window = Window(browser, base)
    page = window.open("references/models.html")
    box = search_box(page)
    missing = []
    for words, wanted in SEARCHES.items():
        box.fill(words)
        try:
            page.locator(f'a[role=option][href*="{wanted}"]').first.wait_for(timeout=5000)
        except playwright.TimeoutError:
            missing.append(words)
    assert missing == []
    assert window.complaints == []


def test_proof_is_folded_until_asked_for(window: Window) -> None:
    page = window.open("references/queries.html")
    proof = page.locator("details.td-proof:visible").first
    body = proof.locator(".td-proof-body")
    assert not body.is_visible()
    proof.locator("summary").click()
    assert body.is_visible()
    assert "SQLite" in body.inner_text()
    proof.locator("summary").click()
    assert not body.is_visible()


def test_a_deep_link_opens_what_is_folded(window: Window) -> None:
    page = window.open("references/queries.html")
    anchor = page.locator("details.td-setup .td-block").first.get_attribute("id")
    page = window.open(f"references/queries.html#{anchor}")
    assert page.locator(f"#{anchor}").is_visible()


def test_the_copy_button_copies(window: Window) -> None:
    page = window.open("references/queries.html")
    block = page.locator(".td-block:visible").first
    block.locator(".td-copy").click()
    page.wait_for_function(
        "[...document.querySelectorAll('.td-copy')].some(one => one.textContent === 'Copied')"
    )
    assert page.evaluate("navigator.clipboard.readText()") == block.locator("pre code").first.text_content()


def test_the_keyboard_alone_is_enough(window: Window) -> None:
    page = window.open("references/queries.html")
    page.keyboard.press("Tab")
    assert "md-skip" in page.evaluate("document.activeElement.className")
    page.keyboard.press("Enter")
    reached: set[str] = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        classes = page.evaluate("document.activeElement.className").split()
        reached.update(classes)
        if page.evaluate("document.activeElement.matches('.td-proof > summary')"):
            page.keyboard.press("Enter")
            break
    assert {"td-copy", "td-anchor"} <= reached
    assert page.locator("details.td-proof[open]").count() == 1
    search_box(page)
    page.keyboard.type("select_for_update")
    page.wait_for_timeout(1000)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "queries.html" not in url or "#" in url)


def test_dark_mode_is_remembered(window: Window) -> None:
    page = window.open("index.html")
    scheme = "document.body.getAttribute('data-md-color-scheme')"
    assert page.evaluate(scheme) == "default"
    for _ in range(2):
        page.locator("label.md-header__button[for^=__palette]:visible").click()
    assert page.evaluate(scheme) == "slate"
    page = window.open("references/models.html")
    assert page.evaluate(scheme) == "slate"
