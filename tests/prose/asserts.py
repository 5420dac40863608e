"""Asserts of pages that a typo would make true: what is said not to be there must be there somewhere else.

`assert "LIMIT" not in sql` holds for `"LIMTI"`, too. So the literal of a negative assert must occur once
more in the chain of its block, and not be denied there: in code, or in an output that is compared. For the
same reason a `sed` is followed by a `grep` for something that it wrote, a `cp` by a line that names the copy,
and `update(updated_at=…)` by a line that reads `updated_at`. An assert that compares with `>=` or
`<` holds for many values, so each of them has its reason in `allowed.toml`.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from prose.reading import Prose
from tortoise_dev.pages.page import Block

MUTE = (0, 1, True, False, None, "", "sqlite", "postgres", "psycopg", "mysql", "mariadb")
"""Literals that need no control: numbers that occur anyway, and the databases that a block distinguishes."""
LOOSE = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


@dataclass(frozen=True)
class Unproven:
    """A literal of a negative assert, or a `sed`, that nothing else in its chain mentions."""

    line: int
    literal: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.literal!r} {self.message}"


def chains_of(page: Prose) -> Iterator[list[Block]]:
    """The chains of a page: a block, those that continue it, their outputs, and the preludes above."""
    preludes: list[Block] = []
    chains: list[list[Block]] = []
    names: dict[str, list[Block]] = {}
    for block in page.blocks:
        attributes = block.attributes
        if "prelude" in attributes:
            preludes.append(block)
            continue
        if "continues" in attributes and (attributes["continues"] in names or chains):
            chain = names.get(attributes["continues"]) or chains[-1]
            chain.append(block)
        elif block.kind in ("python", "session", "shell", "console", "data"):
            chain = [*preludes, block]
            chains.append(chain)
        else:
            if chains:
                chains[-1].append(block)
            continue
        if "name" in attributes:
            names[attributes["name"]] = chain
    yield from chains


def problems(page: Prose) -> Iterator[Unproven]:
    """What the page's blocks deny or change without a control."""
    seen: set[tuple[int, str]] = set()
    for chain in chains_of(page):
        for found in (
            *_unproven_literals(chain),
            *_empty_literals(chain),
            *_loose_asserts(chain),
            *_naive_times(chain),
            *_unread_times(chain),
            *_unchecked_seds(chain),
            *_unnamed_copies(chain),
            *_unproven_greps(chain),
            *_unseen_limits(chain),
        ):
            if (found.line, found.literal) not in seen:
                seen.add((found.line, found.literal))
                yield found


def _unproven_literals(chain: list[Block]) -> Iterator[Unproven]:
    positive: list[str] = [block.source for block in chain if block.kind not in ("python", "session")]
    constants: list[str] = []
    negative: list[tuple[int, object]] = []
    for block in chain:
        if block.kind != "python" or {"norun", "breaks", "xfail"} & block.attributes.keys():
            continue
        try:
            tree = ast.parse(block.source)
        except SyntaxError:
            continue
        denied = [
            constant
            for node in ast.walk(tree)
            if isinstance(node, ast.Assert)
            for constant in literals_denied(node.test)
        ]
        inside = {id(constant) for constant in denied}
        negative += [(block.start + constant.lineno - 1, constant.value) for constant in denied]
        for node in ast.walk(tree):
            match node:
                case ast.Constant(value=value) if id(node) not in inside:
                    constants.append(repr(value) if isinstance(value, (int, float)) else str(value))
                case (
                    ast.keyword(arg=str(name))
                    | ast.Name(id=name)
                    | ast.Attribute(attr=name)
                    | ast.ClassDef(name=name)
                ):
                    positive.append(name)
    for line, value in negative:
        text = repr(value) if isinstance(value, (int, float)) else str(value)
        in_other_case = text.lower() in {other.lower() for other in constants}
        if value not in MUTE and not in_other_case and not any(text in one for one in positive + constants):
            yield Unproven(line, str(value), "is only denied: its chain never shows that it can be there")


