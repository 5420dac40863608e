#!/usr/bin/env python3
"""Move pins along when sentences are reworded, and propose pins for sentences that have none.

It writes tests/prose/pins/PAGE.toml and tests/prose/checks.toml. It also moves a pin to another page, section
or line. Read what it prints: a pin says that the line proves the sentence, and only a reader can see that.
"""

from __future__ import annotations

import argparse
import difflib
import math
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]

from prose import checks, guard, pins, proofs  # noqa: E402
from prose.code import Tree  # noqa: E402
from prose.links import words_of  # noqa: E402
from prose.pins import Pin  # noqa: E402
from prose.reading import MADE, Prose  # noqa: E402
from prose.statements import Statement, statements_of  # noqa: E402
from tortoise_dev.pages.page import Block  # noqa: E402

EXAMPLES = """\
examples:
  uv run tests/pin.py                          move the pins of sentences that were reworded
  uv run tests/pin.py --drop                   and take out those that nothing like them is left of
  uv run tests/pin.py --propose locks.md       print pins for its other sentences
  uv run tests/pin.py --propose --accept       and write them: read the diff of tests/prose/pins/

exit codes: 0 every pin holds; 1 some do not
"""
ALIKE = 0.5
"""How alike an old and a new sentence are, at least, to be the same one in other words."""
ALIKE_ELSEWHERE = 0.7
"""The same for a sentence that went to another page."""
ALIKE_LINES = 0.7
"""The same for a line of code."""
ABOUT = 0.6
"""How much of what an old sentence names a new one names, at least, to be the same one."""
ENOUGH = 0.5
"""How much of what a sentence names its proof names, at least."""
CHECKS = re.compile(
    r"\s*(?:assert\b|raise AssertionError|! grep|grep|test\b|.*\bassert_"
    r"|with (?:suppress|pytest|raises)|except )"
)
PROVEN_ELSEWHERE = (*MADE, "README.md", "CONTRIBUTING.md")
"""Pages that commands print, or that speak of this repository: other tests prove them."""


def main() -> int:
    options = _parser().parse_args()
    tree = Tree(ROOT)
    pages = [guard.read_prose(path, ROOT) for path in guard.pages_of(ROOT)]
    kept, lost = moved(pages, tree)
    bad = 0
    for page in pages:
        if options.pages and not any(page.name.endswith(one) for one in options.pages):
            continue
        if options.propose:
            new = [
                pin
                for pin in proposed(page, tree, kept[page.name])
                if pin.says.startswith("# ") or not options.remarks
            ]
            for pin in new:
                print(f"{page.name}\n    ? {pin.says}\n      {pin.proof}")
            if options.accept:
                kept[page.name] += new
        for pin in lost[page.name]:
            print(f"{page.name}\n    ! {pin.says}\n      {pin.proof}")
        if not options.drop:
            kept[page.name] += lost[page.name]
            bad += len(lost[page.name])
        write(page, kept[page.name])
        for problem in checks.problems(page) if checks.FILE.is_file() else ():
            print(f"{page.name}\n    checks less: {problem}")
    checks.FILE.write_text(checks.written(pages), encoding="utf-8")
    return int(bad > 0)


def moved(pages: list[Prose], tree: Tree) -> tuple[dict[str, list[Pin]], dict[str, list[Pin]]]:
    """By page: the pins with the present sentences and lines, and those that nothing fits any more."""
    kept: dict[str, list[Pin]] = {page.name: [] for page in pages}
    lost: dict[str, list[Pin]] = {page.name: [] for page in pages}
    stated = {page.name: pins.by_text(page) for page in pages}
    old = [(page, pin) for page in pages for pin in pins.pins_of(page.name)]
    taken = {(page.name, pin.says) for page, pin in old if pin.says in stated[page.name]}
    for page, pin in old:
        holds = next(
            (
                (other, new)
                for other, says in sentences_like(pin, page, pages, stated, taken)
                for proof in lines_like(pin, other)
                if _holds(new := Pin(says, proof), other, stated, tree)
            ),
            None,
        )
        if holds is None:
            lost[page.name].append(pin)
            continue
        other, new = holds
        if new not in kept[other.name]:
            kept[other.name].append(new)
        if (other, new) != (page, pin):
            taken.add((other.name, new.says))
            is_like = new.says == pin.says or most_like(pin.says, [new.says])
            print(f"{page.name} -> {other.name}{'' if is_like else ' (in quite other words: read it)'}")
            print(f"    - {pin.says}\n    + {new.says}")
            print(f"      {pin.proof}" + (f"\n      {new.proof}" if new.proof != pin.proof else ""))
    return kept, lost


