"""Small changes to Python files that are there: an import, a name in ``__all__``, an element of a list.

Each takes the source and returns the new one. What is there already is left alone, so that a second time
changes nothing. All else of the file stays as it is, comments too.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence

from ..analysis.import_order import listed_order, module_order
from ..analysis.source import split_lines
from ..analysis.syntax import text_of
from .source_text import collection, import_from


def add_import(source: str, module: str, names: Iterable[str], own: Iterable[str], width: int) -> str:
    """Import names from a module at the top of the file, in the order that ruff wants.

    ``own`` are the first parts of the names of the project's modules: they are a section of their own.
    """
    tree = ast.parse(source)
    wanted = set(names)
    same = [one for one in _imports(tree) if isinstance(one, ast.ImportFrom) and _dotted(one) == module]
    there = {alias.name for one in same for alias in one.names if alias.asname in (None, alias.name)}
    if wanted <= there:
        return source
    plain = [one for one in same if all(alias.asname is None for alias in one.names)]
    if plain:
        known = {alias.name for alias in plain[0].names}
        return _replaced(source, plain[0], import_from(module, known | wanted, width))
    return _insert_import(source, tree, module, import_from(module, wanted, width), frozenset(own))


def add_import_as(source: str, module: str, name: str, alias: str, own: Iterable[str]) -> str:
    """``from module import name as alias`` at the top of the file."""
    tree = ast.parse(source)
    for one in _imports(tree):
        is_it = isinstance(one, ast.ImportFrom) and _dotted(one) == module
        if is_it and any((found.name, found.asname) == (name, alias) for found in one.names):
            return source
    return _insert_import(source, tree, module, f"from {module} import {name} as {alias}", frozenset(own))


def re_exports_relatively(source: str) -> bool:
    """Does a package re-export by ``from .module import Name``?"""
    levels = [one.level for one in _imports(ast.parse(source)) if isinstance(one, ast.ImportFrom)]
    return 1 in levels


def add_to_all(source: str, names: Iterable[str], width: int) -> str:
    """Add names to ``__all__``. A file that imports without an ``__all__`` keeps its habit."""
    tree = ast.parse(source)
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(
            statement.value, ast.List | ast.Tuple
        ):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
                return _with_names(source, statement.value, names, width)
    return source


def _with_names(source: str, node: ast.List | ast.Tuple, names: Iterable[str], width: int) -> str:
    """Add names to a list of texts, in its order; where not all of it are texts, at its end."""
    there = [text_of(element) for element in node.elts]
    new = [name for name in names if name not in there]
    if not new:
        return source
    written = [ast.get_source_segment(source, element) or "" for element in node.elts]
    elements = [*zip(there, written, strict=True), *((name, quoted(name)) for name in new)]
    if all(there) and there == sorted(there, key=listed_order):
        elements.sort(key=lambda element: listed_order(element[0]))
    return with_elements(source, node, [text for _, text in elements], width)


def new_all(names: Iterable[str], width: int) -> str:
    """An ``__all__`` of these names."""
    items = [quoted(name) for name in sorted(set(names), key=listed_order)]
    return collection("__all__ = [", items, "]", 0, width)


def with_elements(source: str, node: ast.List | ast.Tuple, elements: Sequence[str], width: int) -> str:
    """Give a list of texts other elements. One that has a line for each element keeps that."""
    old = [ast.get_source_segment(source, element) or "" for element in node.elts]
    if list(elements) == old:
        return source
    text = ast.get_source_segment(source, node) or ""
    opening, closing = ("(", ")") if isinstance(node, ast.Tuple) else ("[", "]")
    line = _line(source, node.lineno)
    indent = len(line) - len(line.lstrip())
    if "#" in text and old:
        return _insert_lines(source, node, [one for one in elements if one not in old])
    rest = _line(source, node.end_lineno or 1)
    behind = len(rest.encode()) - (node.end_col_offset or 0)
    in_front = len(line.encode()[: node.col_offset].decode())
    one_line = (
        f"{opening}{', '.join(elements)}{',' if opening == '(' and len(elements) == 1 else ''}{closing}"
    )
    if "\n" not in text and in_front + len(one_line) + behind <= width:
        return _replaced(source, node, one_line)
    inner = "".join(f"{' ' * (indent + 4)}{element},\n" for element in elements)
    return _replaced(source, node, f"{opening}\n{inner}{' ' * indent}{closing}")


def _insert_lines(source: str, node: ast.List | ast.Tuple, new: Sequence[str]) -> str:
    """Put elements behind the last one, each on a line of its own; comments stay."""
    last = node.elts[-1]
    _, end = _span(source, last)
    line = _line(source, last.lineno)
    indent = " " * (len(line) - len(line.lstrip()))
    comma = source[end:].lstrip()[:1] == ","
    if not comma:
        return source[:end] + "".join(f",\n{indent}{one}" for one in new) + source[end:]
    at = source.index(",", end) + 1
    line_end = source.find("\n", at)
    if source[at:line_end].lstrip().startswith("#"):
        at = line_end
    return source[:at] + "".join(f"\n{indent}{one}," for one in new) + source[at:]


def add_statement(source: str, text: str, is_before: Callable[[ast.stmt], bool]) -> str:
    """Write a statement behind the last one of the file that is before it. No such one: no change."""
    before = [one for one in ast.parse(source).body if is_before(one)]
    if not before:
        return source
    _, end = _span(source, before[-1])
    at = _behind_comments(source, end)
    return f"{source[:at]}\n{text}{source[at:]}"


def _behind_comments(source: str, end: int) -> int:
    """The end of a statement's last line, or of the lines right below it that are comments."""
    while True:
        newline = source.find("\n", end)
        if newline < 0:
            return len(source)
        if not source.startswith("#", newline + 1):
            return newline
        end = newline + 1


