"""A small handbook of its own for the tests of the website, with the commands beside it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from programs import run_python

ROOT = Path(__file__).resolve().parents[2]

SKILL = """\
# Small: a handbook for tests

Read this when you test. See [a page](references/models.md#count).

```python title="examples/billing/one.py"
ONE = 1
```
"""
MODELS = """\
# Models: two blocks

Read this when you count.

<!-- snippet: prelude
from os import environ
-->

## Count

```python
print("counted", 1 + 1)
```

```text output
counted 2
```

## Fail

```python raises=ZeroDivisionError
1 / 0
```
"""
SETTINGS = """\
[tool.tortoise-dev.snippets]
paths = ["SKILL.md", "references"]
project = "examples/billing"
"""


class Handbook:
    """The small handbook: its folder, and the commands run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new, 1))

    def record(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run its blocks, and keep the records."""
        return run_python(self.root, "scripts/snippets.py", "--record", "records", **environment)

    def build(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Build its website."""
        return run_python(self.root, "scripts/handbook.py", "build", *arguments)

    def page(self, name: str) -> str:
        """A page of the website."""
        return (self.root / "site" / name).read_text(encoding="utf-8")


@pytest.fixture
def handbook(tmp_path: Path) -> Handbook:
    """A small handbook with two pages and one file of examples."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    handbook = Handbook(tmp_path)
    handbook.write("SKILL.md", SKILL)
    handbook.write("references/models.md", MODELS)
    handbook.write("references/rules.md", "# Rules: all\n\n## TD106 missing-await\n\nText.\n")
    handbook.write("examples/billing/examples/billing/one.py", "ONE = 1\n")
    handbook.write("pyproject.toml", SETTINGS)
    return handbook
