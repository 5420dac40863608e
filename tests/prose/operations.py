"""Operations of migrations on pages: what a run on a small, idle table cannot show.

Each passes there without a limit for its lock, in one transaction, or with an option that nothing knows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from prose.code import Tree
from prose.reading import Prose
from prose.sizes import sizes_of_example

ALTER = re.compile(r"\s*ALTER TABLE\b")
DECIMAL = re.compile(r"AlterField\(\"\w+\", \"(\w+)\", fields\.DecimalField\((\d+), (\d+)")


def problems(page: Prose, tree: Tree) -> Iterator[str]:
    """What is wrong with the migrations of a page's Python blocks, one line each."""
    says_lock_timeout = "`LockTimeout`" in page.text
    for block in page.blocks:
        if block.kind != "python" or {"norun", "breaks", "xfail"} & block.attributes.keys():
            continue
        try:
            module = ast.parse(block.source)
        except SyntaxError:
            continue
        for line, problem in (*_of_classes(module, says_lock_timeout), *_of_options(module, tree)):
            yield f"line {block.start + line - 1}: {problem}"
        for name, *size in DECIMAL.findall(block.source):
            known = sizes_of_example(tree.root, name)
            if known and size not in known:
                yield f"line {block.line}: {name} has another size in the example than {':'.join(size)}"


def _of_classes(module: ast.Module, says_lock_timeout: bool) -> Iterator[tuple[int, str]]:
    in_batches = {
        node.name
        for node in ast.walk(module)
        if isinstance(node, ast.AsyncFunctionDef)
        and any(isinstance(one, ast.While) for one in ast.walk(node))
    }
    for node in ast.walk(module):
        if not isinstance(node, ast.ClassDef):
            continue
        values = {ast.unparse(one.targets[0]): one.value for one in node.body if isinstance(one, ast.Assign)}
        operations = values.get("operations")
        if not isinstance(operations, ast.List):
            continue
        calls = [one for one in operations.elts if isinstance(one, ast.Call)]
        is_atomic = "atomic" not in values or ast.unparse(values["atomic"]) != "False"
        if is_atomic and any(_called(one) == "RunPython" and _first(one) in in_batches for one in calls):
            yield node.lineno, "each batch commits only with atomic = False"
        if says_lock_timeout and any(map(_alters, calls)) and _called(calls[0]) != "LockTimeout":
            yield node.lineno, "it waits for an exclusive lock without a limit: put LockTimeout first"


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _first(call: ast.Call) -> str:
    return ast.unparse(call.args[0]) if call.args else ""


def _alters(call: ast.Call) -> bool:
    """Whether the operation changes a table that has rows."""
    sql = call.args[0] if call.args else None
    return _called(call) == "AlterField" or (
        isinstance(sql, ast.Constant) and ALTER.match(str(sql.value)) is not None
    )


def _of_options(module: ast.Module, tree: Tree) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module):
        match node:
            case ast.Call(args=[_, ast.Dict(keys=keys)]) if _called(node) == "AlterModelOptions":
                for key in keys:
                    if isinstance(key, ast.Constant) and key.value not in _options(tree.root):
                        yield key.lineno, f"no migration of the example has the option {key.value!r}"


@cache
def _options(root: Path) -> frozenset[str]:
    """The options of models that the example's migrations have."""
    files = Tree(root).under("examples/billing/migrations/", (".py",))
    found = (
        key.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "options" and isinstance(node.value, ast.Dict)
        for key in node.value.keys
        if isinstance(key, ast.Constant)
    )
    return frozenset(found)
