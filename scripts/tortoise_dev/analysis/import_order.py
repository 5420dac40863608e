"""The order that Ruff and isort want in written code: of modules, of imported names, of ``__all__``."""

from __future__ import annotations

import re

Natural = list[tuple[int, int | str]]


def module_order(module: str) -> tuple[int, Natural, str]:
    """The order of modules: from the farthest package to the nearest one, then by name."""
    name = module.lstrip(".")
    return len(name) - len(module), _natural(name.lower()), name


def imported_order(name: str) -> tuple[int, Natural, Natural]:
    """The order of the names of an import, which may be ``name as other``: constants, classes, the others."""
    first = name.partition(" ")[0]
    return _rank(first), _natural(first.lower()), _natural(name)


def listed_order(name: str) -> tuple[int, Natural]:
    """The order of names in ``__all__``: as in an import, but capital letters count."""
    return _rank(name), _natural(name)


def _rank(name: str) -> int:
    return 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2


def _natural(name: str) -> Natural:
    """Numbers in the order of their values: ``order2`` comes before ``order10``."""
    parts = re.findall(r"\d+|\D", name)
    return [(ord("0"), int(part)) if part.isdecimal() else (ord(part), part) for part in parts]
