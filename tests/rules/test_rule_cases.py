"""The cases of single rules: ``cases/tdNNN.txt`` holds those of TDNNN.

A line ``=== NAME`` starts a case, ``=== 3.12: NAME`` one that Python 3.11 cannot read. It is the file
``app/service.py`` of the project with the model User; lines ``# file: PATH`` start further files. ``# !``
ends each line that must be reported, ``# !!`` one that must be reported twice; no other line may be.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "cases"


def cases() -> Iterator[object]:
    for file in sorted(FOLDER.glob("*.txt")):
        parts = re.split(r"(?m)^=== (.+)\n", file.read_text(encoding="utf-8"))
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            is_new = name.startswith("3.12: ") and sys.version_info < (3, 12)
            marks = [pytest.mark.skip("needs Python 3.12")] if is_new else []
            yield pytest.param(file.stem.upper(), text, id=f"{file.stem}: {name}", marks=marks)


@pytest.mark.parametrize(("code", "text"), list(cases()))
def test_case(code: str, text: str, users) -> None:
    parts = re.split(r"(?m)^# file: (\S+)\n", f"# file: app/service.py\n{text}")
    files = {path: source for path, source in zip(parts[1::2], parts[2::2], strict=True) if source.strip()}
    users.write(files)
    wanted = [
        (path, number, code)
        for path, source in files.items()
        for number, line in enumerate(source.split("\n"), 1)
        for marks in re.findall(r"# (!+)$", line)
        for _ in marks
    ]
    assert sorted(users.found("--select", code)) == sorted(wanted)
    together = users.found("--select", "TD0,TD1,TD2", "--preview")
    assert sorted(one for one in together if one[2] == code) == sorted(wanted), "beside all other rules"
