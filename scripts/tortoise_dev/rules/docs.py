"""The rules as text: one rule's page, and the reference page of all of them."""

from __future__ import annotations

import re

from . import RULES
from .base import Rule, example_files

_HEAD = """\
# Rules: what check.py reports

```bash
python3 "$SKILL/scripts/check.py"              # the project here; nothing of it is executed
python3 "$SKILL/scripts/check.py" --diff       # what --fix would move (TD003, TD004), as a diff
python3 "$SKILL/scripts/check.py" --explain TD106 | head -3
```

Exit status: 0 clean, 1 findings, 2 unusable input. Only what the text proves is reported. Tests and
migrations are left out unless a path names them. `# noqa: TD003` on its line suppresses a finding. Code that
starts with many: `--baseline known.json` records them on its first run, then fails on new ones only.

```toml
[tool.tortoise-dev]                          # all of it optional
ignore = ["TD002"]                           # or select; prefixes too: "TD1"
exclude = ["legacy/**"]
extra-model-bases = ["acme.models.Entity"]   # of packages
base-interface = "any"                       # TD002: any Base… will do

[tool.tortoise-dev.per-file-ignores]
"scripts/*.py" = ["TD101"]
```

Repair what it says, run it again, until it is silent. Leave ruff's `DJ012` off: it wants another order.

"""

_WITH_EXAMPLE = ("TD106",)
"""The rules whose example says more than the sentence about it."""


def page_of_rule(rule: Rule) -> str:
    """The whole page of a rule: its docstring, with its examples before the fix safety."""
    before, heading, after = rule.page.partition("## Fix safety")
    parts = [f"{before}## Example\n", _shown(rule.bad), "## Use instead\n", _shown(rule.good)]
    return "\n".join([*parts, f"{heading}{after}"])


def _shown(example: str) -> str:
    return "".join(f"```python\n# {path}\n{source}```\n\n" for path, source in example_files(example).items())


def page_of_all() -> str:
    """The reference page: every rule in short, with bad examples that the harness holds against the rules."""
    parts = [_HEAD]
    for rule in RULES.values():
        what, why = (_paragraph(rule.section(title)) for title in ("What it does", "Why is this bad"))
        fix = " `--fix` repairs it where that is safe." if rule.fixable else ""
        parts.append(f"## {rule.code} {rule.name}\n\n{what}{fix} *Why:* {why}\n\n")
        if rule.code in _WITH_EXAMPLE:
            path, source = list(example_files(rule.bad).items())[-1]
            source = re.sub(r"\n{3,}", "\n\n", source)
            parts.append(f'```python breaks={rule.code} title="{path}"\n{source}```\n\n')
    return "".join(parts).rstrip("\n")


def _paragraph(text: str) -> str:
    return " ".join(text.split())
