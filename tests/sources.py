"""Python sources that tests compare."""

from __future__ import annotations

import ast
from pathlib import Path


def definitions(source: str) -> dict[str, str]:
    """Functions, classes and constants of a module by name, each as its source."""
    found = {}
    for node in ast.parse(source).body:
        names = [node.name] if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else []
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [ast.unparse(target) for target in targets]
        found |= {name: ast.get_source_segment(source, node) or "" for name in names}
    return found


def definitions_in(path: Path) -> dict[str, str]:
    """Those of a file."""
    return definitions(path.read_text(encoding="utf-8"))
