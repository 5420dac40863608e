#!/usr/bin/env python3
"""Find a section of the handbook: see handbook.py --help. Needs nothing but Python 3.11 or newer."""

import sys

if __name__ == "__main__":
    try:
        from tortoise_dev.start import run

        sys.exit(run("handbook"))
    except KeyboardInterrupt:  # also while it imports
        sys.exit(130)
