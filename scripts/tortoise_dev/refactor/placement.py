"""Which file of the new package each statement belongs to."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from ..analysis.file_names import file_stems
from .refusals import refused
from .statements import Kind, Statement
from .uses import When

PACKAGE = ""
"""The place of what stays in the package's ``__init__.py``."""

_SHARED = {Kind.ENUM: "enums", Kind.CLASS: "helpers", Kind.FUNCTION: "helpers", Kind.CONSTANT: "constants"}
"""Where a statement goes that several files use, or none."""

_FIXED = {Kind.ABSTRACT: "base", Kind.MIXIN: "mixins", Kind.SIGNAL: "signals", Kind.SCHEMA: "schemas"}
Node = TypeVar("Node")
_IMPORTS = (Kind.DOCSTRING, Kind.FUTURE, Kind.IMPORT, Kind.TYPING_IMPORT)


@dataclass(eq=False)
class Places:
    """The file of each statement, by the file's name without ``.py``."""

    of: dict[Statement, str] = field(default_factory=dict)
    entities: set[str] = field(default_factory=set)
    """The files that hold a concrete model."""
    owners: dict[str, Statement] = field(default_factory=dict)
    """For each name of the module the statement that defines it; imports are none."""
    set_elsewhere: Collection[str] = ()
    """The names that other files set in the module, and that calls look up."""

    def place_of(self, name: str) -> str | None:
        """The file that defines a name; None for what the module imports."""
        owner = self.owners.get(name)
        return None if owner is None else self.of[owner]

    def is_late(self, place: str) -> bool:
        """Is a file imported when all models are there?"""
        return place in (PACKAGE, self.names["signals"], self.names["schemas"])

    names: dict[str, str] = field(default_factory=dict)
    """For ``base``, ``enums`` and the like the names that they really have."""


def placed(
    statements: Sequence[Statement],
    belongs: dict[Statement, Statement],
    set_elsewhere: Collection[str] = (),
) -> Places:
    """The place of each statement; ``belongs`` has for an abstract base its concrete model.

    Raises RefusedError where the files would import each other in a circle.
    """
    places = Places(set_elsewhere=set_elsewhere)
    for one in statements:
        if one.kind not in _IMPORTS:
            places.owners.update(dict.fromkeys(one.binds, one))
    _name_files(places, statements)
    for one in statements:
        if one.kind in _FIXED:
            places.of[one] = places.names[_FIXED[one.kind]]
    for one, model in belongs.items():
        places.of[one] = places.of[model]
    _place_the_rest(places, [one for one in statements if one not in places.of and one.kind not in _IMPORTS])
    _join_circles(places)
    return places


def _name_files(places: Places, statements: Sequence[Statement]) -> None:
    """Names for all files, none of which is a name that the package itself must have."""
    taken = {name for one in statements for name in one.binds}

    def free(names: Iterable[str]) -> str:
        name = next(one for one in names if one not in taken)
        taken.add(name)
        return name

    used = {_FIXED.get(one.kind) or _SHARED.get(one.kind) for one in statements}
    models = [one for one in statements if one.kind is Kind.MODEL]
    fixed = [*dict.fromkeys((*_FIXED.values(), *_SHARED.values())), "common"]
    for name in fixed:
        if name in used or name == "common":
            places.names[name] = free((name, f"model_{name}", f"model_{name}_", f"the_{name}"))
        else:
            places.names[name] = name
    for one in models:
        places.of[one] = free(file_stems(one.name))
        places.entities.add(places.of[one])


def _place_the_rest(places: Places, statements: Sequence[Statement]) -> None:
    """Statements that one file alone uses go there, others to the file of their kind.

    Beside a model's file ``signals.py`` does not count, because it imports that file anyway.
    """
    _place_in_package(places, statements)
    for group in reversed(_groups(places, statements)):
        homes = {home for one in group for home in _user_places(places, one, group)}
        if homes & places.entities:
            homes.discard(places.names["signals"])
        is_set = any(name in places.set_elsewhere for one in group for name in one.binds)
        alone = homes.pop() if len(homes) == 1 and not is_set else None
        for one in group:
            if alone is not None and alone != PACKAGE:
                places.of[one] = alone
            else:
                places.of[one] = places.names[_SHARED.get(one.kind, "constants")]


