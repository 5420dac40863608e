"""What Zensical is told: no fonts from the network, and addresses of files, so that they open as they are."""

from __future__ import annotations

from collections.abc import Sequence

from .navigation import Entry

_FEATURES = (
    "navigation.sections",
    "navigation.prune",
    "navigation.top",
    "navigation.footer",
    "navigation.tracking",
    "toc.follow",
    "search.highlight",
)


def config_of(entries: Sequence[Entry], footer: str) -> dict[str, object]:
    """The configuration, in the form of mkdocs.yml."""
    return {
        "site_name": "tortoise-dev",
        "site_description": "The Tortoise ORM handbook with the proof under each block",
        "docs_dir": "docs",
        "site_dir": "site",
        "use_directory_urls": False,
        "copyright": footer,
        "nav": [{"Home": "index.md"}, *(entry.to_config() for entry in entries)],
        "theme": {
            "name": "material",
            "variant": "modern",
            "language": "en",
            "font": False,
            "features": list(_FEATURES),
            "palette": [
                _palette("(prefers-color-scheme)", "default", "lucide/sun-moon", "Switch to light mode"),
                _palette("(prefers-color-scheme: light)", "default", "lucide/sun", "Switch to dark mode"),
                _palette(
                    "(prefers-color-scheme: dark)", "slate", "lucide/moon", "Switch to the system's mode"
                ),
            ],
        },
        "plugins": ["search", "offline"],
        "extra": {"generator": False},
        "extra_css": ["assets/handbook.css"],
        "extra_javascript": ["assets/handbook.js"],
        "markdown_extensions": ["attr_list", "md_in_html", {"toc": {"permalink": True}}],
    }


def _palette(media: str, scheme: str, icon: str, name: str) -> dict[str, object]:
    return {"media": media, "scheme": scheme, "toggle": {"icon": icon, "name": name}}
