"""How each script starts its command, so that Ctrl-C means the same at each moment.

An old Python reads this file before it is told which one is needed, so there is no new syntax here.
"""

from importlib import import_module


def run(command):
    # type: (str) -> int
    """Import the module of a command, and return the exit status of its ``main``.

    If Ctrl-C comes while a class is being made, Python 3.11 raises RuntimeError. An import makes classes.
    """
    try:
        return int(import_module("tortoise_dev.commands." + command).main())
    except RuntimeError as error:
        if isinstance(getattr(error, "__cause__", None), KeyboardInterrupt):
            raise KeyboardInterrupt  # noqa: B904 - Python 2 has no `from None`
        raise
