"""The rules as text: one rule's page, and the reference page of all of them."""

from __future__ import annotations

from . import RULES
from .rule import Rule, example_files

_HEAD = """\
# Rules: what check.py reports

`python3 "$SKILL/scripts/check.py"` in the project; standard library only, nothing of the project is executed.

"""


def page_of_rule(rule: Rule) -> str:
    """The whole page of a rule: its docstring, with its examples before the fix safety."""
    before, heading, after = rule.page.partition("## Fix safety")
    return "\n".join(
        [
            f"{before}## Example\n",
            _shown(rule.bad),
            "## Use instead\n",
            _shown(rule.good),
            f"{heading}{after}",
        ]
    )


def _shown(example: str) -> str:
    return "".join(f"```python\n# {path}\n{source}```\n\n" for path, source in example_files(example).items())


def page_of_all() -> str:
    """The reference page: every rule in short."""
    parts = [_HEAD]
    for rule in RULES.values():
        fix = " Repaired by `--fix` where that is safe." if rule.fixable else ""
        what = rule.section("What it does").replace("\n\n", "\n")
        why = rule.section("Why is this bad").replace("\n\n", "\n")
        parts.append(f"## {rule.code} {rule.name}\n\n{what}{fix}\n\n{why}\n\n")
    return "".join(parts).rstrip("\n")
