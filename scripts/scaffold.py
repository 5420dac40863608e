#!/usr/bin/env python3
"""Write a project, a sub-application or a model: see scaffold.py --help. Needs Python alone."""

import sys

from tortoise_dev.commands.scaffold import main

if __name__ == "__main__":
    sys.exit(main())
