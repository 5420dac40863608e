"""tests/facts.toml: each fact about Tortoise and Aerich is proven where it says, or left out for a reason.

A proof is ``FILE :: TEXT``, or ``PAGE.md#anchor :: TEXT``: part of a line of code that runs, and the only
such line of its file, or of the blocks under its heading. So a proof that is deleted or changed fails this
test; the harness runs the rest.
"""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from prose.proofs import problem_of
from tortoise_dev.pages.reading import parse_page, parse_script

ROOT = Path(__file__).resolve().parents[1]
FACTS: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "tests" / "facts.toml").read_text(encoding="utf-8"))

# What was observed, section by section; the pitfalls; what changed since 0.20; names.
SECTIONS = {"A": 14, "B": 21, "C": 12, "D": 11, "E": 11, "F": 9, "G": 29, "H": 21, "I": 5, "J": 16}
OBSERVED = [f"{section}{number}" for section, last in SECTIONS.items() for number in range(1, last + 1)]
PITFALLS = [*(f"{number:02}" for number in range(1, 45)), "07b"]
CHANGES = [*(f"U{number}" for number in range(1, 40)), "V1", "V2"]


def test_every_fact_is_in_the_map() -> None:
    """What was observed comes first, then corrected claims, answers and messages, under words."""
    first = [*OBSERVED, *PITFALLS, *CHANGES]
    assert list(FACTS)[: len(first)] == first
    assert not [key for key in list(FACTS)[len(first) :] if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", key)]


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_is_proven_or_left_out_for_a_reason(fact: str) -> None:
    entry = FACTS[fact]
    assert {"says"} < set(entry) <= {"says", "proof", "left_out", "area", "error", "read"}
    assert len(entry["says"]) >= 20
    assert "proof" not in entry or entry["proof"], "an empty list proves nothing"
    assert len(entry.get("left_out", "a" * 30)) >= 30, "a reason takes a sentence"
    problems = {proof: problem_of(proof) for proof in entry.get("proof", [])}
    assert not {proof: problem for proof, problem in problems.items() if problem}


def test_no_proof_is_claimed_twice_by_one_fact() -> None:
    for fact, entry in FACTS.items():
        proofs = entry.get("proof", [])
        assert len(set(proofs)) == len(proofs), fact


PAGE = """
## What runs

```python raises=ValueError
# int("comment")
int("not a number")
```

## What does not run

```python norun="needs a server"
int("never asked for")
```

```text
int("only said in prose")
```
"""
SCRIPT = '''"""int("docstring")"""

def convert():
    """Calls
    int("second docstring")."""
    int("text")  # int("remark")
    assert int("twice")
    assert int("twice")
'''


@pytest.mark.parametrize(
    ("proof", "problem"),
    [
        ('references/a.md#what-runs :: int("not a number")', None),
        ('references/a.md#what-runs :: int("comment")', "found it 0 times"),
        ('references/a.md#what-runs :: int("deleted")', "found it 0 times"),
        ('references/a.md#another :: int("not a number")', "no such heading"),
        ('references/a.md#what-does-not-run :: int("never asked for")', "no such heading"),
        ('references/a.md :: int("not a number")', "an anchor for a page"),
        ('references/b.md#what-runs :: int("not a number")', "no such file"),
        ('examples/a.py :: int("text")', "too short"),
        ('examples/a.py :: assert int("twice")', "found it 2 times"),
        ('examples/a.py :: int("docstring")', "found it 0 times"),
        ('examples/a.py :: int("second docstring")', "found it 0 times"),
        ('examples/a.py :: int("remark")', "found it 0 times"),
        ("examples/a.py :: def convert():", None),
        ("tests/test_a.py :: def convert():", "a page or an example"),
        ("examples/a.py", "expected FILE :: TEXT"),
    ],
)
def test_what_is_a_proof(proof: str, problem: str | None) -> None:
    blocks = {
        "references/a.md": tuple(parse_page(PAGE, Path("a.md"), "references/a.md").blocks),
        "examples/a.py": tuple(parse_script(SCRIPT, Path("a.py"), "examples/a.py").blocks),
    }
    said = problem_of(proof, blocks)
    assert said is None if problem is None else said and problem in said


@pytest.mark.slow
@pytest.mark.no_cover
def test_a_deleted_line_is_missed() -> None:
    """Every third proof in turn, because each parses a page again: without its line it is none."""
    for proof in [*chain.from_iterable(entry.get("proof", []) for entry in FACTS.values())][::3]:
        place, _, text = proof.partition(" :: ")
        file = place.partition("#")[0]
        source = (ROOT / file).read_text(encoding="utf-8")
        parse = parse_page if file.endswith(".md") else parse_script
        for line in [line for line in source.split("\n") if text in line]:
            source = source.replace(line, "", 1)
        blocks = {file: tuple(parse(source, ROOT / file, file).blocks)}
        assert problem_of(proof, blocks), proof
