"""What each file of the new package imports: at its top, for type checkers, or inside of functions."""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import libcst as cst

from ..analysis.import_order import imported_order
from .import_lines import line_of, wrapped
from .placement import PACKAGE, Places
from .refusals import refused
from .statements import Kind, Statement
from .uses import Use, When

_WHY_HERE = "# Here, so that each call sees what other files set.\n"


@dataclass(frozen=True)
class Imported:
    """A name that the module imports; ``late`` says that it does so below its first model."""

    name: str
    node: ast.Import | ast.ImportFrom
    alias: ast.alias
    comment: str
    typing: bool
    late: bool

    def __hash__(self) -> int:
        return id(self.alias)


@dataclass
class FileImports:
    """The imports of one file."""

    outside: list[Imported] = field(default_factory=list)
    own: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By file the names that come from it."""
    typing_outside: list[Imported] = field(default_factory=list)
    typing_own: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    stars: bool = False
    future: bool = False
    """Does an annotation name what is there for type checkers only?"""
    inner: dict[Statement, dict[int, set[str]]] = field(default_factory=lambda: defaultdict(dict))
    """By statement and function the lines that import from outside where the function begins."""
    inner_own: dict[Statement, dict[int, dict[str, set[str]]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """The same for names of the package, by the file that they come from."""


class Imports:
    """The imports of the old module, and what becomes of them in each file."""

    def __init__(self, statements: Sequence[Statement], places: Places) -> None:
        self.places = places
        self.by_name: dict[str, list[Imported]] = defaultdict(list)
        self.stars: list[Statement] = []
        self.files: dict[str, FileImports] = defaultdict(FileImports)
        self._leads: dict[str, set[str]] = defaultdict(set)
        models = [one.line for one in statements if one.kind is Kind.MODEL]
        for one in statements:
            self._read(one, late=one.line > min(models, default=0))
        users = [one for one in statements if one in places.of]
        soft: list[tuple[Statement, Use]] = []
        for one in users:
            for use in one.uses:
                if not self._place(one, use):
                    soft.append((one, use))
        for one, use in sorted(soft, key=self._turn):
            self._place_soft(one, use)

    def _turn(self, pair: tuple[Statement, Use]) -> tuple[bool, bool]:
        """Models come first, because others can import them where they use them. Annotations come last."""
        one, use = pair
        return use.when is When.ANNOTATION, self.places.of[one] not in self.places.entities

    def _read(self, one: Statement, *, late: bool) -> None:
        if one.kind is Kind.IMPORT:
            lines = [(node, _comment_of(one.text)) for node in one.nodes]
        elif one.kind is Kind.TYPING_IMPORT:
            lines = [(node, "") for node in one.nodes[0].body]  # type: ignore[attr-defined]
        else:
            return
        for node, comment in lines:
            if not isinstance(node, (ast.Import, ast.ImportFrom)):
                continue
            for alias in node.names:
                if alias.name == "*":
                    self.stars.append(one)
                    continue
                whole = isinstance(node, ast.ImportFrom) or bool(alias.asname)
                name = alias.asname or (alias.name if whole else alias.name.partition(".")[0])
                typing = one.kind is Kind.TYPING_IMPORT
                self.by_name[name].append(Imported(name, node, alias, comment, typing, late))

    def _place(self, one: Statement, use: Use) -> bool:
        """Note what a use needs; False where that depends on what other files need."""
        home = self.places.of[one]
        target = self.places.place_of(use.name)
        if home == PACKAGE or (target == home and use.name not in self.places.set_elsewhere):
            return True
        file = self.files[home]
        if use.when is When.CALL and use.name in self.places.set_elsewhere:
            self._inside(one, use, PACKAGE)
            return True
        if target is None:
            self._place_outside(one, use, file)
            return True
        at_import = use.when is When.IMPORT or (use.when is When.CALL and use.function is None)
        if at_import and target == PACKAGE and not self.places.is_late(home):
            what = f"{use.name} is made from models, and {one.name or 'a statement'} needs it before them"
            raise refused("import-circle", use.line, f"{what}: split them by hand")
        if at_import or (self.places.is_late(home) and target != PACKAGE):
            self._lead(home, target, use.name)
        elif target in self.places.entities and home not in self.places.entities:
            return False
        elif target in self.places.entities or target == PACKAGE or self.places.is_late(target):
            if use.when is When.ANNOTATION:
                file.typing_own[target].add(use.name)
                file.future |= not use.quoted
            else:
                self._inside(one, use, target)
        else:
            return False
        return True

    def _place_outside(self, one: Statement, use: Use, file: FileImports) -> None:
        """Note what a use of an imported name needs."""
        found = self.by_name.get(use.name, [])
        if not found and not hasattr(builtins, use.name) and not use.quoted:
            file.stars = file.stars or bool(self.stars)
        for name in found:
            if name.typing or (name.late and use.when is When.ANNOTATION):
                file.typing_outside.append(name)
                file.future |= not use.quoted and name.late
            elif name.late and use.when is When.CALL and use.function is not None:
                lines = file.inner[one].setdefault(use.function, set())
                lines.add(line_of(name.node, [name.alias]))
            else:
                file.outside.append(name)

    def _place_soft(self, one: Statement, use: Use) -> None:
        """Import at the top where no circle comes of it, else where it is used."""
        home, target = self.places.of[one], self.places.place_of(use.name)
        assert target is not None
        if use.when is When.ANNOTATION and use.name in self.files[home].own.get(target, ()):
            return
        if use.when is When.ANNOTATION and (target in self.places.entities or self._reaches(target, home)):
            self.files[home].typing_own[target].add(use.name)
            self.files[home].future |= not use.quoted
        elif not self._reaches(target, home):
            self._lead(home, target, use.name)
        else:
            self._inside(one, use, target)

    def _lead(self, home: str, target: str, name: str) -> None:
        self._leads[home].add(target)
        self.files[home].own[target].add(name)

    def _reaches(self, start: str, goal: str) -> bool:
        seen, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            if here == goal:
                return True
            waiting += self._leads[here] - seen
            seen |= self._leads[here]
        return False

    def _inside(self, one: Statement, use: Use, target: str) -> None:
        assert use.function is not None
        functions = self.files[self.places.of[one]].inner_own[one]
        functions.setdefault(use.function, {}).setdefault(target, set()).add(use.name)

    def inner_lines(self, one: Statement) -> dict[int, list[str]]:
        """By function of a statement the import lines that it begins with."""
        file = self.files[self.places.of[one]]
        lines = {function: [*found] for function, found in file.inner.get(one, {}).items()}
        for function, own in file.inner_own.get(one, {}).items():
            for place, names in own.items():
                is_set = place == PACKAGE and not names.isdisjoint(self.places.set_elsewhere)
                line = wrapped(f".{place}", sorted(names, key=imported_order))
                lines.setdefault(function, []).append(f"{_WHY_HERE if is_set else ''}{line}")
        return lines


def _comment_of(text: cst.BaseStatement) -> str:
    whitespace = getattr(text, "trailing_whitespace", None)
    comment = getattr(whitespace, "comment", None)
    return f"  {comment.value}" if comment is not None else ""


def outside_groups(found: Sequence[Imported], order: Sequence[Statement]) -> list[list[str]]:
    """The lines that import names from outside, in the order and the groups of the module."""
    wanted = set(found)
    groups: dict[int, list[str]] = {}
    group = 0
    for statement in order:
        if statement.kind not in (Kind.IMPORT, Kind.TYPING_IMPORT):
            continue
        group += any(line.comment is None for line in getattr(statement.text, "leading_lines", ()))
        nodes = statement.nodes[0].body if statement.kind is Kind.TYPING_IMPORT else statement.nodes  # type: ignore[attr-defined]
        for number, node in enumerate(nodes):
            own = [one for one in wanted if one.node is node]
            above = nodes[number - 1] if number else node
            group += node.lineno > (above.end_lineno or 0) + 1
            if own and isinstance(node, (ast.Import, ast.ImportFrom)):
                aliases = [alias for alias in node.names if any(one.alias is alias for one in own)]
                groups.setdefault(group, []).append(line_of(node, aliases, own[0].comment))
    return list(groups.values())
