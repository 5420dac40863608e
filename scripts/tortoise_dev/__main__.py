"""``tortoise-dev COMMAND`` and ``python -m tortoise_dev COMMAND``: see --help."""

import sys


def main():  # type: () -> int  # Python 2 reads this file, too
    """Run a command, and return its exit status."""
    try:
        from tortoise_dev.start import run

        return run("dispatch")
    except KeyboardInterrupt:  # also while it imports
        return 130


if __name__ == "__main__":
    sys.exit(main())
