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
`--rules` lists all rules. A new rule is in preview until many real findings show that it is right. It runs
with `--preview`, or where `--select` names its whole code.

```toml
[tool.tortoise-dev]                          # all of it optional
ignore = ["TD002"]                           # or select; prefixes too: "TD1"
exclude = ["legacy/**"]
extra-model-bases = ["acme.models.Entity"]   # of packages
base-interface = "any"                       # TD002: any Base… will do
preview = true                               # also the rules in preview, as --preview does

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
    """The reference page: two sentences a rule, and a bad example that the harness holds against its rule.

    The rest of a rule's page is for ``--explain``.
    """
    parts = [_HEAD]
    for rule in RULES.values():
        why = _first_sentence(rule.first_paragraph("Why is this bad"))
        fix = " `--fix` repairs it where that is safe." if rule.fixable else ""
        preview = " In preview." if rule.preview else ""
        parts.append(f"## {rule.code} {rule.name}\n\n{rule.in_one_line}. {why}{fix}{preview}\n\n")
        if rule.code in _WITH_EXAMPLE:
            path, source = list(example_files(rule.bad).items())[-1]
            source = re.sub(r"\n{3,}", "\n\n", source)
            parts.append(f'```python breaks={rule.code} title="{path}"\n{source}```\n\n')
    return "".join(parts).rstrip("\n")


def _first_sentence(text: str) -> str:
    match = re.match(r"(?:`[^`]*`|[^`.]|\.(?! |$))*\.", text)
    return match[0] if match else text


def list_of_rules() -> str:
    """All rules, a line each: code, name, ``preview`` or ``fixable``, and what it reports."""
    width = max(len(rule.name) for rule in RULES.values())
    return "\n".join(
        f"{rule.code} {rule.name:{width}} {_state(rule):16} {rule.in_one_line}" for rule in RULES.values()
    )


def _state(rule: Rule) -> str:
    return " ".join(word for word in ("preview", "fixable") if getattr(rule, word))
