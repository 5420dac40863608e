"""A process that compiles blocks for a fork server.

Compiling touches much memory. After each fork the server would wait for a copy of every page of it that it
writes to, which costs more than the compiling. So the server itself holds no compiler: it asks this process,
which forks nothing.
"""

from __future__ import annotations

import json
import os
from typing import IO

from ..protocol import NameRead, Program, Request, Step


class Compiler:
    """Makes the programs of a request: in a process of its own once it was started, else in this one."""

    def __init__(self) -> None:
        self.process: int | None = None
        self._ask: IO[str] | None = None
        self._answers: IO[str] | None = None

    def start(self) -> None:
        """Fork the process; it ends when this one does. Raises OSError."""
        questions, ask = os.pipe()
        answers, tell = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ask)
            os.close(answers)
            _serve(questions, tell)
        self.process = child
        os.close(questions)
        os.close(tell)
        self._ask = os.fdopen(ask, "w", encoding="utf-8")
        self._answers = os.fdopen(answers, "r", encoding="utf-8")

    def programs(self, request: Request) -> dict[int, Program]:
        """The programs of a request's Python blocks, by the index of their step."""
        steps = [step for step in request.steps if step.kind == "python"]
        if not steps:
            return {}
        return dict(zip((step.index for step in steps), self._made(steps, request.page), strict=True))

    def _made(self, steps: list[Step], page: str) -> list[Program]:
        if self._ask is not None and self._answers is not None:
            try:
                self._ask.write(json.dumps([page, [_block(step) for step in steps]]) + "\n")
                self._ask.flush()
                return _decoded(self._answers.readline())
            except (OSError, ValueError):  # it is gone: a block that the compiler did not survive, perhaps
                self._ask = self._answers = None
        from .programs import make_programs

        return make_programs([_block(step) for step in steps], page)


def _block(step: Step) -> tuple[str, int, bool]:
    return step.source, step.line, step.file is not None or step.prelude


def _decoded(line: str) -> list[Program]:
    programs: list[Program] = []
    for data in json.loads(line):
        data["reads"] = [NameRead(**read) for read in data["reads"]]
        programs.append(Program(**data))
    return programs


def _serve(questions: int, tell: int) -> None:
    """Answer until nobody asks any more; never returns."""
    from .programs import make_programs

    try:
        encode = json.JSONEncoder(default=vars).encode
        with (
            os.fdopen(questions, "r", encoding="utf-8") as lines,
            os.fdopen(tell, "w", encoding="utf-8") as out,
        ):
            for line in lines:
                page, blocks = json.loads(line)
                out.write(encode(make_programs([(s, n, f) for s, n, f in blocks], page)) + "\n")
                out.flush()
    finally:
        os._exit(0)
