#!/usr/bin/env python3
"""Find a section of the handbook: see handbook.py --help. Needs nothing but Python 3.11 or newer."""

import sys

from tortoise_dev.commands.handbook import main

if __name__ == "__main__":
    sys.exit(main())
