#!/usr/bin/env python3
"""Run every fenced block of Markdown pages: see snippets.py --help."""

import sys

if __name__ == "__main__":
    try:
        from tortoise_dev.start import run

        sys.exit(run("snippets"))
    except KeyboardInterrupt:  # also while it imports
        sys.exit(130)
