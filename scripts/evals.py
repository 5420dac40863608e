#!/usr/bin/env python3
"""Try an assistant on tasks, with and without the skill: see evals.py --help. Start it with uv run."""

import sys

from tortoise_dev.commands.evals import main

if __name__ == "__main__":
    sys.exit(main())
