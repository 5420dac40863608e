"""The files are put in place so that a kill at any moment leaves a project that works."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from refactor_cases import planned, write
from tortoise_dev import atomic_write
from tortoise_dev.refactor.refusals import RefusedError
from tortoise_dev.refactor.writing import apply, changes_of

MODELS = """from tortoise import fields
from tortoise.models import Model


class Order(Model):
    number = fields.CharField(max_length=9)


class Line(Model):
    rank = fields.IntField()
"""
FILES = ["line.py", "order.py", "__init__.py"]
STEPS = [*(f"write {name}" for name in FILES), *(f"rename {name}" for name in FILES), "unlink models.py"]


class KilledError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_leaves_a_project_that_works(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"shop/models.py": MODELS, "shop/__init__.py": ""}, tmp_path)
    plan = planned(tmp_path)
    what, name = step.split()
    done = {"write": 0, "rename": 0}
    is_dead = False
    unlink = Path.unlink

    def killed(kind: str, real: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            nonlocal is_dead
            is_dead |= what == kind and FILES[done[kind]] == name
            done[kind] += 1
            if is_dead:
                raise KilledError
            real(*arguments)

        return call

    def killed_unlink(path: Path, missing_ok: bool = False) -> None:
        if is_dead or (what == "unlink" and path.name == name):
            raise KilledError
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(atomic_write.os, "fsync", killed("write", os.fsync))
        patch.setattr(atomic_write.os, "replace", killed("rename", os.replace))
        patch.setattr(Path, "unlink", killed_unlink)
        with pytest.raises(KilledError):
            apply(plan)
    package = tmp_path / "shop/models"
    assert (tmp_path / "shop/models.py").exists()
    if (package / "__init__.py").exists():  # then Python takes the package, and it is whole
        assert {path: path.read_bytes() for path in plan.files} == plan.files
    again = planned(tmp_path)
    assert again.files == plan.files
    assert changes_of(again, tmp_path)[-1].action == "delete"
    apply(again)
    assert sorted(path.name for path in package.iterdir()) == sorted(FILES)
    assert not (tmp_path / "shop/models.py").exists()


def test_what_python_takes_while_both_are_there(tmp_path: Path) -> None:
    """What the order of writing relies on."""
    write({"shop/models.py": "SOURCE = 'module'\n", "shop/models/order.py": ""}, tmp_path)
    show = [sys.executable, "-c", "import shop.models; print(shop.models.SOURCE)"]
    run = {"cwd": tmp_path, "capture_output": True, "encoding": "utf-8", "check": True}
    assert subprocess.run(show, **run).stdout == "module\n"  # type: ignore[call-overload]
    write({"shop/models/__init__.py": "SOURCE = 'package'\n"}, tmp_path)
    assert subprocess.run(show, **run).stdout == "package\n"  # type: ignore[call-overload]


def test_a_folder_that_is_there_is_not_touched(tmp_path: Path) -> None:
    write({"shop/models.py": MODELS, "shop/models/order.py": "MINE = 1\n"}, tmp_path)
    with pytest.raises(RefusedError) as caught:
        changes_of(planned(tmp_path), tmp_path)
    assert [one.code for one in caught.value.refusals] == ["package-exists"]
    assert (tmp_path / "shop/models/order.py").read_text(encoding="utf-8") == "MINE = 1\n"


def test_line_ends_and_letters_stay(tmp_path: Path) -> None:
    text = "\ufeff" + MODELS.replace("max_length=9", 'max_length=9, description="Größe"').replace(
        "\n", "\r\n"
    )
    write({"shop/models.py": text}, tmp_path)
    for content in planned(tmp_path).files.values():
        assert content.count(b"\r\n") == content.count(b"\n")
    assert "Größe" in planned(tmp_path).files[tmp_path / "shop/models/order.py"].decode()


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    write({"shop/models.py": ""}, tmp_path)
    (tmp_path / "shop/models.py").write_bytes(f"# coding: latin-1\n# ä\n{MODELS}".encode("latin-1"))
    with pytest.raises(RefusedError) as caught:
        planned(tmp_path)
    assert [one.code for one in caught.value.refusals] == ["encoding"]
