"""Links: which file, which anchor."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev.pages.headings import anchors_of_headings, written_anchors
from tortoise_dev.pages.links import dead_links
from tortoise_dev.pages.reading import read_page


def dead(folder: Path, text: str, name: str = "guide.md") -> list[str]:
    page = folder / name
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")
    return [odd.id.partition("::link/")[2] for odd in dead_links(read_page(page, name))]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "api.md").write_text("# The API\n\n## Same\n\n## Same\n", encoding="utf-8")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "index.md").write_text("# More\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "target",
    [
        "api.md#the-api",
        "api.md#same-1",
        "api.md#same_1",
        "../api/",
        "../api/#the-api",
        "api",
        "../more/",
        "../more/#more",
        "more/index.md#more",
        "api.md#user-content-the-api",
        "api.md#top",
        "api.md#:~:text=x",
        "#here",
        "<api.md#the-api> 'titled'",
        "/api/#no-such",
        "https://example.test/#no-such",
    ],
)
def test_links_that_lead_somewhere(site: Path, target: str) -> None:
    assert dead(site, f"# Here\n\n[x]({target})\n") == []


@pytest.mark.parametrize(
    "target",
    [
        "api.md#the-apis",
        "api.md#same-2",
        "../apis/",
        "../api/#nowhere",
        "#her",
        "api.md#The-API",
        "more/#less",
    ],
)
def test_links_that_do_not(site: Path, target: str) -> None:
    assert dead(site, f"# Here\n\n[x]({target})\n") == [target]


def test_a_dot_is_the_page_on_a_site_and_its_folder_in_a_repository(site: Path) -> None:
    text = "# Here\n\n[x](./#here) [y](./#more) [z](./#there)\n"
    assert dead(site, text, "more/guide.md") == ["./#there"]


def test_each_dead_link_has_its_own_id(site: Path) -> None:
    assert dead(site, "[a](x.md)\n\n![b](x.md) and [c][d]\n\n[d]: x.md#y\n") == ["x.md", "x.md/2", "x.md/3"]


def test_a_page_with_text_from_elsewhere_may_have_any_anchor(site: Path) -> None:
    assert dead(site, "::: pkg.module\n\n[x](#pkg.module.f)\n") == []


def test_explicit_anchors() -> None:
    text = '<a id="one"></a> <h2 name=two>x</h2> [](){#three} {: #four .c }\n(five)=\n'
    assert set(written_anchors(text)) == {"one", "two", "three", "four", "five"}


def test_slugs() -> None:
    found = set(
        anchors_of_headings([("`a.b()` & *C*", "a.b() & C"), ("Ünï", "Ünï"), ("3. Third", "3. Third")])
    )
    assert {"ab--c", "ab-c", "ünï", "uni", "3-third", "_3-third"} <= found


def test_the_nearest_anchor_is_named(site: Path) -> None:
    (site / "guide.md").write_text(
        "# Options\n\n[a](#option) [b](api.md#the-ap) [c](#zebra)\n", encoding="utf-8"
    )
    reasons = [odd.reason for odd in dead_links(read_page(site / "guide.md", "guide.md"))]
    assert [reason.partition("did you mean ")[2] for reason in reasons] == ["#options?", "#the-api?", ""]
