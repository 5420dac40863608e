#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11"
# dependencies = ["pyyaml>=6"]
# ///
"""Find deployment manifests without a migration step: see plan_deploy.py --help. Needs PyYAML."""

import sys

from tortoise_dev.commands.plan_deploy import main

if __name__ == "__main__":
    sys.exit(main())
