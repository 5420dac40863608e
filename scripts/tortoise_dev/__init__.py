"""tortoise-dev: a rule checker for Tortoise ORM, and a harness that runs the blocks of Markdown pages."""

from .about import REPOSITORY, __version__

__all__ = ["REPOSITORY", "__version__"]
