"""The rules as text: one rule's page, and the reference page of all of them."""

from __future__ import annotations

from . import RULES
from .base import Rule, example_files

_HEAD = """\
# Rules: what check.py reports

`$SKILL` is the folder that holds `SKILL.md`:

```bash
python3 "$SKILL/scripts/check.py"                  # reads the project, runs none of its code
python3 "$SKILL/scripts/check.py" --select TD1     # bugs
python3 "$SKILL/scripts/check.py" --explain TD105,TD132  # repairs
```

[checker.md](checker.md): `--baseline`, `--against`, exit status.

TD000 to TD006 say how code must look. The others name mistakes. A rule reports only what the code proves.

- Tests are left out unless a path names them. Only the rules TD2xx judge migrations.
- `# noqa: TD003` suppresses a finding on its line. In SQL write `-- noqa: TD202`.
- `--fix` repairs what is safe. `--unsafe-fixes` also repairs what changes the behaviour.
- A new rule is in preview. It runs with `--preview`, or if `--select` names it (`TD125`, not `TD1`).

```toml
[tool.tortoise-dev]                          # in pyproject.toml; each line is optional
ignore = ["TD002"]                           # or select; "TD1" means all TD1xx
exclude = ["legacy/**"]
extra-model-bases = ["acme.models.Entity"]   # of installed packages
base-interface = "any"                       # TD002 accepts any abstract Base… model
tortoise-version = "0.25.1"                  # without it, read from lock files
preview = true                               # also rules in preview

[tool.tortoise-dev.per-file-ignores]
"scripts/*.py" = ["TD101"]
```

"""

_IN_PREVIEW = "In preview: {}.\n\n"


def page_of_rule(rule: Rule) -> str:
    """The whole page of a rule: its docstring, with its examples before the fix safety.

    A file that both examples have alike is shown once.
    """
    before, heading, after = rule.page.partition("## Fix safety")
    bad, good = example_files(rule.bad), example_files(rule.good)
    changed = {path: source for path, source in good.items() if bad.get(path) != source}
    parts = [f"{before}## Example\n", _shown(bad), "## Use instead\n", _shown(changed)]
    return "\n".join([*parts, f"{heading}{after}"])


def _shown(files: dict[str, str]) -> str:
    return "".join(f"```python\n# {path}\n{source}```\n\n" for path, source in files.items())


def page_of_all() -> str:
    """The reference page: every rule in short.

    What is more to be said of a rule is on its own page, for ``--explain``.
    """
    parts = [_HEAD, _IN_PREVIEW.format(", ".join(rule.code for rule in RULES.values() if rule.preview))]
    for rule in RULES.values():
        option = "--fix" if rule.fixable else "--unsafe-fixes" if rule.unsafe_fix else ""
        fix = f" `{option}` repairs it." if option else ""
        parts.append(f"## {rule.code} {rule.name}\n\n{rule.in_one_line}.{fix}\n\n{rule.reason}\n\n")
    return "".join(parts).rstrip("\n")


def list_of_rules() -> str:
    """All rules, a line each: code, name, ``preview`` or ``fixable``, and what it reports."""
    width = max(len(rule.name) for rule in RULES.values())
    return "\n".join(
        f"{rule.code} {rule.name:{width}} {_state(rule):16} {rule.in_one_line}" for rule in RULES.values()
    )


def table_of_rules() -> list[dict[str, object]]:
    """All rules, for JSON."""
    return [
        {
            "code": rule.code,
            "name": rule.name,
            "summary": rule.in_one_line,
            "preview": rule.preview,
            "fix": "safe" if rule.fixable else "unsafe" if rule.unsafe_fix else None,
        }
        for rule in RULES.values()
    ]


def _state(rule: Rule) -> str:
    return " ".join(word for word in ("preview", "fixable") if getattr(rule, word))