def _holds(pin: Pin, page: Prose, stated: dict[str, dict[str, list[Statement]]], tree: Tree) -> bool:
    running = running_of(page)
    return any(
        pins.problem_of(pin, statement, page, tree, running) is None
        for statement in stated[page.name].get(pin.says, [])
    )


def sentences_like(
    pin: Pin,
    page: Prose,
    pages: list[Prose],
    stated: dict[str, dict[str, list[Statement]]],
    taken: set[tuple[str, str]],
) -> Iterator[tuple[Prose, str]]:
    """The sentence itself, on its page or on another one; then the most like it that has no pin."""
    others = [page, *(other for other in pages if other is not page)]
    yield from ((other, pin.says) for other in others if pin.says in stated[other.name])
    for other in others:
        free = [text for text in stated[other.name] if (other.name, text) not in taken]
        if says := most_like(pin.says, free, ALIKE if other is page else ALIKE_ELSEWHERE):
            yield other, says
    for other in others:
        free = [text for text in stated[other.name] if (other.name, text) not in taken]
        if pin.says.startswith("# "):  # whatever the line says now
            yield from (
                (other, text)
                for text in free
                if any(one.code == pin.text for one in stated[other.name][text])
            )
        elif says := most_about(pin.says, free):
            yield other, says


def lines_like(pin: Pin, page: Prose) -> Iterator[str]:
    """The proof itself, then the same line in another section of the page, then the most like it there."""
    yield pin.proof
    if not pin.file.endswith(".md"):
        return
    lines = [
        (f"{page.name}#{proofs.anchor_of(block)}", text)
        for block in page.blocks
        if proofs.runs(block)
        for text in lines_of(block)
    ]
    yield from (f"{place} :: {text}" for place, text in lines if text == pin.text)
    if text := most_like(pin.text, (text for _, text in lines), ALIKE_LINES):
        yield from (f"{place} :: {text}" for place, other in lines if other == text)


def most_like(text: str, others: Iterable[str], enough: float = ALIKE) -> str:
    """The one among other texts that is the same in other words, or nothing."""
    words = re.findall(r"\w+", text)
    rated = []
    for other in others:
        matcher = difflib.SequenceMatcher(None, words, re.findall(r"\w+", other))
        if matcher.real_quick_ratio() >= enough and matcher.quick_ratio() >= enough:
            rated.append((matcher.ratio(), other))
    best = max(rated, default=(0.0, ""))
    return best[1] if best[0] >= enough else ""


def most_about(text: str, others: Iterable[str]) -> str:
    """The one among other sentences that names most of what a sentence names, or nothing."""
    wanted = terms(text)
    whole = sum(wanted.values())
    rated = []
    for other in others:
        if other.startswith("Read this when"):
            continue  # it names what is on the page
        has = terms(other)
        shared = sum(weight for word, weight in wanted.items() if word in has)
        if shared >= ABOUT * whole and shared >= 4:
            rated.append((shared / (whole + sum(has.values())), other))
    return max(rated, default=(0.0, ""))[1]


@cache
def _running(name: str, text: str) -> tuple[Block, ...]:
    return tuple(block for block in Prose(name, text).blocks if proofs.runs(block))


def running_of(page: Prose) -> dict[str, tuple[Block, ...]]:
    return {page.name: _running(page.name, page.text)}


def proposed(page: Prose, tree: Tree, known: list[Pin]) -> Iterator[Pin]:
    """A pin for each sentence that has none, where a line that checks something names what it names."""
    if page.name in PROVEN_ELSEWHERE:
        return
    running = running_of(page)
    pinned = {pin.says for pin in known}
    for statement in statements_of(page):
        if statement.code:
            yield from (pin for pin in _of_remark(statement, page, tree, running) if pin not in known)
            continue
        if statement.text in pinned or len(statement.text.split()) < 4:
            continue
        pinned.add(statement.text)
        rated = [
            (score, proof) for proof, score in candidates(statement, page, tree, running) if score >= ENOUGH
        ]
        for _, proof in sorted(rated, reverse=True)[:3]:
            pin = Pin(statement.text, proof)
            if pins.problem_of(pin, statement, page, tree, running) is None:
                yield pin
                break


def _of_remark(
    statement: Statement, page: Prose, tree: Tree, running: dict[str, tuple[Block, ...]]
) -> Iterator[Pin]:
    """The pin of a remark to its line."""
    block = next(block for block in statement.section.blocks if block.start <= statement.line < block.end)
    place = f"{page.name}#{proofs.anchor_of(block)}"
    pin = Pin(statement.text, f"{place} :: {statement.code}")
    if statement.text == "# WRONG":
        return  # it says nothing that could be wrong
    if pins.problem_of(pin, statement, page, tree, running) is None:
        yield pin


