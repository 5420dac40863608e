"""The plot of a record: an SVG of two bars for each task, with no need of a library."""

from __future__ import annotations

from html import escape

from .record import Record, average
from .workspace import VARIANTS

WORDS = {"with_skill": "with the skill", "without_skill": "without the skill"}
_COLOURS = {"with_skill": "#1a7f5a", "without_skill": "#b8bec7"}
_LEFT, _WIDTH, _RIGHT, _BAR, _ROW, _TOP = 150, 380, 60, 11, 34, 40


def plot(record: Record) -> str:
    """An SVG image: for each task the share of assertions that passed, with and without the skill."""
    height = _TOP + _ROW * len(record.tasks) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + _RIGHT} {height}" '
        'font-family="sans-serif" font-size="12" role="img" aria-label="Assertions passed, by task">',
        f'<rect width="100%" height="{height}" fill="#ffffff"/>',
        *_legend(),
        *(_grid(share, height) for share in (0, 50, 100)),
    ]
    for row, task in enumerate(record.tasks):
        top = _TOP + _ROW * row
        parts.append(f'<text x="{_LEFT - 8}" y="{top + 15}" text-anchor="end">{escape(task)}</text>')
        for line, variant in enumerate(VARIANTS):
            parts += _bar(record, variant, task, top + line * (_BAR + 2))
    return "\n".join([*parts, "</svg>"])


def _legend() -> list[str]:
    parts = []
    for place, variant in enumerate(VARIANTS):
        x = _LEFT + place * 130
        parts.append(f'<rect x="{x}" y="8" width="12" height="12" fill="{_COLOURS[variant]}"/>')
        parts.append(f'<text x="{x + 18}" y="18">{WORDS[variant]}</text>')
    return parts


def _grid(share: int, height: int) -> str:
    x = _LEFT + _WIDTH * share / 100
    line = f'<line x1="{x:g}" y1="{_TOP - 6}" x2="{x:g}" y2="{height - 8}" stroke="#e5e7eb"/>'
    label = f'x="{x:g}" y="{_TOP - 10}" text-anchor="middle" fill="#6b7280" font-size="10"'
    return f"{line}<text {label}>{share} %</text>"


def _bar(record: Record, variant: str, task: str, y: int) -> list[str]:
    share = average(record.of(variant, task), lambda run: run.rate())
    if share is None:
        return []
    width = max(1.0, _WIDTH * share)
    return [
        f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{_COLOURS[variant]}"/>',
        f'<text x="{_LEFT + width + 5:.1f}" y="{y + _BAR - 1}" font-size="10">{share:.0%}</text>',
    ]
