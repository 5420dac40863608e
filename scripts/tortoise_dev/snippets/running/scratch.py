"""The temporary folder of a run. A run that is killed cannot remove its own: the next run does.

Each folder holds a file that its run keeps locked for as long as it lives. The folder gets its final name
when the lock is held, so that no other run takes a new folder for a dead one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_PREFIX = "tortoise-dev-run-"
_LOCK = "lock"


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that is removed at the end, and whatever killed runs left. Raises OSError."""
    _remove_dead(Path(tempfile.gettempdir()))
    unnamed = Path(tempfile.mkdtemp(prefix=".tortoise-dev-"))
    lock = os.open(unnamed / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    if fcntl is None:  # what cannot be locked cannot be told from a dead run's folder
        folder = unnamed
    else:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = unnamed.rename(unnamed.with_name(_PREFIX + unnamed.name.rpartition("-")[2]))
    try:
        yield folder.resolve()
    finally:
        if fcntl is None:
            os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)
        if fcntl is not None:
            os.close(lock)


def _remove_dead(parent: Path) -> None:
    """Remove this user's folders of runs that have ended without removing them."""
    if fcntl is None:
        return
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # not ours, in use, or just removed by another run
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
                continue
            lock = os.open(folder / _LOCK, os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
