"""How much memory a chain's processes may take, and how large a file they may write.

Without limits a block could take the whole machine, or fill its disk with output. Only where the system has
such limits: not on Windows; macOS knows no limit of memory.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from ..protocol import FILE_SIZE

resource: Any = None
with contextlib.suppress(ImportError):  # Windows has none
    import resource


def set_limits(memory: int) -> None:
    """Limit this process and those that it starts to ``memory`` MiB each.

    What counts is what can be written to: threads, and other runtimes, only reserve much more than that.
    """
    if resource is None:
        return
    _lower(resource.RLIMIT_FSIZE, FILE_SIZE)
    if sys.platform == "linux":
        _lower(resource.RLIMIT_DATA, memory)


def _lower(kind: int, mebibytes: int) -> None:
    _, hard = resource.getrlimit(kind)
    wanted = mebibytes << 20
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (limit, limit))
