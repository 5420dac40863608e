#!/usr/bin/env python3
"""Try an assistant on tasks, with and without the skill: see evals.py --help. Start it with uv run."""

import sys

if __name__ == "__main__":
    try:
        from tortoise_dev.start import run

        sys.exit(run("evals"))
    except KeyboardInterrupt:  # also while it imports
        sys.exit(130)
