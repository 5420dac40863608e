"""tortoise-dev: a rule checker for Tortoise ORM, and a harness that runs the blocks of Markdown pages."""

__version__ = "0.1.0"