def _empty_literals(chain: list[Block]) -> Iterator[Unproven]:
    """`"" in sql` holds always."""
    for block in chain:
        if block.kind == "python":
            for node in _nodes_of(block):
                match node:
                    case ast.Compare(left=ast.Constant(value=""), ops=[ast.In()]):
                        yield Unproven(block.start + node.lineno - 1, "", "is in every text")


def _loose_asserts(chain: list[Block]) -> Iterator[Unproven]:
    """`assert n >= 3`, and a loop over nothing that asserts."""
    for block in chain:
        if block.kind != "python" or {"norun", "breaks", "xfail"} & block.attributes.keys():
            continue
        for node in _nodes_of(block):
            match node:
                case ast.Assert(test=test):
                    for one in ast.walk(test):
                        if isinstance(one, ast.Compare) and any(isinstance(op, LOOSE) for op in one.ops):
                            yield Unproven(
                                block.start + one.lineno - 1,
                                ast.unparse(one),
                                "holds for many values: say which",
                            )
                case ast.For(iter=ast.List(elts=[]) | ast.Tuple(elts=[])):
                    yield Unproven(block.start + node.lineno - 1, "[]", "is nothing to loop over")


def _naive_times(chain: list[Block]) -> Iterator[Unproven]:
    """A time without a zone means another moment on the host of a reader; here both are UTC."""
    for block in chain:
        if block.kind != "python" or {"norun", "breaks", "xfail"} & block.attributes.keys():
            continue
        for node in _nodes_of(block):
            match node:
                case ast.Call(func=ast.Attribute(attr="now" | "astimezone" as name), args=[], keywords=[]):
                    is_naive = name == "astimezone" or ast.unparse(node.func).endswith("datetime.now")
                case ast.Call(
                    func=ast.Name(id="datetime") | ast.Attribute(attr="datetime"), args=args, keywords=named
                ):
                    is_naive = len(args) < 8 and not any(one.arg == "tzinfo" for one in named)
                case _:
                    continue
            if is_naive:
                yield Unproven(block.start + node.lineno - 1, ast.unparse(node), "has no zone: give it one")


def _unread_times(chain: list[Block]) -> Iterator[Unproven]:
    """`update(note=…, updated_at=…)`: no line of the chain reads the time, so a run passes without it, too.

    A block that shows a file of the example is read by the example's tests.
    """
    blocks = [block for block in chain if block.kind == "python" and "breaks" not in block.attributes]
    nodes = [(block, node) for block in blocks for node in _nodes_of(block)]
    given = [
        (block, one)
        for block, node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update"
        for one in node.keywords
        if one.arg == "updated_at" and "title" not in block.attributes
    ]
    own = [one for _, one in given]
    is_read = any(
        (isinstance(node, ast.keyword) and node.arg == "updated_at" and node not in own)
        or (isinstance(node, ast.Attribute) and node.attr == "updated_at")
        for _, node in nodes
    )
    for block, one in given:
        if not is_read:
            yield Unproven(block.start + one.lineno - 1, ast.unparse(one), "is read by no line of its chain")


def _nodes_of(block: Block) -> Iterator[ast.AST]:
    try:
        yield from ast.walk(ast.parse(block.source))
    except SyntaxError:
        return


def literals_denied(test: ast.expr) -> Iterator[ast.Constant]:
    """The literals that an assert denies: by `not in`, by `!=`, or by `not` over a membership or a lookup."""
    match test:
        case ast.BoolOp(values=values):
            for value in values:
                yield from literals_denied(value)
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            for before, operator, after in zip([left, *comparators], ops, comparators, strict=False):
                if isinstance(operator, ast.NotIn):
                    yield from _constants(before)
                elif isinstance(operator, ast.NotEq):
                    yield from _constants(after)
                    yield from _constants(before)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            looks_up = any(
                (isinstance(node, ast.Compare) and any(isinstance(op, ast.In) for op in node.ops))
                or (
                    isinstance(node, ast.Attribute)
                    and node.attr in ("exists", "startswith", "endswith", "isdisjoint")
                )
                or (isinstance(node, ast.Name) and node.id in ("hasattr", "any"))
                for node in ast.walk(operand)
            )
            if looks_up:
                yield from _constants(operand)


