"""A file gets its new content in one step: whoever reads it sees the old content or the new one."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

UNFINISHED = ".tortoise-dev-unfinished"
"""How the name of a file or folder ends that is being written. Only a kill leaves one behind."""

CHANGED = "changed while it ran: run it again"
"""What users are told of a file that does not hold any more what was read."""


class NotReplacedError(OSError):
    """A file that is left alone: it is read-only, or it does not hold any more what was read."""


def write_atomically(path: Path, data: bytes, *, old: bytes | None = None) -> None:
    """Write a file, new or in place of another one, whose mode and owner stay. A link stays a link.

    ``old`` is what the file held when it was read. Raises OSError; NotReplacedError where it holds something
    else now, or is read-only.
    """
    target = path.resolve()
    status = target.stat() if target.exists() else None
    if status is not None and not (status.st_mode & 0o222 and os.access(target, os.W_OK)):
        raise NotReplacedError(errno.EACCES, "is read-only: make it writable first", str(path))
    unfinished = target.with_name(f".{target.name}.{os.getpid()}{UNFINISHED}")
    unfinished.unlink(missing_ok=True)  # left behind by a run that was killed
    mode = 0o666 if status is None else 0o600  # nobody else reads the content before it has its own mode
    try:
        with open(unfinished, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if status is not None:
            with contextlib.suppress(OSError, AttributeError):  # another's file, or Windows
                os.chown(unfinished, status.st_uid, status.st_gid)
            unfinished.chmod(status.st_mode & 0o7777)
        if old is not None and target.read_bytes() != old:
            raise NotReplacedError(errno.EBUSY, CHANGED, str(path))
        os.replace(unfinished, target)  # noqa: PTH105 - tests interrupt it by this name
    finally:
        unfinished.unlink(missing_ok=True)
