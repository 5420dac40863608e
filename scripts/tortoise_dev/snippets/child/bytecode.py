"""Which bytecode Python may keep while blocks run."""

from __future__ import annotations

import os
from importlib.machinery import SourceFileLoader
from typing import Any

_PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def keep_bytecode_of_packages() -> None:
    """From now on keep the bytecode of installed packages alone.

    A block may write a module twice in a second, and Python would take the bytecode of the first for it.
    Without any bytecode, a large package would be compiled again for each chain that imports it.
    """
    write = SourceFileLoader.set_data

    def set_data(self: SourceFileLoader, path: str, data: Any, **options: Any) -> None:
        if any(folder in path for folder in _PACKAGES):
            write(self, path, data, **options)

    SourceFileLoader.set_data = set_data  # type: ignore[method-assign]
