"""`split_models.py` as a user meets it; the proof is tested in test_proof.py."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from refactor_cases import write
from tortoise_dev.analysis.project import Project
from tortoise_dev.commands import split
from tortoise_dev.refactor import proof
from tortoise_dev.refactor.plan import SplitPlan
from tortoise_dev.refactor.refusals import refused

MODELS = """from tortoise import fields
from tortoise.models import Model


class Order(Model):
    number = fields.CharField(max_length=9)
"""
PROVED = proof.Proof(["sqlite"], models=1, schemas=0, reordered=[], missing=[], reason="")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in the current folder, in which everything is taken for proved."""
    write({"shop/models.py": MODELS, "shop/__init__.py": ""}, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(proof, "prove", lambda plan, project, python: PROVED)
    return tmp_path


def test_a_dry_run_prints_a_patch_that_applies(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert split.main(["--dry-run", "shop/models.py"]) == 1
    patch = capsys.readouterr().out
    assert (project / "shop/models.py").read_text(encoding="utf-8") == MODELS
    assert not (project / "shop/models").exists()
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "apply", "-"], input=patch, encoding="utf-8", check=True)
    assert patch.endswith("\ndeletes shop/models.py\n")
    (project / "shop/models.py").unlink()
    applied = {path.name: path.read_text(encoding="utf-8") for path in (project / "shop/models").iterdir()}
    assert sorted(applied) == ["__init__.py", "order.py"]
    for name in ("shop/models.py", "shop/models"):
        assert split.main(["--dry-run", name]) == 0
    write({"shop/models.py": MODELS}, project)
    assert split.main(["shop/models.py"]) == 0  # completes what is cut off: models.py is left
    output = capsys.readouterr()
    assert output.out == "deleted shop/models.py\n"
    same = "note: the same as before: CREATE statements on sqlite, 1 model, no JSON schema"
    assert output.err.splitlines()[-6] == same
    assert applied == {
        path.name: path.read_text(encoding="utf-8") for path in (project / "shop/models").iterdir()
    }


NO_TOOL = """not compared: migrations. No migration tool was found (neither aerich.models nor a key \
"migrations" in the settings). If you use one, let it look for changes: it must find none"""
SAME = 'it must say "No changes detected"'


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, NO_TOOL),
        ({"pyproject.toml": "[tool.aerich]\n"}, f"not compared: migrations. Run `aerich migrate`: {SAME}"),
        ({"conf.py": "M = ['aerich.models']\n"}, f"not compared: migrations. Run `aerich migrate`: {SAME}"),
        (
            {"conf.py": "A = {'migrations': 'a'}\n"},
            f"not compared: migrations. Run `python -m tortoise makemigrations`: {SAME}",
        ),
        ({"requirements.txt": "aerich\n"}, f"not compared: migrations. Run `aerich migrate`: {SAME}"),
        (
            {"requirements.txt": "aerich\n", "conf.py": "A = {'migrations': 'a'}\n"},
            f"not compared: migrations. Run `python -m tortoise makemigrations`: {SAME}",
        ),
        ({"tests/test_a.py": "M = ['aerich.models']\n"}, NO_TOOL),
    ],
)
def test_what_finds_changed_migrations_is_told(
    files: dict[str, str], told: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write({"pyproject.toml": ""} | files, project)
    assert split.main(["--dry-run", "--format", "json", "shop/models.py"]) == 1
    assert json.loads(capsys.readouterr().out)["notes"][-1] == told


def test_an_interpreter_that_nobody_named_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = f"imported with {sys.executable}, because {project.name} has no .venv"
    assert split.main(["--dry-run", "shop/models.py"]) == 1
    assert told in capsys.readouterr().err
    assert split.main(["--dry-run", "--python", sys.executable, "shop/models.py"]) == 1
    assert told not in capsys.readouterr().err


def _refuses_the_running_one(plan: SplitPlan, project: Project, python: str) -> proof.Proof:
    if python == sys.executable:
        raise refused("not-importable", 1, "cannot import the project as it is: No module named 'tortoise'")
    return PROVED


@pytest.mark.skipif(sys.platform == "win32", reason="the interpreter is a shell script")
def test_an_interpreter_on_path_stands_in_for_one_without_the_packages(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As under `uv run`, where the running interpreter has LibCST but not the project's packages."""
    monkeypatch.setattr(proof, "prove", _refuses_the_running_one)
    for name, does in {"no": "exit 1", "yes": f'exec "{sys.executable}" "$@"'}.items():
        (project / name).mkdir()
        (project / name / "python").write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        (project / name / "python").chmod(0o755)
    monkeypatch.setenv("PATH", str(project / "no"))
    assert split.main(["--dry-run", "shop/models.py"]) == 1
    refusal = capsys.readouterr().out
    assert "No module named 'tortoise'. Pass the interpreter" in refusal
    assert "--python $(which python)" in refusal
    monkeypatch.setenv("PATH", f"{project / 'no'}:{project / 'yes'}")
    assert split.main(["--dry-run", "shop/models.py"]) == 1
    assert f"note: imported with {project / 'yes' / 'python'}, because" in capsys.readouterr().err
    assert split.main(["--dry-run", "--python", sys.executable, "shop/models.py"]) == 1
    assert "Pass the interpreter" not in capsys.readouterr().out


def test_names_that_only_models_py_imported_are_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unused = "no file of the project imports {} from the package"
    new = "__all__ is new and lacks Model, fields: if code outside of the project uses `import *`, add them"
    write({"views.py": "from shop.models import Order\n\nx = Order.fields\n"}, project)
    assert split.main(["--dry-run", "shop/models.py"]) == 1
    notes = capsys.readouterr().err
    assert unused.format("Model, fields") in notes
    assert new in notes
    takes = (
        "from shop.models import fields",
        "from shop import models\nmodels.fields",
        "'shop.models.fields'",
    )
    for text in takes:
        write({"views.py": f"{text}\n"}, project)
        assert split.main(["--dry-run", "shop/models.py"]) == 1
        assert unused.format("Model") in capsys.readouterr().err, text
    write({"shop/models.py": f"{MODELS}\n\n__all__ = ['Order']\n"}, project)
    assert split.main(["--dry-run", "shop/models.py"]) == 1
    assert "imports Model" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("proved", "told"),
    [
        (PROVED, "because the settings name SQLite here. Set what they read (often DATABASE_URL)"),
        (dataclasses.replace(PROVED, has_settings=False), "because no settings of Tortoise were found"),
        (dataclasses.replace(PROVED, missing=["asyncpg"]), "because the settings could not be used"),
        (dataclasses.replace(PROVED, dialects=["postgres", "sqlite"]), None),
    ],
)
def test_the_databases_that_were_not_compared_are_told(
    proved: proof.Proof,
    told: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(proof, "prove", lambda plan, project, python: proved)
    assert split.main(["--dry-run", "shop/models.py"]) == 1
    shown = capsys.readouterr().err
    assert ("not compared: CREATE statements of PostgreSQL and MySQL" in shown) is (told is not None)
    assert (told or "") in shown


def test_each_file_ends_with_a_newline(project: Path) -> None:
    (project / "shop/models.py").write_text(MODELS.rstrip(), encoding="utf-8")
    assert split.main(["shop/models.py"]) == 0
    assert all(path.read_bytes().endswith(b"\n") for path in (project / "shop/models").iterdir())


def test_a_patch_of_another_folder_names_nothing_above(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "elsewhere").mkdir()
    monkeypatch.chdir(project / "elsewhere")
    assert split.main(["--dry-run", "../shop/models.py"]) == 1
    output = capsys.readouterr()
    assert output.err.splitlines()[0] == "note: names in the diff start at ../shop"
    monkeypatch.chdir(project / "shop")
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "apply", "-"], input=output.out, encoding="utf-8", check=True)
    assert sorted(path.name for path in (project / "shop/models").iterdir()) == ["__init__.py", "order.py"]
    monkeypatch.chdir(project / "elsewhere")
    assert split.main(["../shop/models"]) == 0
    write({"shop/models.py": MODELS}, project)
    assert split.main(["../shop/models.py"]) == 0
    assert capsys.readouterr().out == "deleted ../shop/models.py\n"


