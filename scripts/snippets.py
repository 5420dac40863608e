#!/usr/bin/env python3
"""Run every fenced block of Markdown pages: see snippets.py --help."""

import sys

from tortoise_dev.commands.snippets import main

if __name__ == "__main__":
    sys.exit(main())
