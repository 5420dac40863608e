#!/usr/bin/env python3
"""Check a project against the rules: see check.py --help. Needs nothing but Python 3.11 or newer."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs it with an older Python shall be told so
    print("check.py: needs Python 3.11 or newer, this is " + sys.version.split()[0], file=sys.stderr)
    sys.exit(2)

from tortoise_dev.commands.check import main

if __name__ == "__main__":
    sys.exit(main())
