"""Imports are written as Ruff leaves them: names of all kinds, put in any order."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from tortoise_dev.refactor.import_lines import given_out, own_lines

NAMES = (
    "A AB Ab LIMIT MAX_2 MAX_10 Order Order2 Order10 HTTPLog Hat ORDER_Line _first _First _FIRST "
    "first first_2 first_10 firsts zeta Zulu aB a"
).split()
PLACES = "order order2 order10 order_line a base enums http_log z_2 z_10 signals".split()


def test_ruff_changes_no_import(tmp_path: Path) -> None:
    choose = random.Random(7)
    for number in range(25):
        found = {place: set(choose.sample(NAMES, choose.randint(1, 9))) for place in choose.sample(PLACES, 6)}
        listed = set(choose.sample(NAMES, 12))
        own = own_lines(found)
        places = [line.split()[1].strip(".") for line in own]
        both = {
            "own": own,
            "given": [line for place in places for line in given_out(f".{place}", found[place], listed)],
        }
        for kind, lines in both.items():
            (tmp_path / f"{kind}{number}.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = "ruff check --isolated --no-cache --quiet --select I --diff".split()
    done = subprocess.run(
        [sys.executable, "-m", *command, str(tmp_path)], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout
