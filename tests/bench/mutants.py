"""Small mistakes in a page: one letter, one number, one operator, one argument, one line.

`mutants_of` is a pure function of a page's text: it lists every mutant that it knows, in page order. A
mutant is an edit of the text. What it changes lies within one block, one fence's line, one link or one
sentence.
"""

from __future__ import annotations

import ast
import random
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args

from tortoise_dev.pages.page import Block
from tortoise_dev.pages.reading import parse_page

Kind = Literal[
    "literal", "operator", "statement", "wrapper", "argument", "swap", "api", "method", "await",
    "shell", "flag", "data", "sql", "output", "mark", "link", "anchor",
    "boundary", "none", "except", "loop", "order", "unassert", "fence", "relink",
    "prose-number", "prose-name", "prose-span", "prose-other",
    "prose-negation", "prose-word", "prose-database", "prose-cell", "prose-swap", "prose-comment",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
CODE: tuple[Kind, ...] = KINDS[: KINDS.index("prose-number")]
PROSE: tuple[Kind, ...] = KINDS[KINDS.index("prose-number") :]

OPERATORS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Lt: ("<", ">="),
    ast.LtE: ("<=", ">"),
    ast.Gt: (">", "<="),
    ast.GtE: (">=", "<"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}
SIMPLE = (
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Delete,
    ast.Raise,
    ast.Return,
    ast.Break,
    ast.Continue,
)
ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.BitOr: ("|", "&"),
    ast.BitAnd: ("&", "|"),
}
BOUNDARY: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("==", ">="),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
}
OTHER_METHODS = {
    one: other
    for pair in (
        "select_related prefetch_related", "bulk_create bulk_update", "filter exclude", "get get_or_none",
        "create get_or_create", "first last", "values values_list", "CASCADE SET_NULL", "RESTRICT CASCADE",
        "Count Sum", "Min Max", "add remove", "save delete", "commit rollback", "order_by group_by",
        "limit offset", "exists count", "CharField TextField", "IntField BigIntField",
        "ForeignKeyField OneToOneField", "AddField RemoveField", "upgrade downgrade",
    )
    for one, other in (pair.split(), pair.split()[::-1])
}  # fmt: skip
OTHER_SQL = {
    one: other
    for pair in (
        "SELECT DELETE", "UPDATE SHARE", "INNER LEFT", "ASC DESC", "AND OR", "INSERT UPDATE", "ADD DROP",
        "CREATE DROP", "MIN MAX", "COMMIT ROLLBACK", "UNIQUE PRIMARY", "CASCADE RESTRICT", "TABLE VIEW",
    )
    for one, other in (pair.split(), pair.split()[::-1])
}  # fmt: skip
DROPPED_SQL = (
    "NOT ",
    "DISTINCT ",
    "CONCURRENTLY ",
    "IF EXISTS ",
    "IF NOT EXISTS ",
    " FOR UPDATE",
    " SKIP LOCKED",
)
OTHER_WORDS = {
    one: other
    for pair in (
        "before after", "first last", "always never", "all no", "above below", "with without", "must may",
        "more less", "inside outside", "same different", "old new", "every no", "once twice", "one two",
        "two three", "four five", "only also", "right wrong", "true false", "reads writes", "read write",
        "earlier later", "up down", "left right", "and or", "if unless", "begins ends", "start end",
    )
    for one, other in (pair.split(), pair.split()[::-1])
}  # fmt: skip
OTHER_DATABASES = {
    "PostgreSQL": "MariaDB",
    "MariaDB": "PostgreSQL",
    "SQLite": "PostgreSQL",
    "MySQL": "SQLite",
    "asyncpg": "psycopg",
    "psycopg": "asyncpg",
}
NEGATED = re.compile(
    r"\b(?:does|do|is|are|can|must|was|were|has|have|will|should|need) not\b"
    r"|\bcannot\b|\bnot \b|\bno (?=[a-z])"
)
"""What loses its negation; `no` becomes `a`."""
AFFIRMED = re.compile(
    r"\b(?:is|are|can|must|does|was|raises|returns|needs|takes|makes|sends|runs|works|keeps|holds|gets|"
    r"gives|ignores|writes|reads|adds|changes|refuses|locks|fails|stores|accepts|creates|has)\b(?! not\b)"
)
AUXILIARY = {"is", "are", "can", "must", "does", "was"}
EXCEPTIONS = ("KeyError", "ValueError", "RuntimeError")
OTHER_TRUTH = {"true": "false", "false": "true"}
NOT_RUN = {"norun", "breaks", "xfail"}
ONLY_LOOKS = re.compile(r"\s*(?:! )?(?:grep|test|diff|cmp)\b")
"""A line of a shell that is an assert: without it a block says less and still passes."""
LINK = re.compile(r"\]\(([^()\s#]*)(?:#([^()\s]+))?\)")
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
NAME_IN_PROSE = re.compile(r"\bTD\d{3}\b|\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b|\b[a-z]+_[a-z_]+\b")
NUMBER_IN_PROSE = re.compile(r"(?<![\w.#/-])\d+(?:\.\d+)*(?![\w/])")


@dataclass(frozen=True)
class Mutant:
    """`text[start:end]` of a page becomes `new`; `title` is the example's file that its block shows."""

    page: str
    kind: Kind
    line: int
    start: int
    end: int
    new: str
    before: str
    after: str
    title: str = ""

    def applied_to(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.end :]

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the mutant is, wherever on the page it stands."""
        return self.page, self.kind, self.before, self.after


@dataclass(frozen=True)
class Edit:
    """A mutant before it is placed: offsets into the page."""

    kind: Kind
    start: int
    end: int
    new: str
    title: str = ""


def mutants_of(text: str, page: str, seed: int = 1) -> list[Mutant]:
    """Every mutant of a page; `seed` decides which letter and which digit changes."""
    rng = random.Random(f"{seed} {page}")
    found: dict[tuple[str, str], Mutant] = {}
    for edit in sorted(_edits(text, page, rng), key=lambda edit: (edit.start, edit.end, edit.new)):
        if text[edit.start : edit.end] == edit.new:
            continue
        mutant = _placed(edit, text, page)
        found.setdefault((mutant.kind, mutant.applied_to(text)), mutant)
    return list(found.values())


def _placed(edit: Edit, text: str, page: str) -> Mutant:
    begin = text.rfind("\n", 0, edit.start) + 1
    whole_lines = edit.end > edit.start and text[edit.end - 1] == "\n"
    end = edit.end - 1 if whole_lines else text.find("\n", edit.end)
    end = len(text) if end < 0 else end
    return Mutant(
        page,
        edit.kind,
        text.count("\n", 0, edit.start) + 1,
        edit.start,
        edit.end,
        edit.new,
        text[begin:end].strip(),
        (text[begin : edit.start] + edit.new + text[min(edit.end, end) : end]).strip(),
        edit.title,
    )


def _edits(text: str, page: str, rng: random.Random) -> Iterator[Edit]:
    offsets = [0]
    for line in text.split("\n"):
        offsets.append(offsets[-1] + len(line) + 1)
    blocks = parse_page(text, Path(page), page).blocks
    covered: list[tuple[int, int]] = []
    for block in blocks:
        covered.append((block.line, block.end))
        if block.attributes.get("norun") is not None:
            continue
        yield from _of_mark(block, text, offsets, rng)
        yield from _of_comments(block, text, offsets, rng)
        if not NOT_RUN & block.attributes.keys():
            yield from _of_block(block, text, offsets, rng)
    yield from _of_prose(text, offsets, covered, rng)


def _of_comments(block: Block, text: str, offsets: list[int], rng: random.Random) -> Iterator[Edit]:
    """What a comment of code says: its numbers, negations, databases and words."""
    for number in range(block.start, min(block.end, len(offsets) - 1)):
        start, end = offsets[number - 1], offsets[number] - 1
        comment = re.search(r"(?:^|\s)# (.+)$", text[start:end])
        if not comment or block.kind not in ("python", "shell", "data", "console"):
            continue
        found = list(_of_sense(comment[1], start + comment.start(1), [], rng))
        for match in NUMBER_IN_PROSE.finditer(comment[1]):
            begin = start + comment.start(1)
            found.append(
                Edit("prose-comment", begin + match.start(), begin + match.end(), other_number(match[0], rng))
            )
        if found:
            yield replace(rng.choice(found), kind="prose-comment")


def _of_block(block: Block, text: str, offsets: list[int], rng: random.Random) -> Iterator[Edit]:
    start, end = (
        offsets[block.start - 1],
        offsets[min(block.start - 1 + block.source.count("\n"), len(offsets) - 1)],
    )
    end = min(offsets[block.end - 2], len(text)) if end < start else end
    source = text[start : offsets[block.start + len(block.source.rstrip("\n").split("\n")) - 1]]
    title = block.attributes.get("title", "")
    if block.kind == "python":
        edits = _of_python(source, rng)
    elif block.kind in ("shell", "console"):
        edits = _of_shell(source, rng)
    elif block.kind == "data":
        edits = _of_data(source, rng)
    elif {"output", "sql"} & block.attributes.keys():
        edits = _of_output(source, rng)
    else:
        return
    for edit in edits:
        yield Edit(edit.kind, start + edit.start, start + edit.end, edit.new, title)


def _of_python(source: str, rng: random.Random) -> Iterator[Edit]:
    margin = re.match(r"[ >]*", source)[0] if source.startswith((" ", ">")) else ""  # type: ignore[index]
    if margin:
        return  # in a list or a quote: its lines are not Python's
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    lines = [line.encode() for line in source.split("\n")]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.decode()) + 1)

    def at(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1][:column].decode())

    def place(node: ast.AST) -> tuple[int, int]:
        return at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    }
    parts_of_f_strings = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in docstrings or id(node) in parts_of_f_strings:
            continue
        match node:
            case ast.Constant():
                start, end = place(node)
                new = _other_literal(source[start:end], node.value, rng)
                if new:
                    yield Edit("literal", start, end, new)
                if isinstance(node.value, str):
                    yield from (
                        replace(edit, start=start + edit.start, end=start + edit.end)
                        for edit in _of_sql(source[start:end], rng)
                    )
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                old, new = OPERATORS[type(operator)]
                start, end = place(left)[1], place(right)[0]
                between = source[start:end]
                if between.count(old) == 1:
                    yield Edit("operator", start, end, between.replace(old, new))
                    if type(operator) in BOUNDARY:
                        yield Edit("boundary", start, end, between.replace(*BOUNDARY[type(operator)]))
            case ast.BoolOp(op=operator, values=[first, second, *_]):
                start, end = place(first)[1], place(second)[0]
                old, new = ("and", "or") if isinstance(operator, ast.And) else ("or", "and")
                if source[start:end].count(old) == 1:
                    yield Edit("operator", start, end, source[start:end].replace(old, new))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield Edit("operator", place(node)[0], place(operand)[0], "")
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                yield Edit("operator", place(node)[0], place(operand)[0], "")
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in ARITHMETIC:
                start, end = place(left)[1], place(right)[0]
                old, new = ARITHMETIC[type(operator)]
                if source[start:end].count(old) == 1:
                    yield Edit("operator", start, end, source[start:end].replace(old, new))
            case ast.Await(value=value):
                yield Edit("await", place(node)[0], place(value)[0], "")
            case ast.Attribute(attr=name, value=value):
                end = place(node)[1]
                if source[end - len(name) : end] == name:
                    yield Edit("api", end - len(name), end, other_letter(name, rng))
                    if name in OTHER_METHODS:
                        yield Edit("method", end - len(name), end, OTHER_METHODS[name])
            case (
                ast.Assign(targets=[ast.Name()], value=value)
                | ast.Return(value=ast.expr() as value)
                | ast.keyword(arg=str(), value=value)
            ) if not isinstance(value, ast.Constant):
                yield Edit("none", *place(value), "None")
            case ast.ExceptHandler(type=ast.expr() as caught):
                name = "KeyError" if source[slice(*place(caught))] != "KeyError" else "OSError"
                yield Edit("except", *place(caught), name)
            case ast.For(iter=looped) | ast.AsyncFor(iter=looped):
                yield Edit("loop", *place(looped), "[]" if isinstance(node, ast.For) else "nobody()")
            case ast.Break():
                yield Edit("loop", *place(node), "continue")
            case ast.Continue():
                yield Edit("loop", *place(node), "break")
            case ast.AsyncWith(items=[ast.withitem(optional_vars=None) as item]):
                start, end = place(node)[0], place(item.context_expr)[1]
                yield Edit("wrapper", start, end, "if True")
            case ast.Call(args=arguments, keywords=keywords):
                if len(arguments) > 1 and not any(isinstance(one, ast.Starred) for one in arguments[:2]):
                    (start, stop), (begin, end) = map(place, arguments[:2])
                    yield Edit(
                        "swap", start, end, source[begin:end] + source[stop:begin] + source[start:stop]
                    )
                given = sorted([*map(place, arguments), *map(place, keywords)])
                for index, (start, end) in enumerate(given):
                    if index + 1 < len(given):
                        yield Edit("argument", start, given[index + 1][0], "")
                    elif index:
                        yield Edit("argument", given[index - 1][1], end, "")
                    elif source[start - 1] == "(":
                        yield Edit("argument", start, end, "")
        for decorator in getattr(node, "decorator_list", []):
            start, end = place(decorator)
            yield Edit("wrapper", source.rfind("\n", 0, start) + 1, source.find("\n", end) + 1, "")
        for body in (
            getattr(node, "body", None),
            getattr(node, "orelse", None),
            getattr(node, "finalbody", None),
        ):
            if isinstance(body, list):
                yield from (
                    _without(statement, body, source, place) for statement in body if _is_simple(statement)
                )
                yield from (
                    replace(_without(statement, body, source, place), kind="unassert")
                    for statement in body
                    if isinstance(statement, ast.Assert) or _calls_assert(statement)
                )
                yield from _in_other_order(body, source, place)


def _is_simple(statement: ast.stmt) -> bool:
    """Whether leaving it out is a mistake that a run can find: no definition, no docstring, no import; and no
    assert, a call of `assertEqual()` among them, without which a block says less and still passes.
    """
    if isinstance(statement, ast.Expr):
        return not (isinstance(statement.value, ast.Constant) or _calls_assert(statement))
    return isinstance(statement, SIMPLE)


def _calls_assert(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name))):
            return name.startswith("assert")
    return False


def _in_other_order(body: list[ast.stmt], source: str, place: object) -> Iterator[Edit]:
    """A statement that gives a name changes places with the one below that uses it, but not in a lambda."""

    def names(statement: ast.stmt, context: type[ast.expr_context]) -> set[str]:
        later = {
            id(node) for one in ast.walk(statement) if isinstance(one, ast.Lambda) for node in ast.walk(one)
        }
        found = (node for node in ast.walk(statement) if isinstance(node, ast.Name) and id(node) not in later)
        return {node.id for node in found if isinstance(node.ctx, context)}

    for one, other in pairwise(body):
        binds = isinstance(one, ast.Assign | ast.AnnAssign) and names(one, ast.Store) & names(other, ast.Load)
        defined = isinstance(other, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not binds or defined:
            continue
        (start, stop), (begin, end) = place(one), place(other)  # type: ignore[operator]
        alone = not source[source.rfind("\n", 0, start) + 1 : start].strip()
        if alone and source[stop:begin].strip() == "" and "\n" in source[stop:begin]:
            yield Edit("order", start, end, source[begin:end] + source[stop:begin] + source[start:stop])


def _without(statement: ast.stmt, body: list[ast.stmt], source: str, place: object) -> Edit:
    start, end = place(statement)  # type: ignore[operator]
    stands_alone = not source[source.rfind("\n", 0, start) + 1 : start].strip()
    if len(body) == 1 or not stands_alone:
        return Edit("statement", start, end, "pass")
    begin = source.rfind("\n", 0, start) + 1
    finish = source.find("\n", end)
    return Edit("statement", begin, len(source) if finish < 0 else finish + 1, "")


def _other_literal(written: str, value: object, rng: random.Random) -> str | None:
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, int) and re.fullmatch(r"\d+", written):
        return str(value + (rng.choice((1, -1)) if value > 1 else 1))
    if isinstance(value, str) and len(value) > 0 and "\n" not in written:
        quoted = re.fullmatch(r"([rbf]?)(\"\"\"|'''|\"|')(.*)\2", written, re.DOTALL)
        if quoted:
            return f"{quoted[1]}{quoted[2]}{other_letter(quoted[3], rng)}{quoted[2]}"
    return None


def other_letter(text: str, rng: random.Random) -> str:
    """The text with one letter replaced; a digit where it has no letter, one more where it has neither."""
    for alphabet in (string.ascii_letters, string.digits):
        places = [
            index
            for index, letter in enumerate(text)
            if letter in alphabet and text[index - 1 : index] != "\\"
        ]
        if places:
            index = rng.choice(places)
            letter = text[index]
            same = string.digits if letter.isdigit() else (
                string.ascii_lowercase if letter.islower() else string.ascii_uppercase
            )  # fmt: skip
            return text[:index] + rng.choice([one for one in same if one != letter]) + text[index + 1 :]
    return text + "x"


def other_number(text: str, rng: random.Random) -> str:
    """The number with its last digit counted up; in one of three, another digit replaced by any other."""
    places = [index for index, letter in enumerate(text) if letter.isdigit()]
    if len(places) > 1 and rng.random() < 1 / 3:
        index = rng.choice(places[:-1])
        return (
            text[:index] + rng.choice([one for one in "123456789" if one != text[index]]) + text[index + 1 :]
        )
    index = places[-1]
    return text[:index] + str((int(text[index]) + 1) % 10) + text[index + 1 :]


def _of_sql(text: str, rng: random.Random) -> Iterator[Edit]:
    """One keyword of an SQL statement changed or left out."""
    words = [*re.finditer(rf"\b(?:{'|'.join(OTHER_SQL)})\b", text)]
    if words:
        word = rng.choice(words)
        yield Edit("sql", word.start(), word.end(), OTHER_SQL[word[0]])
    dropped = [*re.finditer("|".join(DROPPED_SQL), text)]
    if dropped:
        word = rng.choice(dropped)
        yield Edit("sql", word.start(), word.end(), "")


def _lines(source: str) -> Iterator[tuple[int, str]]:
    position = 0
    for line in source.split("\n"):
        if line.strip():
            yield position, line
        position += len(line) + 1


def _of_shell(source: str, rng: random.Random) -> Iterator[Edit]:
    in_text = False
    for position, line in _lines(source):
        code = re.sub(r"(^|\s)#.*$", "", line)
        if "<<" in code:
            in_text = True
        if not code.strip():
            continue
        if (
            not in_text
            and not code.rstrip().endswith("\\")
            and not re.match(r"\s*(?:do|done|fi|then|else|for|if|while)\b", code)
            and not ONLY_LOOKS.match(code)
        ):
            yield Edit("shell", position, position + len(line) + 1, "")
        if not in_text and not code.rstrip().endswith("\\") and ONLY_LOOKS.match(code):
            yield Edit("unassert", position, position + len(line) + 1, "")
        words = list(re.finditer(r"[\w./-]*[A-Za-z][\w./-]*", code))
        if words:
            word = rng.choice(words)
            yield Edit("shell", position + word.start(), position + word.end(), other_letter(word[0], rng))
        flags = list(re.finditer(r" --?[a-zA-Z][\w-]*(?:=\S+)?(?=\s|$)", code))
        if flags:
            flag = rng.choice(flags)
            yield Edit("flag", position + flag.start(), position + flag.end(), "")
        negated = re.match(r"(\s*)! ", code)
        if negated:
            yield Edit("shell", position + len(negated[1]), position + negated.end(), "")
        numbers = list(re.finditer(r"(?<![\w.])\d+(?![\w.])", code))
        if numbers:
            number = rng.choice(numbers)
            yield Edit(
                "shell", position + number.start(), position + number.end(), other_number(number[0], rng)
            )


def _of_data(source: str, rng: random.Random) -> Iterator[Edit]:
    for position, line in _lines(source):
        code = re.sub(r"(^|\s)#.*$", "", line)
        if not code.strip():
            continue
        yield Edit("data", position, position + len(line) + 1, "")
        words = list(re.finditer(r"[A-Za-z][\w.-]*", code))
        if words:
            word = rng.choice(words)
            yield Edit("data", position + word.start(), position + word.end(), other_letter(word[0], rng))
        values = list(re.finditer(r"\b(?:true|false)\b|(?<![\w.])\d+(?![\w.])", code))
        if values:
            value = rng.choice(values)
            new = OTHER_TRUTH.get(value[0]) or other_number(value[0], rng)
            yield Edit("data", position + value.start(), position + value.end(), new)
        for edit in _of_sql(code, rng):
            yield replace(edit, start=position + edit.start, end=position + edit.end)


def _of_output(source: str, rng: random.Random) -> Iterator[Edit]:
    for position, line in _lines(source):
        if line.strip() != "...":
            words = list(re.finditer(r"\w+", line))
            if words:
                word = rng.choice(words)
                yield Edit(
                    "output", position + word.start(), position + word.end(), other_letter(word[0], rng)
                )


def _of_mark(block: Block, text: str, offsets: list[int], rng: random.Random) -> Iterator[Edit]:
    """Mistakes in a block's attributes; never without `queries` or `output`, as such a page passes."""
    start, end = offsets[block.line - 1], offsets[block.line] - 1
    line = text[start:end]
    for name, value in block.attributes.items():
        match = re.search(rf"\b{name}=(\"[^\"]*\"|[^\s\"]+)", line)
        if name == "raises" and match:
            new = rng.choice([one for one in EXCEPTIONS if one != value])
            yield Edit("mark", start + match.start(1), start + match.end(1), new)
            yield Edit("mark", start + match.start() - 1, start + match.end(), "")
        elif name == "queries" and match:
            yield Edit("mark", start + match.start(1), start + match.end(1), str(int(value) + 1))
        elif name == "breaks" and match:
            yield Edit(
                "mark", start + match.start(1), start + match.end(1), "TD101" if value != "TD101" else "TD003"
            )
        elif name in ("title", "needs") and match:
            yield Edit("mark", start + match.start(1), start + match.end(1), other_letter(match[1], rng))
            if name == "needs" and not re.search(r"docker|helm|kubectl|tortoise", value):
                yield Edit("mark", start + match.start() - 1, start + match.end(), "")
            databases = [one for one in ("postgres", "sqlite", "mysql") if one in value.split("|")]
            if name == "needs" and databases:
                database = rng.choice(databases)
                other = next(
                    (one for one in ("postgres", "sqlite", "mysql") if one not in value.split("|")), ""
                )
                yield Edit(
                    "fence", start + match.start(1), start + match.end(1),
                    match[1].replace(database, other) if other else f'"{database}"',
                )  # fmt: skip
        if name in ("queries", "output", "sql") and (word := re.search(rf" {name}(?:=\S+)?(?= |$)", line)):
            yield Edit("fence", start + word.start(), start + word.end(), "")
        elif name == "continues":
            word = re.search(r" continues(?:=\S+)?", line)
            if word:
                yield Edit("mark", start + word.start(), start + word.end(), "")


def _of_prose(
    text: str, offsets: list[int], covered: list[tuple[int, int]], rng: random.Random
) -> Iterator[Edit]:
    front = re.match(r"---\n.*?\n---\n", text, re.DOTALL)
    first = front[0].count("\n") if front else 0
    comment = False
    lines = text.split("\n")
    targets = sorted(
        {match[0][2:-1] for match in LINK.finditer(text) if "://" not in match[0]} | _anchors(lines)
    )
    for number, line in enumerate(text.split("\n"), 1):
        if number <= first or any(begin <= number < end for begin, end in covered):
            continue
        comment = comment or line.startswith("<!--")
        if comment or line.startswith(("```", "~~~")):
            comment = comment and "-->" not in line
            continue
        start = offsets[number - 1]
        taken: list[tuple[int, int]] = []
        for match in LINK.finditer(line):
            taken.append(match.span())
            if match[1] and "://" not in match[1] and not match[1].startswith("mailto"):
                yield Edit("link", start + match.start(1), start + match.end(1), other_letter(match[1], rng))
            others = [one for one in targets if one.split("#")[-1] != (match[2] or match[1])]
            if "://" not in match[0] and others and "mailto" not in match[0]:
                yield Edit("relink", start + match.start() + 2, start + match.end() - 1, rng.choice(others))
            if match[2]:
                yield Edit(
                    "anchor", start + match.start(2), start + match.end(2), other_letter(match[2], rng)
                )
        taken += [match.span() for match in re.finditer(r"<?https?://\S+|\[[^\]]*\](?=\()", line)]
        for match in SPAN.finditer(line):
            taken.append(match.span())
            for word in re.finditer(rf"\b(?:{'|'.join(OTHER_METHODS | OTHER_SQL)})\b", match[1]):
                new = (OTHER_METHODS | OTHER_SQL)[word[0]]
                begin = start + match.start(1)
                yield Edit("prose-other", begin + word.start(), begin + word.end(), new)
            if re.search(r"[A-Za-z]{2}", match[1]):
                yield Edit(
                    "prose-span", start + match.start(1), start + match.end(1), other_letter(match[1], rng)
                )
            elif re.search(r"\d", match[1]):
                yield Edit(
                    "prose-span", start + match.start(1), start + match.end(1), other_number(match[1], rng)
                )
        if not line.startswith("#"):
            yield from _of_sense(line, start, taken, rng)
        below = lines[number] if number < len(lines) else ""
        if _is_row(line) and _is_row(below) and not any(RULED.fullmatch(one) for one in (line, below)):
            yield from _of_cells(line, below, start, rng)
        for kind, pattern, change in (
            ("prose-name", NAME_IN_PROSE, other_name),
            ("prose-number", NUMBER_IN_PROSE, other_number),
        ):
            for match in pattern.finditer(line):
                is_list_number = (
                    not line[: match.start()].strip() and line[match.end() : match.end() + 1] == "."
                )
                if not is_list_number and not any(
                    begin < match.end() and match.start() < end for begin, end in taken
                ):
                    yield Edit(kind, start + match.start(), start + match.end(), change(match[0], rng))  # type: ignore[arg-type]


