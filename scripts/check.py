#!/usr/bin/env python3
"""Check a project against the rules: see check.py --help. Needs nothing but Python 3.11 or newer."""

import sys

from tortoise_dev.commands.check import main

if __name__ == "__main__":
    sys.exit(main())
