"""``--fix``: the new texts of the files whose findings bring a repair.

Edits come first, then members of classes move. Two fixes never touch the same piece of text: the later one
waits for the next pass. A text that does not parse, or that lost a comment, is not taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..analysis.models import metas_of
from ..analysis.modules import Class, Module
from ..analysis.project import Project
from ..analysis.source import UnreadableError, comments_of, parse, split_lines
from .engine import Violation
from .fixes import Edit, Fix, Place
from .reorder import reordered


def fixed_texts(project: Project, violations: Sequence[Violation], *, unsafe: bool) -> dict[Path, str]:
    """The text of each file that changes when these violations are repaired; all of them if ``unsafe``."""
    wanted = [one for one in violations if one.fix is not None and (one.fix.safe or unsafe)]
    texts: dict[Path, str] = {}
    edits = _accepted(project, wanted)
    moved: dict[Path, list[Violation]] = defaultdict(list)
    for violation in wanted:
        if violation.fix is not None and violation.fix.order:
            moved[violation.path].append(violation)
    for path in {*edits, *moved}:
        module = project.resolver.module(str(path))
        if module is None:
            continue
        text = _reordered(module, _applied(module.file.lines, edits[path]), moved[path], edits[path])
        if text != module.file.text:
            texts[path] = text
    return texts


def _accepted(project: Project, violations: Iterable[Violation]) -> Mapping[Path, list[Edit]]:
    """The edits of each file that can be made together, in the order of the text."""
    accepted: dict[Path, list[Edit]] = defaultdict(list)
    for violation in violations:
        fix = violation.fix
        if fix is None or not fix.edits:
            continue
        by_path: dict[Path, list[Edit]] = defaultdict(list)
        for edit in fix.edits:
            by_path[edit.path or violation.path].append(edit)
        if all(
            _can_add(project, path, accepted[path], own, comments=violation.rule == "TD100")
            for path, own in by_path.items()
        ):
            for path, own in by_path.items():
                accepted[path] = sorted([*accepted[path], *own], key=lambda one: (one.start, one.end))
    return accepted


def _can_add(project: Project, path: Path, known: list[Edit], more: list[Edit], *, comments: bool) -> bool:
    """Do these edits leave those alone that are known, and the file a program with all its comments?"""
    module = project.resolver.module(str(path))
    if module is None or any(_overlap(one, other) for one in more for other in known):
        return False
    lines = module.file.lines
    before, after = _applied(lines, known), _applied(lines, [*known, *more])
    try:
        parse(after)
    except UnreadableError:
        return False
    return comments or comments_of(before) == comments_of(after)


def _overlap(one: Edit, other: Edit) -> bool:
    """Do two edits touch the same text? Two that only put something in may do that at one place."""
    if one == other:
        return True
    if one.start == one.end and other.start == other.end:
        return False
    return one.start < other.end and other.start < one.end


def _applied(lines: Sequence[str], edits: Iterable[Edit]) -> str:
    """The text with its edits made."""
    result: list[str] = []
    position: Place = (1, 0)
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        result += [_between(lines, position, edit.start), edit.text]
        position = edit.end
    result.append(_between(lines, position, (len(lines) + 1, 0)))
    return "".join(result)


def _between(lines: Sequence[str], start: Place, end: Place) -> str:
    (first, column), (last, until) = start, end
    if first == last:
        return lines[first - 1][column:until] if first <= len(lines) else ""
    tail = lines[last - 1][:until] if last <= len(lines) else ""
    return "".join([lines[first - 1][column:], *lines[first : last - 1], tail])


# --- members that move


def _reordered(module: Module, text: str, violations: Iterable[Violation], edits: Iterable[Edit]) -> str:
    """The text with the members of its classes in order; edits above a class have moved its line."""
    own = list(violations)
    # from the bottom up: what moves in one class leaves the lines above it where they were
    for cls in sorted(module.classes, key=lambda one: one.node.lineno, reverse=True) if own else ():
        orders = _orders_of(cls, own)
        if orders:
            line = cls.node.lineno
            line += sum(
                len(split_lines(f"{edit.text}x")) - 1 - (edit.end[0] - edit.start[0])
                for edit in edits
                if edit.end <= (cls.node.lineno, 0)
            )
            text = reordered(text, (line, cls.name), lead="lead" in orders, sort="sort" in orders)
    return text


def _orders_of(cls: Class, violations: Iterable[Violation]) -> set[str]:
    """What the violations at direct members of this class ask for."""
    lines = {statement.lineno for statement in (*cls.node.body, *metas_of(cls.node))}
    fixes: list[Fix] = [one.fix for one in violations if one.fix is not None and one.line in lines]
    return {fix.order for fix in fixes}
