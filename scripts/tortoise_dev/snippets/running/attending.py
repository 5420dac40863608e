"""Watching one child: what it says, and how it ends, by itself or because its time is over."""

from __future__ import annotations

import os
import select
import signal
import time
from typing import NamedTuple

from ..protocol import GRACE
from .orphans import kill_group

_LAST_WORDS = (b'{"is": "End"', b'{"is": "Crash"')
"""How the messages begin after which a child only has to end."""


class Ended(NamedTuple):
    """How a child ended."""

    status: int
    """As wait() has it."""

    processor: float
    """The seconds that it was on a processor; 0.0 where it ended in time."""

    timed_out: bool


def attend(child: int, reader: int, requests: int, limit: float, said: bytearray) -> Ended:
    """Put a child's messages into ``said`` until it ends or runs out of time.

    ``reader`` is the channel that it writes to. Raises EOFError when ``requests`` end: the child is to be
    killed.

    The messages are passed on together, because the parent wakes up for each message that it gets.
    """
    pending = b""
    deadline = time.monotonic() + limit
    dying = ended = False
    watched = [reader, requests]
    while True:
        wait = deadline - time.monotonic()
        if wait <= 0:
            if dying or ended:
                kill_group(child)
                os.kill(child, signal.SIGKILL)  # it may have left its group
                return Ended(*_waited_for(child, measured=True)[1:], dying)
            os.kill(child, signal.SIGUSR1)
            dying, deadline = True, time.monotonic() + GRACE
            continue
        ready, _, _ = select.select(watched, [], [], min(wait, 0.5 if reader in watched else 0.002))
        if requests in ready:
            raise EOFError
        data = os.read(reader, 4096) if ready else b""
        if not data:
            flags = 0 if ready and ended else os.WNOHANG
            done, status, processor = _waited_for(child, flags, measured=dying)
            if done:
                return Ended(status, processor, dying)
            if ready:  # it has closed the channel, and will end now, or later
                watched = [requests]
            continue
        said += data
        pending += data
        if b"\n" not in data:
            continue
        *lines, pending = pending.split(b"\n")
        if not dying:
            deadline = time.monotonic() + limit
        for line in lines:
            if line.startswith(_LAST_WORDS):
                ended, deadline = True, time.monotonic() + GRACE


def _waited_for(child: int, flags: int = 0, *, measured: bool) -> tuple[bool, int, float]:
    """Has a child ended? Its status, and the seconds that it was on a processor, if they are asked for."""
    if not measured:
        done, status = os.waitpid(child, flags)
        return done != 0, status, 0.0
    done, status, usage = os.wait4(child, flags)
    return done != 0, status, usage.ru_utime + usage.ru_stime
