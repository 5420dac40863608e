"""Import statements as text, in the spelling and the order that Ruff leaves alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Sequence

from ..analysis.import_order import imported_order, module_order

_WIDTH = 84
"""A longer import gets a line for each name. Ruff's limit is 88, and a line may still be indented once."""

_TO_TOOLS = re.compile(r"\s*#\s*(noqa|type:|ty:|mypy:|pyright:|pylint:)", re.IGNORECASE)


def line_of(node: ast.Import | ast.ImportFrom, aliases: Sequence[ast.alias], comment: str = "") -> str:
    """An import statement with some of its names, as a module of the package must write it."""
    names = [_spelt(one) for one in aliases]
    if isinstance(node, ast.Import):
        return f"import {', '.join(names)}{comment}"
    return wrapped(from_inside(node), names, comment)


def from_inside(node: ast.ImportFrom) -> str:
    """What a module of the package calls the module that ``node`` imports from: one dot more."""
    dots = "." * (node.level + 1) if node.level else ""
    return f"{dots}{node.module or ''}"


def wrapped(module: str, names: Sequence[str], comment: str = "") -> str:
    """``from module import names``, one name a line where they are many.

    A comment counts for the width, but words to a linter do not.
    """
    line = f"from {module} import {', '.join(names)}"
    if len(line) + (0 if _TO_TOOLS.match(comment) else len(comment)) <= _WIDTH:
        return f"{line}{comment}"
    if len(names) == 1:
        return f"from {module} import (\n    {names[0]},{comment}\n)"
    listed = "".join(f"    {name},\n" for name in names)
    return f"from {module} import ({comment}\n{listed})"


def own_lines(found: dict[str, set[str]]) -> list[str]:
    """The lines that import names from files of the package, by the name of the file."""
    order = sorted(found, key=lambda place: module_order(f".{place}"))
    return [wrapped(f".{place}", sorted(found[place], key=imported_order)) for place in order]


def given_out(module: str, names: Iterable[str], listed: Collection[str], comment: str = "") -> list[str]:
    """The lines that import names for others to import. ``listed`` are those that ``__all__`` has.

    Any other has a line of its own, ``name as name``: linters and type checkers take it for a re-export.
    """
    plain = sorted((name for name in names if name in listed), key=imported_order)
    lines = {plain[0]: wrapped(module, plain, comment)} if plain else {}
    lines |= {name: wrapped(module, [f"{name} as {name}"], comment) for name in names if name not in listed}
    return [lines[name] for name in sorted(lines, key=imported_order)]


def given_on(node: ast.Import | ast.ImportFrom, listed: Collection[str], comment: str) -> list[str]:
    """The lines that give out what the old module imported by ``node``; see `given_out`."""
    same = [one.name for one in node.names if one.asname is None and one.name.isidentifier()]
    renamed = [one for one in node.names if one.asname is not None or not one.name.isidentifier()]
    if isinstance(node, ast.ImportFrom):
        lines = given_out(from_inside(node), same, listed, comment)
    else:
        lines = [f"import {one if one in listed else f'{one} as {one}'}{comment}" for one in same]
    for one in renamed:
        bound = one.asname or one.name.partition(".")[0]
        lines.append(line_of(node, [one], comment if bound in listed else with_noqa(comment, "F401")))
    return lines


def with_noqa(comment: str, code: str) -> str:
    """A comment at the end of a line that tells linters to leave one code alone, too."""
    if re.search(r"#\s*noqa:", comment, re.IGNORECASE):
        return comment if code in comment else f"{comment}, {code}"
    if re.search(r"#\s*noqa\b", comment, re.IGNORECASE):
        return comment
    return f"{comment}  # noqa: {code}"


def _spelt(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name
