"""What this release is: its version, the address of the project, and the folder of the skill."""

from pathlib import Path

__version__ = "0.1.0"

TOOL = f"tortoise-dev {__version__}"
"""What ``--version`` prints, and what results say that they were made by."""

REPOSITORY = "https://github.com/OWNER/tortoise-dev"
"""Where the project lives. CONTRIBUTING.md says how to set it everywhere."""

_LIBRARY = Path(__file__).resolve().parent
_IN_WHEEL = _LIBRARY / ".agents" / "skills" / "tortoise-dev"

SKILL = _IN_WHEEL if _IN_WHEEL.is_dir() else _LIBRARY.parents[1]
"""The folder with SKILL.md: inside of the installed package, else the one that this file was copied with."""
