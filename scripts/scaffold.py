#!/usr/bin/env python3
"""Write a project, a sub-application or a model: see scaffold.py --help. Needs Python alone."""

import sys

if __name__ == "__main__":
    try:
        from tortoise_dev.start import run

        sys.exit(run("scaffold"))
    except KeyboardInterrupt:  # also while it imports
        sys.exit(130)