RULED = re.compile(r"\|[\s:|-]+\|?")


def _is_row(line: str) -> bool:
    return line.startswith("|") and line.rstrip().endswith("|")


def _anchors(lines: list[str]) -> set[str]:
    """The anchors of the page's own headings."""
    headings = (line.lstrip("# ") for line in lines if re.match(r"##+ ", line))
    plain = (re.sub(r"[^\w -]", "", heading.lower()) for heading in headings)
    return {"#" + heading.strip().replace(" ", "-") for heading in plain}


def _of_sense(line: str, start: int, taken: list[tuple[int, int]], rng: random.Random) -> Iterator[Edit]:
    """A negation comes or goes, a word or a database becomes another, two names change places."""

    def is_free(match: re.Match[str]) -> bool:
        return not any(begin < match.end() and match.start() < end for begin, end in taken)

    for match in filter(is_free, NEGATED.finditer(line)):
        yield Edit("prose-negation", start + match.start(), start + match.end(), affirmed(match[0]))
    for match in filter(is_free, AFFIRMED.finditer(line)):
        new = f"{match[0]} not" if match[0] in AUXILIARY else f"never {match[0]}"
        yield Edit("prose-negation", start + match.start(), start + match.end(), new)
    for match in filter(is_free, re.finditer(r"[A-Za-z]+", line)):
        if match[0] in OTHER_DATABASES:
            yield Edit(
                "prose-database", start + match.start(), start + match.end(), OTHER_DATABASES[match[0]]
            )
        elif match[0].lower() in OTHER_WORDS:
            new = OTHER_WORDS[match[0].lower()]
            new = new.capitalize() if match[0][0].isupper() else new
            yield Edit("prose-word", start + match.start(), start + match.end(), new)
    spans = list(SPAN.finditer(line))
    if len({match[0] for match in spans}) > 1 and not _is_row(line):
        one, other = rng.choice([pair for pair in pairwise(spans) if pair[0][0] != pair[1][0]])
        between = line[one.end() : other.start()]
        if not re.fullmatch(r",? ?(?:and|or|,)? ?", between):  # members of a list may stand in any order
            yield Edit("prose-swap", start + one.start(), start + other.end(), other[0] + between + one[0])


def affirmed(text: str) -> str:
    """`does not` becomes `does`, `cannot` becomes `can`, and `no` becomes `a`."""
    return {"cannot": "can", "no ": "a ", "not ": ""}.get(text, text.removesuffix(" not"))


def _of_cells(line: str, below: str, start: int, rng: random.Random) -> Iterator[Edit]:
    """Two cells of a column change places, but those of the first."""
    one, other = (re.split(r"(?<!\\)\|", row) for row in (line, below))
    columns = [
        index
        for index in range(2, min(len(one), len(other)) - 1)
        if one[index].strip() != other[index].strip()
    ]
    if columns:
        index = rng.choice(columns)
        one[index], other[index] = other[index], one[index]
        yield Edit(
            "prose-cell", start, start + len(line) + 1 + len(below), "|".join(one) + "\n" + "|".join(other)
        )


def other_name(text: str, rng: random.Random) -> str:
    """Another code of a rule, or the name with one letter changed."""
    return f"TD{other_number(text[2:], rng)}" if re.fullmatch(r"TD\d{3}", text) else other_letter(text, rng)
