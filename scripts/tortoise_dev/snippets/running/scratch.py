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
    folder = Path(tempfile.mkdtemp(prefix=".tortoise-dev-"))
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    if _is_locked_by(lock):  # else other runs cannot tell that this one lives: they must not find it
        folder = folder.rename(folder.with_name(_PREFIX + folder.name.rpartition("-")[2]))
    try:
        yield folder.resolve()
    finally:
        if os.name == "nt":  # an open file cannot be removed there
            os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)
        if os.name != "nt":
            os.close(lock)


def _is_locked_by(file: int) -> bool:
    """Lock an open file, if nobody has locked it and the system can do it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (OSError, AttributeError):
        return False
    return True


def _remove_dead(parent: Path) -> None:
    """Remove this user's folders of runs that have ended without removing them."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # not ours, in use, or just removed by another run
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
                continue
            lock = os.open(folder / _LOCK, os.O_RDWR)
            try:
                if _is_locked_by(lock):
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
