"""What blocks print: stdout and stderr go to two files, and what is new in them is read after each block."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CAPTURED = 200_000
"""Bytes of a block's output that are kept."""

LITTLE = 200
"""Bytes of output that are read at once. Room for more would have to be mapped, which takes longer."""


class Captured:
    """The two files, by the descriptors that they are read by."""

    def __init__(self, stdout: int, stderr: int) -> None:
        self.stdout, self.stderr = stdout, stderr

    def read(self) -> tuple[str, str]:
        """What was printed to stdout and to stderr since they were last read."""
        flush()
        return _read_on(self.stdout), _read_on(self.stderr)

    def clear(self) -> None:
        """Forget all that was printed. Raises OSError."""
        for file in (self.stdout, self.stderr):
            if os.lseek(file, 0, os.SEEK_END):
                os.ftruncate(file, 0)
                os.lseek(file, 0, os.SEEK_SET)


def capture(folder: Path) -> Captured:
    """Send stdout and stderr to files from now on."""
    return Captured(_send(folder / "stdout", 1), _send(folder / "stderr", 2))


def flush() -> None:
    """Write out what Python still holds back."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # a block may have closed or replaced it
            continue


def _send(path: Path, descriptor: int) -> int:
    """Send an output to a file; returns a descriptor of its own to read it by (opened, not inherited)."""
    path.touch()
    os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), descriptor)
    return os.open(path, os.O_RDWR)


def _read_on(file: int) -> str:
    """What a captured output has got since it was last read."""
    data = os.read(file, LITTLE)
    if len(data) == LITTLE:
        data += os.read(file, CAPTURED - LITTLE)
    if len(data) == CAPTURED:
        os.lseek(file, 0, os.SEEK_END)
    return data.decode("utf-8", "replace") if data else ""
