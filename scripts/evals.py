#!/usr/bin/env python3
"""Try an assistant on tasks, with and without the skill: see evals.py --help. Start it with uv run."""

import sys

if __name__ == "__main__":
    try:
        from tortoise_dev.commands.evals import main

        sys.exit(main())
    except KeyboardInterrupt:  # also while it imports
        sys.exit(130)
