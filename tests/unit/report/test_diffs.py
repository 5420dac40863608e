"""The diffs that commands show: `git apply` makes of the old text what was meant."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tortoise_dev.report.diffs import unified_diff


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\n", "a\nc\n"),
        ("a\nb", "a\nb\n"),
        ("a\nb\n", "a\nb"),
        ("a\r\nb\r\n", "a\r\nc\r\n"),
        ("a\x0cb\u2028c\n", "a\x0cb\u2028d\n"),
        (None, "a\nb"),
        ("a\n", None),
    ],
)
def test_git_applies_it(before: str | None, after: str | None, tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    if before is not None:
        file.write_bytes(before.encode())
    diff = unified_diff(before, after, "x.py").encode()
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    subprocess.run(command, cwd=tmp_path, input=diff, check=True, capture_output=True)
    assert (file.read_bytes().decode() if file.exists() else None) == after


def test_nothing_changes() -> None:
    assert unified_diff("a\n", "a\n", "x.py") == ""
