"""What a page checks, section by section: no edit takes a check away unseen.

A page that checks less still passes. So `checks.toml` counts the asserts of each section, the lines of a
shell that look for something, and the marks that a run compares, such as `queries=3`, `needs=…` and `output`.

It also counts what a reader needs, and what the run may pass without. These are the commands of a shell with
their options (a file can be there before `cp` copies it), the settings of a shown TOML, fields and the values
that a row may have (`on_delete=…`, `lt=…`), and transactions and locks, which one client does not need.

And it counts the links whose text has no word of the heading that they lead to.

A section may have more. What it loses was taken out on purpose, and `uv run tests/pin.py` records that.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from prose.links import LINK, anchor_of_heading, words_of
from prose.proofs import anchor_of
from prose.reading import Prose
from tortoise_dev.pages.page import Block

FILE = Path(__file__).with_name("checks.toml")
LOOKS = re.compile(r"(?:^|[|;&])\s*((?:! )?(?:grep|test|diff|cmp)\b(?: -\w+)*)")
LOOKERS = {"grep", "test", "diff", "cmp"}
HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?.*?\n\s*\1$", re.DOTALL | re.MULTILINE)
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
COMMAND = re.compile(r"[a-z][a-z0-9-]+")
KEYWORDS = {"do", "done", "for", "if", "then", "else", "fi", "while"}
OPTION = re.compile(r"--?[A-Za-z][\w-]*(?:=[\w./-]+)?")
DECLARED = {
    "on_delete", "unique", "null", "default", "db_default", "max_length", "max_digits", "decimal_places",
    "ge", "gt", "le", "lt", "min_length", "extra",
}  # fmt: skip
"""Arguments of fields, of Pydantic's too, that say which values a row may have."""
CALLS = {"in_transaction", "atomic", "select_for_update", "tables", "of_company"} | {
    f"{kind}Field" for kind in ("ForeignKey", "OneToOne", "Int", "BigInt", "Char", "Text")
}
MARKS = ("needs", "raises", "queries", "output", "sql", "breaks")
HEAD = "# How many checks each section has, at least. `uv run tests/pin.py` writes this file.\n"


def problems(page: Prose, file: Path = FILE) -> Iterator[str]:
    """The checks that a section has lost, one line each."""
    here = checks_of(page)
    for anchor, recorded in _recorded(file).get(page.name, {}).items():
        for check, number in parsed(recorded).items():
            if here.get(anchor, Counter())[check] < number:
                yield f"#{anchor} has {here.get(anchor, Counter())[check]} of {number} times {check!r}"


def checks_of(page: Prose) -> dict[str, Counter[str]]:
    """By section: what its blocks check."""
    found: dict[str, Counter[str]] = {}
    for block in page.blocks:
        anchor = anchor_of(block)
        checks = Counter(_of_block(block))
        if checks:
            found[anchor] = found.get(anchor, Counter()) + checks
    for anchor, target in _unnamed(page):
        found.setdefault(anchor, Counter())[f"to {target}"] += 1
    return found


def _unnamed(page: Prose) -> Iterator[tuple[str, str]]:
    """By section: where links lead whose text does not name the heading."""
    anchor = "top"
    for line in page.text.split("\n"):
        anchor = anchor_of_heading(line) or anchor
        for link in LINK.finditer(line):
            if link["anchor"] and not words_of(link["anchor"]) & words_of(link["text"]):
                yield anchor, link["target"]


def _of_block(block: Block) -> Iterator[str]:
    if "norun" in block.attributes:
        return
    for name in MARKS:
        if name in block.attributes:
            value = block.attributes[name]
            yield f"{name}={value}" if value else name
    if block.kind == "python":
        try:
            nodes = list(ast.walk(ast.parse(block.source)))
        except SyntaxError:
            return
        yield from ("assert" for node in nodes if isinstance(node, ast.Assert) or _denies(node))
        yield from (
            f"except {ast.unparse(node.type)}"
            for node in nodes
            if isinstance(node, ast.ExceptHandler) and node.type
        )
        called = [node.func for node in nodes if isinstance(node, ast.Call)]
        yield from (
            "assert" for one in called if isinstance(one, ast.Attribute) and one.attr.startswith("assert")
        )
        yield from (
            f"{node.arg}={ast.unparse(node.value)}".replace("'", "")
            for node in nodes
            if isinstance(node, ast.keyword) and node.arg in DECLARED
        )
        names = [ast.unparse(one).rpartition(".")[2] for one in called]
        yield from (f"call {name}" for name in names if name in CALLS)
    elif block.kind in ("shell", "console"):
        yield from (f"look {found[1]}" for line in block.source.split("\n") for found in LOOKS.finditer(line))
        yield from _commands(block.source)
    elif block.info.language == "toml":
        yield from (f"set {key}" for key in re.findall(r"^([\w-]+) *=", block.source, re.MULTILINE))


def _commands(source: str) -> Iterator[str]:
    """The commands of a shell that do not look for something, and their options."""
    code = QUOTED.sub("_", HEREDOC.sub("", source).replace("\\\n", " "))
    for line in code.split("\n"):
        for part in re.split(r"[|;&()]+", re.sub(r"(?:^|\s)#.*$", "", line)):
            words = [one for one in part.split() if not re.match(r"\w+=|!", one) and one not in KEYWORDS]
            if not words or words[0] in LOOKERS or not COMMAND.fullmatch(words[0]):
                continue
            yield f"run {words[0]}"
            yield from (f"option {one}" for one in words[1:] if OPTION.fullmatch(one))


def _denies(node: ast.AST) -> bool:
    """`raise AssertionError("stored twice")`."""
    return isinstance(node, ast.Raise) and "AssertionError" in ast.unparse(node)


@cache
def _recorded(file: Path) -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return table


def parsed(text: str) -> Counter[str]:
    """`2 assert, 1 queries=3` as a counter."""
    pairs = (one.split(" ", 1) for one in text.split("; "))
    return Counter({check: int(number) for number, check in pairs})


def written(pages: list[Prose]) -> str:
    """The text of `checks.toml`."""
    parts = [HEAD]
    for page in pages:
        sections = checks_of(page)
        if sections:
            parts.append(f'["{page.name}"]\n')
            for anchor, checks in sections.items():
                said = "; ".join(f"{number} {check}" for check, number in sorted(checks.items()))
                parts.append(f"{anchor} = {_quoted(said)}\n")
            parts.append("\n")
    return "".join(parts).replace(f"{HEAD}[", f"{HEAD}\n[").rstrip("\n") + "\n"


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'