def _place_in_package(places: Places, statements: Sequence[Statement]) -> None:
    """Statements that only do something, and what needs models at import, stay in the package itself."""
    late = {name for one, place in places.of.items() if one.kind is Kind.MODEL for name in one.binds}
    late |= {name for one in places.of if one.kind in (Kind.SCHEMA, Kind.SIGNAL) for name in one.binds}
    for one in statements:
        early = {use.name for use in one.uses if use.when is When.IMPORT}
        if one.kind in (Kind.EFFECT, Kind.EXPORTS) and not _changes_constant(places, one, late):
            places.of[one] = PACKAGE
        elif early & late:
            places.of[one] = PACKAGE
            late.update(one.binds)


def _changes_constant(places: Places, one: Statement, late: set[str]) -> bool:
    """Does a statement change something that the module defines: ``LIMITS["x"] = 1``, ``LIST.append(1)``?"""
    names = {use.name for use in one.uses if use.when is When.IMPORT}
    return one.kind is Kind.EFFECT and not names & late and changed_name(one.nodes[0]) in places.owners


def changed_name(node: ast.stmt) -> str | None:
    """The name of what a statement without a name of its own sets a part of, or calls a method of."""
    target: ast.expr | None = None
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        target = node.value.func if isinstance(node.value.func, ast.Attribute) else None
    elif isinstance(node, ast.Assign):
        target = node.targets[0]
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        target = node.target
    while isinstance(target, (ast.Attribute, ast.Subscript)):
        target = target.value
    return target.id if isinstance(target, ast.Name) else None


def _groups(places: Places, statements: Sequence[Statement]) -> list[list[Statement]]:
    """Statements without a place, those together that need each other; what is used before what uses it."""
    open_ = [one for one in statements if one not in places.of]
    leads: dict[Statement, set[Statement]] = {one: set() for one in open_}
    for one in open_:
        for name in {use.name for use in one.uses}:
            used = places.owners.get(name)
            if used in leads and used is not None:
                leads[one].add(used)
                if one.kind is Kind.EFFECT:  # it changes what it uses
                    leads[used].add(one)
        for name in one.binds:
            if places.owners[name] is not one:
                leads[one].add(places.owners[name])
                leads[places.owners[name]].add(one)
    return list(strong_components(leads))


def _user_places(places: Places, one: Statement, group: Sequence[Statement]) -> Iterator[str]:
    """The files that use what a statement binds."""
    for user, place in places.of.items():
        if user not in group and any(use.name in one.binds for use in user.uses):
            yield place


def _join_circles(places: Places) -> None:
    """Join files of helpers that import each other; raises RefusedError where models are among them."""
    joined = {places.names[name] for name in ("enums", "constants", "helpers", "mixins", "common")}
    for circle in strong_components(_imports_between(places)):
        if len(circle) == 1:
            continue
        shared = [one for one in circle if one in joined]
        if len(shared) == len(circle):
            for one, place in places.of.items():
                if place in circle:
                    places.of[one] = places.names["common"]
    for circle in strong_components(_imports_between(places, early_only=True)):
        if len(circle) > 1:
            first = min((one for one in places.of if places.of[one] in circle), key=lambda one: one.line)
            files = ", ".join(f"{name}.py" for name in sorted(circle))
            raise refused("import-circle", first.line, f"{files} would import each other: split them by hand")


def _imports_between(places: Places, early_only: bool = False) -> dict[str, set[str]]:
    """For each file those that it must import when it is imported itself."""
    leads: dict[str, set[str]] = {place: set() for place in places.of.values() if place != PACKAGE}
    for one, place in places.of.items():
        for use in one.uses if place != PACKAGE else ():
            target = places.place_of(use.name)
            if target is None or target in (place, PACKAGE):
                continue
            early = use.when is When.IMPORT or (use.function is None and use.when is When.CALL)
            late_to_helpers = target not in places.entities and not places.is_late(target)
            if early or (not early_only and late_to_helpers):
                leads[place].add(target)
    return leads


def strong_components(leads: dict[Node, set[Node]]) -> list[list[Node]]:
    """The nodes of a graph, those together that lead to each other; what is led to comes first."""
    number: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    stack: list[Node] = []
    found: list[list[Node]] = []

    def visit(node: Node) -> None:
        number[node] = lowest[node] = len(number)
        stack.append(node)
        for other in sorted(leads[node], key=order.__getitem__):
            if other not in number:
                visit(other)
            if other in stack:
                lowest[node] = min(lowest[node], lowest[other])
        if lowest[node] == number[node]:
            at = stack.index(node)
            found.append(stack[at:])
            del stack[at:]

    order = {node: index for index, node in enumerate(leads)}
    for node in leads:
        if node not in number:
            visit(node)
    return found
