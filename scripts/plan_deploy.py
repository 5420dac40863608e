#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11"
# dependencies = ["pyyaml>=6"]
# ///
"""Find deployment manifests without a migration step: see plan_deploy.py --help. Needs PyYAML."""

import sys

if __name__ == "__main__":
    try:
        from tortoise_dev.start import run

        sys.exit(run("plan_deploy"))
    except KeyboardInterrupt:  # also while it imports
        sys.exit(130)
