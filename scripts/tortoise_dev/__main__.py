"""``tortoise-dev COMMAND`` and ``python -m tortoise_dev COMMAND``: see --help."""

import sys

from tortoise_dev.commands.dispatch import main

if __name__ == "__main__":
    sys.exit(main())