def candidates(
    statement: Statement, page: Prose, tree: Tree, running: dict[str, tuple[Block, ...]]
) -> Iterator[tuple[str, float]]:
    """Lines that may prove a statement, and how much of it each names."""
    beside = {block.line for block in _near(statement)}
    places: list[tuple[str, Block, float]] = [
        (
            f"{page.name}#{proofs.anchor_of(block)}",
            block,
            0.15 if block.line in beside else 0.0,
        )
        for block in statement.section.blocks
        if proofs.runs(block)
    ]
    own = page.targets(list(statement.links))
    for file in sorted(pins.linked(statement, page, tree)):
        if file.endswith(".py"):
            places.append((file, proofs.blocks_of(file)[0], 0.25 if file in own else 0.0))
    wanted = terms(statement.text)
    whole = sum(wanted.values())
    for place, block, bonus in places:
        for text in lines_of(block):
            if proofs.problem_of(f"{place} :: {text}", running if place.startswith(page.name) else None):
                continue
            says = facts().get(f"{place} :: {text}", "")
            line = words_in(f"{text} {says}")
            near = words_in(pins.around(block.source, text))
            found = sum(
                weight * (1 if word in line else 0.6 if word in near else 0)
                for word, weight in wanted.items()
            )
            checks = 1.0 if says or CHECKS.match(text) or "raises" in block.attributes else 0.7
            yield f"{place} :: {text}", checks * (found / whole + bonus) if whole else 0


def _near(statement: Statement) -> list[Block]:
    blocks = statement.section.blocks
    above = [block for block in blocks if block.line < statement.line][-1:]
    return above + [block for block in blocks if block.line > statement.line][:1]


def lines_of(block: Block) -> Iterator[str]:
    """The lines of a block without their remarks; of an example those that check something."""
    for line in block.source.split("\n"):
        text = re.sub(r"\s+#.*$", "", line).strip()
        is_long_enough = len(text) >= 12 and not re.match(
            r"(?:#|\"\"\"|import |from |class |(?:async )?def )", text
        )
        if is_long_enough and (".md::" in block.id or CHECKS.match(line)):
            yield text
    for proof in facts():
        place, _, text = proof.partition(" :: ")
        if place == block.id.partition("::")[0] or block.id.startswith(f"{place.replace('#', '::')}/"):
            yield text


@cache
def facts() -> dict[str, str]:
    """What each proof of facts.toml proves."""
    table = tomllib.loads((ROOT / "tests" / "facts.toml").read_text(encoding="utf-8"))
    return {proof: fact["says"] for fact in table.values() for proof in fact.get("proof", [])}


@cache
def terms(text: str) -> Counter[str]:
    """What a statement names, with weights: code counts three times as much as a word."""
    found: Counter[str] = Counter()
    for span in re.findall(r"`([^`]+)`", text):
        for word in words_in(span):
            found[word] = 3
    for word in words_in(re.sub(r"`[^`]+`", " ", text)):
        found[word] = max(found[word], 1)
    return found


@cache
def words_in(text: str) -> frozenset[str]:
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return frozenset(word for word in words_of(split) if len(word) > 2) | frozenset(
        re.findall(r"\b\d+\b", text)
    )


def write(page: Prose, kept: list[Pin]) -> None:
    """A page's pins in the order of its sentences."""
    order = {statement.text: number for number, statement in reversed([*enumerate(statements_of(page))])}
    kept = sorted(kept, key=lambda pin: order.get(pin.says, math.inf))
    file = pins.file_of(page.name)
    if kept:
        entries = (f"[[pin]]\nsays = {quoted(pin.says)}\nproof = {quoted(pin.proof)}\n" for pin in kept)
        file.write_text("\n".join(entries), encoding="utf-8")
    else:
        file.unlink(missing_ok=True)


def quoted(text: str) -> str:
    """A string of TOML as facts.toml writes it."""
    return f"'{text}'" if "'" not in text else f"'''{text}'''"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="only pages whose name ends so")
    parser.add_argument("--propose", action="store_true", help="look for pins of sentences that have none")
    parser.add_argument("--accept", action="store_true", help="write what is proposed")
    parser.add_argument("--remarks", action="store_true", help="propose only for remarks of lines")
    parser.add_argument("--drop", action="store_true", help="take out pins that nothing fits")
    return parser


if __name__ == "__main__":
    sys.exit(main())
