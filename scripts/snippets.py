#!/usr/bin/env python3
"""Run every fenced block of Markdown pages: see snippets.py --help."""

import sys

try:
    from tortoise_dev.commands.snippets import main
except ModuleNotFoundError as error:
    print(
        f"snippets.py: {error.name} is missing: use 'uv run', or install tortoise-dev[snippets]",
        file=sys.stderr,
    )
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(main())