def _constants(node: ast.expr) -> Iterator[ast.Constant]:
    yield from (one for one in ast.walk(node) if isinstance(one, ast.Constant))


def _lines(block: Block) -> Iterator[tuple[int, str]]:
    """The commands of a shell block; a line that ends in a backslash goes on."""
    start, text = block.start, ""
    for number, line in enumerate(block.source.split("\n"), block.start):
        if not text:
            start = number
        text += line.removesuffix("\\")
        if not line.endswith("\\"):
            yield start, text
            text = ""


def _unchecked_seds(chain: list[Block]) -> Iterator[Unproven]:
    commands = [one for block in chain if block.kind in ("shell", "console") for one in _lines(block)]
    for index, (line, command) in enumerate(commands):
        match = re.search(r"\bsed\s+(?:-[a-zA-Z]*i\S*|-i\S*)\s+(?:-e\s+)?(.+)", command)
        if not match:
            continue
        written = set(re.findall(r"\w{3,}", match[1]))
        checks = [
            later
            for _, later in commands[index + 1 :]
            if re.search(r"(?:^|[|;&]\s*)(?:!\s*)?(?:grep|diff|cmp|test|\[)\b", later)
            or re.search(r"\bgit diff\b", later)
        ]
        if not any(written & set(re.findall(r"\w{3,}", check)) or "diff" in check for check in checks):
            yield Unproven(
                line, command.strip()[:60], "may change nothing: no check of what it wrote follows"
            )


def _unnamed_copies(chain: list[Block]) -> Iterator[Unproven]:
    """`cp FILE FOLDER/`, and no later command names the copy."""
    commands = [one for block in chain if block.kind in ("shell", "console") for one in _lines(block)]
    for index, (line, command) in enumerate(commands):
        for match in re.finditer(r"(?:^|[;&]\s*)cp\s+(.+?)(?=\s*(?:$|[;&]))", command):
            *sources, target = shlex.split(match[1], comments=True)
            names = [target.rstrip("/")]
            if target.endswith("/"):
                names = [target + source.rpartition("/")[2] for source in sources if source[0] != "-"]
            rest = [command[match.end() :], *(later for _, later in commands[index + 1 :])]
            if not any(name in later for name in names for later in rest):
                yield Unproven(line, match[0].strip(" ;&")[:60], "copies what no later command names")


def _unproven_greps(chain: list[Block]) -> Iterator[Unproven]:
    commands = [one for block in chain if block.kind in ("shell", "console") for one in _lines(block)]
    for line, command in commands:
        match = re.search(r"(?:^|[;&|]\s*)!\s*(?:.*\|\s*)?grep\s+(.+)", command)
        if not match:
            continue
        try:
            words = [word for word in shlex.split(match[1]) if not word.startswith("-")]
        except ValueError:
            continue
        others = [other for where, other in commands if where != line]
        others += [block.source for block in chain if block.kind not in ("shell", "console")]
        if words and not any(words[0] in other for other in others):
            yield Unproven(line, words[0], "is only denied: its chain never shows that it can be there")


def _unseen_limits(chain: list[Block]) -> Iterator[Unproven]:
    """`find -n 1` above an output that ends in `...`: the output would fit without the limit, too."""
    for block, output in pairwise(chain):
        is_open = "output" in output.attributes and output.source.rstrip().endswith("\n...")
        if not is_open or block.kind not in ("shell", "console"):
            continue
        for line, command in _lines(block):
            limit = re.search(r" -n \d+| --limit[ =]\d+", command)
            if limit:
                yield Unproven(
                    line, limit[0].strip(), "may limit nothing: show the output to its end, without `...`"
                )
