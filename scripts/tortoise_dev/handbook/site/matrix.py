"""The version × database matrix as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

_ROW, _COLUMN, _LEFT, _TOP = 44, 132, 150, 56


@dataclass(frozen=True)
class Cell:
    """What one pair of versions showed on one database."""

    passed: int
    failed: int = 0
    skipped: int = 0

    @property
    def told(self) -> str:
        """The numbers in words."""
        parts = [f"{self.passed} passed"]
        parts += [f"{self.failed} failed"] if self.failed else []
        parts += [f"{self.skipped} skipped"] if self.skipped else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Matrix:
    """Rows are versions, columns databases; a pair without a cell was not run."""

    rows: Sequence[str]
    columns: Sequence[str]
    cells: Mapping[tuple[str, str], Cell]

    def svg(self) -> str:
        """The matrix as SVG. Its colours come from the page, so that it fits light and dark."""
        width = _LEFT + _COLUMN * len(self.columns)
        height = _TOP + _ROW * len(self.rows)
        parts = [self._head(column, number) for number, column in enumerate(self.columns)]
        for number, row in enumerate(self.rows):
            y = _TOP + _ROW * number
            parts.append(f'<text class="td-m-row" x="{_LEFT - 14}" y="{y + 27}">{escape(row)}</text>')
            parts += [self._cell(row, column, at, y) for at, column in enumerate(self.columns)]
        said = escape(self.in_words())
        return (
            f'<svg class="td-matrix" viewBox="0 0 {width} {height}" style="min-width: {width}px" '
            f'role="img" aria-label="{said}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
        )

    def in_words(self) -> str:
        """The same for those who cannot see it."""
        told = [
            f"{row} on {column}: {cell.told if cell else 'not run'}"
            for row in self.rows
            for column in self.columns
            for cell in [self.cells.get((row, column))]
        ]
        return "Blocks by version and database. " + "; ".join(told)

    def _head(self, column: str, number: int) -> str:
        name, _, version = column.partition(" ") if any(map(str.isdigit, column)) else (column, "", "")
        x = _LEFT + _COLUMN * number + _COLUMN // 2
        return (
            f'<text class="td-m-name" x="{x}" y="22">{escape(name)}</text>'
            f'<text class="td-m-version" x="{x}" y="42">{escape(version)}</text>'
        )

    def _cell(self, row: str, column: str, number: int, y: int) -> str:
        cell = self.cells.get((row, column))
        kind = "none" if cell is None else "bad" if cell.failed else "good"
        x = _LEFT + _COLUMN * number
        center = x + _COLUMN // 2
        size = f'width="{_COLUMN - 6}" height="{_ROW - 6}" rx="6"'
        box = f'<rect class="td-m-{kind}" x="{x + 3}" y="{y + 3}" {size}/>'
        if cell is None:
            text = f'<text class="td-m-note" x="{center}" y="{y + 27}">not run</text>'
        else:
            mark = "✗" if cell.failed else "✓"
            count = cell.failed if cell.failed else cell.passed
            text = (
                f'<text class="td-m-count td-m-count--{kind}" x="{center}" y="{y + 27}">{mark} {count}</text>'
            )
        return f"{box}{text}"
