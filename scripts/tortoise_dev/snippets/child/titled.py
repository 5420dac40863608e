"""Blocks that are files: imported under their own name, as whoever keeps the file would import it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType


def is_module(file: str | None) -> bool:
    """Can a titled block be imported?"""
    return file is not None and file.endswith(".py")


def make_module(file: str, directory: str) -> ModuleType:
    """An empty module for a file that was just written, registered where an import would look for it."""
    import importlib
    import importlib.util

    importlib.invalidate_caches()
    parts = Path(file).with_suffix("").parts
    is_package = parts[-1] == "__init__" and len(parts) > 1
    name = ".".join(parts[:-1] if is_package else parts)
    path = Path(directory, file)
    locations = [str(path.parent)] if is_package else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=locations)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    parent, _, last = name.rpartition(".")
    if parent:
        package = importlib.import_module(parent)
        if isinstance(getattr(package, last, module), ModuleType):
            setattr(package, last, module)  # else __init__.py has put something else there, under this name
    sys.modules[name] = module
    return module


def public(module: ModuleType) -> dict[str, object]:
    """The names of a module that are not its own machinery."""
    return {name: value for name, value in vars(module).items() if not name.startswith("__")}


def write_main(sources: list[tuple[str, int]], path: Path) -> None:
    """Write a chain's Python blocks, given as (source, the page's line), as a script with the page's lines.

    A process that is spawned runs the script ``__main__`` again to find the functions of the block. Where
    blocks await at the top level, which no script can, only what they define is written.
    """
    lines: list[str] = []
    for source, line in sources:
        block = source.split("\n")
        lines += [""] * (line - 1 + len(block) - len(lines))
        lines[line - 1 : line - 1 + len(block)] = block
    try:
        compile("\n".join(lines), path, "exec", dont_inherit=True)
    except SyntaxError:
        import ast

        definitions = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        for node in ast.parse("\n".join(lines)).body:
            if not isinstance(node, definitions):
                end = node.end_lineno or node.lineno
                lines[node.lineno - 1 : end] = [""] * (end - node.lineno + 1)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
