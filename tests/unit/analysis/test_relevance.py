"""Which files are parsed at all: those that say Tortoise, and those that import what leads there."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev.analysis.project import Project
from tortoise_dev.analysis.source import SourceFile, split_lines

ROOT = Path("/project")
MODELS = "from tortoise.models import Model\n\n\nclass Item(Model):\n    pass\n"


def _relevant(**texts: str) -> set[str]:
    """The names of the modules in the package ``app`` that matter, of these; ``models`` has a model."""
    texts = {"__init__": "", "models": MODELS, **texts}
    files = [SourceFile(ROOT / "app" / f"{name}.py", text.encode()) for name, text in texts.items()]
    return {Path(key).stem for key in Project(files, [], ROOT).relevant} - {"models", "__init__"}


def test_a_method_that_only_tortoise_has_is_enough() -> None:
    assert _relevant(a="async def load(row):\n    await row.fetch_related('owner')\n") == {"a"}


def test_a_method_that_django_has_too_is_not_enough() -> None:
    assert _relevant(a="def load(rows):\n    return rows.prefetch_related('owner')\n") == set()


@pytest.mark.parametrize(
    "statement",
    [
        "from app.models import Item",
        "from app.models \\\n    import Item",
        "from .models import Item as Thing",
        "from . import models\nmodels.Item",
        "import app.models\napp.models.Item",
        "def f():\n    from app.models import (\n        Item,\n    )",
        "from app.models import *",
    ],
)
def test_an_import_of_a_model_leads_there(statement: str) -> None:
    assert _relevant(a=f"{statement}\n") == {"a"}


def test_another_name_of_the_package_does_not() -> None:
    assert _relevant(a="from app.other import Thing\n", other="class Thing:\n    pass\n") == set()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\nb\n", ["a\n", "b\n"]),
        ("a\rb\r\nc", ["a\r", "b\r\n", "c"]),
        ("a\x0cb\u2028c\x85d\n\n", ["a\x0cb\u2028c\x85d\n", "\n"]),
    ],
)
def test_lines_are_those_that_python_counts(text: str, lines: list[str]) -> None:
    assert split_lines(text) == lines
