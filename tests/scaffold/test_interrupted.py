"""A command that is killed at any step is completed by a second run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tortoise_dev import atomic_write
from tortoise_dev.scaffold import changes
from tortoise_dev.scaffold.changes import apply
from tortoise_dev.scaffold.manifest import manifest_in
from tortoise_dev.scaffold.new_project import NewProject, plan_project

pytestmark = pytest.mark.slow

FIELDS = ["number:char:32:unique", "status:enum:draft,sent", "customer:fk:users.Customer"]


class Killed(BaseException):
    """Nothing catches it, so that nothing more is done: as if the process were gone."""


def kill_at(monkeypatch: pytest.MonkeyPatch, step: int, *, before: bool) -> None:
    """End the process at the replacement of a file, counted from 0: before it, or right behind it."""
    real, count = os.replace, iter(range(1000))

    def replace(source: Any, target: Any) -> None:
        is_last = next(count) == step
        if is_last and before:
            raise Killed
        real(source, target)
        if is_last:
            raise Killed

    monkeypatch.setattr(atomic_write.os, "replace", replace)


@pytest.fixture
def with_customers(project: Any) -> Any:
    """A project with the model that others refer to."""
    project.new(minimal=True)
    project.add("users", "Customer", "name:char:100")
    return project


@pytest.mark.parametrize("before", [True, False], ids=["before", "behind"])
@pytest.mark.parametrize("app", ["billing", "users"], ids=["new app", "app that is there"])
def test_a_model_is_completed(with_customers: Any, before: bool, app: str) -> None:
    project = with_customers
    start = project.tree()
    steps = len(project.add(app, "Invoice", *FIELDS, crud=True).changes)
    wanted = project.tree()
    assert steps > 8
    for step in range(steps):
        for name in wanted:
            path = project.folder / name
            path.write_bytes(start[name]) if name in start else path.unlink()
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, step, before=before)
            with pytest.raises(Killed):
                project.add(app, "Invoice", *FIELDS, crud=True)
        assert project.tree() != wanted or (step == steps - 1 and not before)
        project.add(app, "Invoice", *FIELDS, crud=True)
        assert project.tree() == wanted, step


def test_new_files_come_before_edits(with_customers: Any) -> None:
    order: list[str] = []
    plan = with_customers.plan("users", "Invoice", *FIELDS, crud=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "write_atomically", lambda path, data, old: order.append(path.exists()))
        apply(plan)
    assert order == sorted(order) and set(order) == {False, True}


def test_an_app_is_completed(with_customers: Any) -> None:
    """Each run is killed behind its first file: five runs for five files, one for the edit of main.py."""
    project = with_customers
    with pytest.MonkeyPatch.context() as patch:
        for _ in range(6):
            kill_at(patch, 0, before=False)
            with pytest.raises(Killed):
                project.add_app("billing")
        assert project.add_app("billing").changes == []
    assert "app.include_router(billing)" in project.text("main.py")


@pytest.mark.parametrize("step", range(0, 40, 3))
def test_a_new_project_is_there_with_all_files_or_not_at_all(tmp_path: Path, step: int) -> None:
    asked = NewProject(tmp_path / "shop", "shop")
    wanted = {asked.folder / path for path in asked.files()}
    real, count = Path.write_bytes, iter(range(1000))

    def write_bytes(path: Path, data: bytes) -> int:
        if next(count) == step:
            real(path, data[: len(data) // 2])
            raise Killed
        return real(path, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "write_bytes", write_bytes)
        if step < len(wanted):
            with pytest.raises(Killed):
                apply(plan_project(asked, manifest_in(asked.folder)))
            assert not asked.folder.exists()
    apply(plan_project(asked, manifest_in(asked.folder)))
    assert {path for path in asked.folder.rglob("*") if path.is_file()} == wanted
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]
