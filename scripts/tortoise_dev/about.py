"""What this release is: its version, the address of the project, the folder of the skill, and the names of
its commands.
"""

import sys
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

SCRIPTS = {
    "check": "check.py",
    "snippets": "snippets.py",
    "scaffold": "scaffold.py",
    "split": "split_models.py",
    "plan-deploy": "plan_deploy.py",
    "find": "handbook.py find",
    "handbook": "handbook.py",
    "evals": "evals.py",
}
"""Command -> the script in ``scripts/`` that is the same."""


def called_as() -> str:
    """How the user started this process: ``check.py``, ``tortoise-dev``, ``python -m tortoise_dev``."""
    spec = sys.modules["__main__"].__spec__
    if spec is None:
        return Path(sys.argv[0]).name
    return f"python -m {spec.name.removesuffix('.__main__')}"


def command(name: str) -> str:
    """What to type for a command of this project, written like the one that runs now: ``check.py``,
    ``tortoise-dev check`` or ``python -m tortoise_dev check``.
    """
    called = called_as()
    if called in SCRIPTS.values():
        return SCRIPTS[name]
    as_module = f"python -m {__name__.partition('.')[0]}"
    return f"{as_module if called.startswith(as_module) else 'tortoise-dev'} {name}"
