#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11"
# dependencies = ["libcst>=1.5"]
# ///
"""Split a models.py into a package, one file for each model: see split_models.py --help. Needs LibCST."""

import sys

if __name__ == "__main__":
    try:
        from tortoise_dev.start import run

        sys.exit(run("split"))
    except KeyboardInterrupt:  # also while it imports
        sys.exit(130)
