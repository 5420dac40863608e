"""Python blocks made ready to run: compiled with the page's line numbers and with run-time checks, and read
for what no run shows.

A block is padded with blank lines up to its place on the page, so that every line number, traceback, warning
and ``inspect.getsource`` is the page's. rewrite.py says which checks are put in.
"""

from __future__ import annotations
import __future__

import ast
import marshal
import threading
import types
from collections.abc import Iterable
from dataclasses import replace

from ..protocol import Program, Step
from ..source import compile_tree, modules_imported, parse, too_much, warnings_as_errors
from .idle import idle_reason, jumps, names_used, tests_of, unsure_assert, unsure_branches
from .names import names_bound, names_read
from .rewrite import with_checks

_FUTURES = 0
for _name in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _name).compiler_flag


_LOCK = threading.Lock()
"""Of several threads that need the same page, one compiles it."""
_made: dict[tuple[str, tuple[tuple[str, int, bool], ...]], list[Program]] = {}


def add_programs(page: str, steps: Iterable[Step]) -> None:
    """Give each Python block of a chain its program; what was compiled for another database is kept."""
    python = [step for step in steps if step.kind == "python"]
    blocks = tuple((step.source, step.line, step.file is not None or step.prelude) for step in python)
    with _LOCK:
        if (page, blocks) not in _made:
            _made[page, blocks] = make_programs([*blocks], page)
    for step, program in zip(python, _made[page, blocks], strict=True):
        step.program = program


def rehearsal() -> Step:
    """A block that a fork server tries before any other."""
    step = Step(0, "python", "assert 1 < 2\n", 1)
    add_programs("rehearsal", [step])
    return step


def make_programs(blocks: list[tuple[str, int, bool]], filename: str) -> list[Program]:
    """Compile the Python blocks of a chain, given as (source, the page's line, is a file of its own)."""
    with warnings_as_errors():
        return _make_programs(blocks, filename)


def _make_programs(blocks: list[tuple[str, int, bool]], filename: str) -> list[Program]:
    trees: list[ast.Module | SyntaxError] = []
    for source, line, _ in blocks:
        try:
            trees.append(parse(source, filename, line))
        except SyntaxError as error:
            trees.append(error)
    names = _names_of(trees)
    flags, programs = 0, []
    plain: list[types.CodeType] = []
    for number, ((source, _, is_file), tree) in enumerate(zip(blocks, trees, strict=True)):
        imports = sorted(modules_imported([source]))
        try:
            if isinstance(tree, SyntaxError):
                raise tree
            # once as it is written: its warnings are not about what the checks make of it
            plain.append(compile_tree(tree, filename, flags))
            others = frozenset[str]().union(*names[:number], *names[number + 1 :])
            tests = [] if is_file else [*tests_of(tree, others)]
            idle = idle_reason(tree, others.union(tests), is_file=is_file) or jumps(tree, source)
            reads, kept = [*names_read(plain[-1])], _kept_results(tree)
            asserts = unsure_assert(tree) if "assert " in source else None
            branches = [] if is_file else unsure_branches(tree, source)
            branch = _left_out(branches[0]) if branches else None
            is_async = "async " in source or "await " in source
            code = _compile(tree, filename, flags, branches)
        except SyntaxError as error:
            place = (error.filename, error.lineno, error.offset, error.text)
            programs.append(Program(None, [str(error.msg), place], imports=imports))
        else:
            flags |= code.co_flags & _FUTURES
            text = marshal.dumps(code).hex()
            programs.append(Program(text, None, idle, imports, reads, kept, tests, is_async, asserts, branch))
    if any(program.reads for program in programs):
        bound = names_bound(plain)
        programs = [_without(program, bound) for program in programs]
    return programs


def _names_of(trees: list[ast.Module | SyntaxError]) -> list[frozenset[str]]:
    """The names that each block of a chain uses, for the other blocks; a block alone has no others."""
    if len(trees) == 1:
        return [frozenset()]
    return [frozenset() if isinstance(tree, SyntaxError) else names_used(tree) for tree in trees]


def _left_out(node: ast.If) -> str:
    return f"the code under `if {ast.unparse(node.test)}` was not run, and nothing else is"


def _compile(tree: ast.Module, filename: str, flags: int, branches: list[ast.If]) -> types.CodeType:
    try:
        return with_checks(tree, filename, flags, branches)
    except RecursionError as error:
        raise too_much(error, filename, 1) from None


def _without(program: Program, bound: frozenset[str]) -> Program:
    return replace(program, reads=[read for read in program.reads if read.name not in bound])


def _kept_results(tree: ast.Module) -> list[tuple[str, int]]:
    """The variables of the block that keep what a call returned: (name, line)."""
    return [
        (target.id, node.lineno)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
