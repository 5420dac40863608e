"""``--select`` and ``--language``: which blocks of the pages are meant."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..pages.discovery import SUFFIXES
from ..snippets.planning.planned import PagePlan, PlannedBlock
from ..snippets.result import Result
from .common import UnusableError, did_you_mean


@dataclass(frozen=True)
class Selection:
    """What ``--select`` and ``--language`` let through; an empty part lets everything through."""

    places: tuple[tuple[Path, int | None], ...] = ()
    languages: frozenset[str] = field(default_factory=frozenset)

    def has_page(self, path: Path) -> bool:
        """Is any block of this page selected?"""
        return not self.places or any(place == path.resolve() for place, _ in self.places)

    def has(self, path: Path, start: int, end: int, language: str | None) -> bool:
        """Is the block (or oddity) that spans these lines of this page selected?"""
        if self.languages and language is not None and language not in self.languages:
            return False  # an oddity has no language of its own: it might be one of these
        here = [line for place, line in self.places if place == path.resolve()]
        return not self.places or any(line is None or start <= line < end for line in here)

    def has_block(self, plan: PagePlan, planned: PlannedBlock) -> bool:
        """Is this block selected?"""
        block = planned.block
        return self.has(plan.page.path, block.line, block.end, block.info.language)

    def settled_results(self, plan: PagePlan) -> Iterator[Result]:
        """Those results of a page that need no run and are selected."""
        ends = {planned.block.line: planned.block.end for planned in plan.blocks}
        for result in plan.settled_results():
            if self.has(plan.page.path, result.line, ends.get(result.line, result.line + 1), result.language):
                yield result


def selection_of(options: argparse.Namespace) -> Selection:
    """What the command's options select. Raises UnusableError."""
    places: list[tuple[Path, int | None]] = []
    for text in options.select:
        page, _, line = text.rpartition(":")
        if page and line.isdigit():
            places.append((Path(page).resolve(), int(line)))
        elif text.lower().endswith(SUFFIXES):
            places.append((Path(text).resolve(), None))
        else:
            raise UnusableError(f"--select {text}: expected PAGE or PAGE:LINE")
    return Selection(tuple(places), frozenset(language.lower() for language in options.language))


def check_selection(options: argparse.Namespace, selection: Selection, plans: Sequence[PagePlan]) -> None:
    """Raises UnusableError for an option that selects nothing on pages that were read."""
    read = {plan.page.path.resolve() for plan in plans}
    for text, place in zip(options.select, selection.places, strict=True):
        alone = Selection((place,))
        if place[0] in read and not any(_selects(alone, plan) for plan in plans):
            raise UnusableError(f"--select {text}: no block is selected: see --list")
    known = sorted({planned.block.info.language for plan in plans for planned in plan.blocks} - {""})
    for language in options.language:
        if plans and language.lower() not in known:
            hint = did_you_mean(language.lower(), known) or f": the pages have {', '.join(known) or 'none'}"
            raise UnusableError(f"--language {language}: no block is in this language{hint}")
    both = selection.places and selection.languages and plans
    if both and not any(_selects(selection, plan) for plan in plans):
        raise UnusableError("no block is selected by --select and --language together: see --list")


def _selects(selection: Selection, plan: PagePlan) -> bool:
    blocks = any(selection.has_block(plan, planned) for planned in plan.blocks)
    return blocks or any(selection.settled_results(plan))
