"""Titled files that something else on the page runs: tests, and modules that later blocks speak of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from ...pages.kinds import IN_SHELL, RUNNABLE
from ...pages.page import Block
from .. import shell_text
from .planned import PlannedBlock


def is_named_later(planned: PlannedBlock, blocks: Iterable[PlannedBlock]) -> bool:
    """Does a block further down speak of the module that this file is, and so perhaps call what is in it?"""
    assert planned.title is not None
    name = planned.title.stem if planned.title.stem != "__init__" else planned.title.parent.name
    named = re.compile(rf"\b{re.escape(name)}\b")
    below = (p.block for p in blocks if p.block.line > planned.block.line and p.block.kind in RUNNABLE)
    return any(named.search(block.source) for block in below)


def is_test_file(path: PurePosixPath) -> bool:
    """Is this a file that pytest runs, or reads by itself?"""
    return re.fullmatch(r"test_.*\.py|.*_test\.py|conftest\.py", path.name) is not None


def runner_of_tests(planned: PlannedBlock, blocks: Iterable[PlannedBlock]) -> Block | None:
    """The block further down that runs pytest on this test file."""
    for other in blocks:
        block = other.block
        if block.line > planned.block.line and not {"norun", "breaks"} & block.attributes.keys():
            in_shell = block.kind in IN_SHELL and _runs_pytest(block.source, planned.title)
            if in_shell or (block.kind == "python" and "pytest.main(" in block.source):
                return block
    return None


def _runs_pytest(script: str, path: PurePosixPath | None) -> bool:
    """Does a script run pytest on a file, by its path, its folder, or by naming no path at all?"""
    assert path is not None
    for line in shell_text.logical_lines(re.sub(r"(?m)^\$ ", "", script)):
        for words in shell_text.commands(line.text):
            if "pytest" not in words:
                continue
            arguments = [
                PurePosixPath(word.partition("::")[0]) for word in words[words.index("pytest") + 1 :]
            ]
            paths = [
                a for a in arguments if not a.name.startswith("-") and (a.suffix or path.is_relative_to(a))
            ]
            same_folder = path.name == "conftest.py" and any(a.is_relative_to(path.parent) for a in paths)
            if not paths or same_folder or any(path.is_relative_to(a) for a in paths):
                return True
    return False
