"""The rules, one module each: its docstring is the rule's page, BAD and GOOD are its tests.

A module whose name begins with ``td`` is a rule; nothing else registers it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from .base import Rule

_MODULES = sorted(file.stem for file in Path(__file__).parent.glob("td*.py"))

RULES: dict[str, Rule] = {
    rule.code: rule for rule in (import_module(f"{__name__}.{module}").RULE for module in _MODULES)
}
"""Every rule by its code, in order."""
