"""How the package is built: the README with absolute links, and the skill inside the wheel.

The skill lies at ``tortoise_dev/.agents/skills/tortoise-dev/``, where tools such as library-skills look for
it. Its scripts import the installed library: a small package beside them leads there, so nothing is shipped
twice.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

SKILL = "tortoise_dev/.agents/skills/tortoise-dev"
SHIPPED = ("SKILL.md", "LICENSE", "references", "examples", "scripts")
LIBRARY = "scripts/tortoise_dev"
LEFT_OUT = re.compile(
    r"(^|/)(\.venv|__pycache__|\.\w+_cache|\.hypothesis)/|/uv\.lock$|\.py[co]$|\.sqlite3(-\w+)?$"
)
"""What a checkout may hold and no assistant needs: caches, lock files, databases."""
LINK = re.compile(r"(\]\()(?!https?:|#|mailto:)([^)\s]+)(?=\))")


def skill_files(root: Path) -> list[str]:
    """The files of the skill in a checkout, without the library, as POSIX paths relative to it."""
    tops = (root / name for name in SHIPPED)
    files = (file for top in tops for file in ([top] if top.is_file() else sorted(top.rglob("*"))))
    names = (file.relative_to(root).as_posix() for file in files if file.is_file())
    return [name for name in names if not name.startswith(f"{LIBRARY}/") and not LEFT_OUT.search(name)]


def with_absolute_links(text: str, repository: str) -> str:
    """A page whose links to files of the repository work elsewhere, too; code blocks stay as they are."""
    parts = re.split(r"(?ms)(^```.*?^```$)", text)
    return "".join(
        part if part.startswith("```") else LINK.sub(rf"\1{repository}/blob/main/\2", part) for part in parts
    )


class MetadataHook(MetadataHookInterface):
    """Makes the readme that the package index shows."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the readme to the project's metadata. Raises OSError where there is no README.md."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        shown = with_absolute_links(text, metadata["urls"]["Repository"])
        metadata["readme"] = {"content-type": "text/markdown", "text": shown}


class WheelHook(BuildHookInterface[Any]):
    """Puts the skill into the wheel. An editable install needs none: the checkout is the skill."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files to be added."""
        if version == "editable":
            return
        root = Path(self.root)
        added = {str(root / name): f"{SKILL}/{name}" for name in skill_files(root)}
        added[str(root / "hatch_skill_library.py")] = f"{SKILL}/{LIBRARY}/__init__.py"
        build_data["force_include"] |= added