def test_a_refusal_in_both_formats(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write({"shop/models.py": f"{MODELS}\nHERE = __file__\n"}, project)
    assert split.main(["shop/models.py"]) == 1
    shown = capsys.readouterr().out
    assert (
        shown == "shop/models.py:8: module-path: __file__ would be another path: move it out of the module\n"
    )
    assert split.main(["--format", "json", "shop/models.py"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["version"], report["files"]) == (1, [])
    assert [(one["code"], one["path"], one["line"]) for one in report["refused"]] == [
        ("module-path", "shop/models.py", 8)
    ]


def test_input_that_cannot_be_used(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for argument, text, told in (
        ("nowhere/models.py", None, "nowhere/models.py: no such file; name a models.py"),
        ("shop", None, "shop: is a folder; name a models.py"),
        ("shop/models.py", "class Order(:\n", "shop/models.py:1: Python "),
        ("shop/models.py", "x = '\xff'\n", "shop/models.py:1: is not valid utf-8: invalid start byte"),
    ):
        if text is not None:
            (project / argument).write_bytes(text.encode("latin-1"))
        assert split.main([argument]) == 2
        output = capsys.readouterr()
        assert output.out == ""
        assert told in output.err
        assert output.err.count("\n") == 1


def test_a_file_without_read_permission(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = project / "shop" / "models.py"
    models.chmod(0)
    if os.access(models, os.R_OK):
        pytest.skip("this user reads every file")
    assert split.main(["shop/models.py"]) == 2
    assert capsys.readouterr().err.endswith("shop/models.py:1: cannot be read: Permission denied\n")


def test_the_models_of_an_installed_skill_stay(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    skill = ".agents/skills/tortoise-dev"
    write({f"{skill}/SKILL.md": "", f"{skill}/scripts/tortoise_dev/a.py": "", "pyproject.toml": ""}, project)
    write({f"{skill}/examples/models.py": MODELS}, project)
    assert split.main([f"{skill}/examples/models.py"]) == 2
    told = "models.py: belongs to an installed skill: copy it to your project first\n"
    assert capsys.readouterr().err.endswith(told)


def test_the_projects_own_interpreter_is_asked(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(proof, "prove", lambda plan, project, python: asked.append(python) or PROVED)
    own = project / ".venv/bin/python"
    own.parent.mkdir(parents=True)
    own.touch()
    assert split.main(["--dry-run", "shop/models.py"]) == 1
    own.chmod(0o755)
    for name in ("other", ".venv/bin/python"):  # the second one is looked for here, not in the copy
        assert split.main(["--dry-run", "--python", name, "shop/models.py"]) == 1
    assert asked == [str(own), "other", str(own)]
