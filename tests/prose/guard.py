"""The guard of prose: all that a page's sentences name or count, and that nothing in the tree bears out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prose import (
    calls,
    checks,
    data,
    grammar,
    links,
    methods,
    operations,
    phrases,
    pins,
    rendered,
    rules,
    sizes,
    spelling,
    tables,
    ties,
    wrong_code,
)
from prose.allowed import Allowed, read
from prose.code import Tree
from prose.names import Names
from prose.numbers import Numbers
from prose.reading import Prose


def pages_of(root: Path) -> list[Path]:
    """The pages whose prose is guarded."""
    first = [root / name for name in ("SKILL.md", "README.md", "CONTRIBUTING.md")]
    return [*first, *sorted((root / "references").glob("*.md"))]


def read_prose(path: Path, root: Path) -> Prose:
    """A page of the tree."""
    return Prose(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))


def problems(page: Prose, tree: Tree, allowed: Allowed | None = None) -> Iterator[str]:
    """What is wrong with a page's prose, one line each."""
    allowed = read() if allowed is None else allowed
    yield from map(str, Names(page, tree, allowed).problems())
    yield from map(str, Numbers(page, tree, allowed).problems())
    yield from rules.problems(page)
    yield from data.problems(page, tree)
    yield from spelling.problems(page, tree, allowed)
    yield from calls.problems(page)
    yield from grammar.problems(page)
    yield from wrong_code.problems(page, tree)
    yield from methods.problems(page, tree, allowed)
    yield from phrases.problems(page, tree)
    yield from tables.problems(page)
    yield from rendered.problems(page, tree)
    yield from links.problems(page, tree, allowed)
    yield from sizes.problems(page, tree)
    yield from operations.problems(page, tree)
    yield from ties.problems(page, tree, allowed)
    yield from pins.problems(page, tree)
    yield from pins.strong(page)
    yield from checks.problems(page)
