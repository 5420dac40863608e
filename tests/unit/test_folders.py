"""Where a project begins, and which folders are nobody's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev.deployment.plan import plan_for
from tortoise_dev.evals.work import Work
from tortoise_dev.folders import marked_root, project_root
from tortoise_dev.pages.discovery import pages_under
from tortoise_dev.pages.fingerprints import files_of

COMPOSE = "services:\n  web:\n    build: .\n    command: uvicorn main:app\n"


def write(folder: Path, *names: str, text: str = "") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def test_where_a_project_begins(tmp_path: Path) -> None:
    write(tmp_path, "shop/pyproject.toml", "shop/apps/billing/models.py")
    inside = tmp_path / "shop/apps/billing"
    assert marked_root(inside) == project_root(inside / "models.py") == tmp_path / "shop"


def test_without_a_marker_code_begins_at_the_outermost_package(tmp_path: Path) -> None:
    write(tmp_path, "shop/__init__.py", "shop/orders/__init__.py", "shop/orders/models.py")
    inside = tmp_path / "shop/orders"
    assert project_root(inside / "models.py") == tmp_path
    assert marked_root(inside) == inside


def test_an_installed_package_knows_nothing_of_the_project_around_it(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", "env/site-packages/orm/models.py")
    assert project_root(tmp_path / "env/site-packages/orm/models.py") == tmp_path / "env/site-packages"


@pytest.mark.parametrize("foreign", ["node_modules", "__pypackages__", "dist-packages", "site-packages"])
def test_folders_of_others_are_the_same_everywhere(foreign: str, tmp_path: Path) -> None:
    write(tmp_path, "page.md", f"{foreign}/page.md")
    write(tmp_path, f"{foreign}/compose.yaml", text=COMPOSE)
    assert [path.name for path in pages_under(tmp_path, [])] == ["page.md"]
    assert [path.name for path in files_of(tmp_path)] == ["page.md"]
    assert plan_for(tmp_path).manifests == []


@pytest.mark.parametrize("made", [".codex", ".gemini", ".claude", ".ruff_cache"])
def test_what_an_agent_leaves_behind_is_no_change(made: str, tmp_path: Path) -> None:
    write(tmp_path, "start/main.py", "work/main.py", f"work/{made}/settings.json")
    assert Work(tmp_path / "work", tmp_path / "start", "").changed() == set()
