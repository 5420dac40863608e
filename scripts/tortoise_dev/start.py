"""How each script starts its command, so that Ctrl-C means the same at each moment."""

from __future__ import annotations

from importlib import import_module


def run(command: str) -> int:
    """Import the module of a command, and return the exit status of its ``main``.

    If Ctrl-C comes while a class is being made, Python 3.11 raises RuntimeError. An import makes classes.
    """
    try:
        status: int = import_module(f"{__package__}.commands.{command}").main()
    except RuntimeError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    return status
