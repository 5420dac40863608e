"""Leads from the skill inside the wheel to the library around it, whichever Python runs the skill's scripts.

In the wheel this file is ``tortoise_dev/.agents/skills/tortoise-dev/scripts/tortoise_dev/__init__.py``.
"""

from pathlib import Path

__path__ = [str(Path(__file__).resolve().parents[5])]

from .about import REPOSITORY, __version__

__all__ = ["REPOSITORY", "__version__"]