def quoted(text: str) -> str:
    """A text as Python source, in the quotes that formatters use."""
    plain = text.isprintable() and '"' not in text and "\\" not in text
    return f'"{text}"' if plain else repr(text)


# --- the text of a file


def _imports(tree: ast.Module) -> list[ast.Import | ast.ImportFrom]:
    return [one for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom)]


def _dotted(node: ast.ImportFrom) -> str:
    return f"{'.' * node.level}{node.module or ''}"


def _insert_import(source: str, tree: ast.Module, module: str, text: str, own: frozenset[str]) -> str:
    """Put an import among those of its section; where there is none, behind the other imports."""
    imports = _imports(tree)
    section = [one for one in imports if _is_like(one, module, own)]
    for one in section:
        if isinstance(one, ast.ImportFrom) and module_order(_dotted(one)) > module_order(module):
            at = _span(source, one)[0]
            return f"{source[:at]}{text}\n{source[at:]}"
    if section:
        end = _end_of_line(source, section[-1])
        return f"{source[:end]}\n{text}{source[end:]}"
    if imports:
        end = _end_of_line(source, imports[-1])
        return f"{source[:end]}\n\n{text}{source[end:]}"
    has_docstring = ast.get_docstring(tree, clean=False) is not None
    if not has_docstring:
        return f"{text}\n\n{source}" if source.strip() else f"{text}\n"
    end = _end_of_line(source, tree.body[0])
    rest = source[end:].strip("\n")
    return f"{source[:end]}\n\n{text}\n" + (f"\n{rest}\n" if rest else "")


def _is_like(node: ast.Import | ast.ImportFrom, module: str, own: frozenset[str]) -> bool:
    """Does an import belong to the section that this module belongs to?"""
    name = _dotted(node) if isinstance(node, ast.ImportFrom) else node.names[0].name
    if name.startswith(".") or module.startswith("."):
        return name.startswith(".") and module.startswith(".")
    return name.partition(".")[0] in own and module.partition(".")[0] in own


def _line(source: str, number: int) -> str:
    """A line by the number that Python gives it, without its end."""
    return split_lines(source)[number - 1].rstrip("\r\n")


def _span(source: str, node: ast.expr | ast.stmt) -> tuple[int, int]:
    """Where a node begins and ends in the text."""
    lines = split_lines(source)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def place(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    return place(node.lineno, node.col_offset), place(node.end_lineno or 1, node.end_col_offset or 0)


def _end_of_line(source: str, node: ast.stmt) -> int:
    end = source.find("\n", _span(source, node)[1])
    return len(source) if end < 0 else end


def _replaced(source: str, node: ast.expr | ast.stmt, text: str) -> str:
    start, end = _span(source, node)
    return source[:start] + text + source[end:]
