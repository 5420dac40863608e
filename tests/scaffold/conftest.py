"""Projects that the scaffold writes, in temporary folders."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tortoise_dev.scaffold.app_plan import plan_app
from tortoise_dev.scaffold.changes import Plan, apply
from tortoise_dev.scaffold.field_specs import parse_fields
from tortoise_dev.scaffold.manifest import manifest_in
from tortoise_dev.scaffold.model_plan import plan_model
from tortoise_dev.scaffold.new_project import NewProject, plan_project
from tortoise_dev.scaffold.survey import Survey

ROOT = Path(__file__).resolve().parents[2]
OURS = ("DATABASE_URL", "ENVIRONMENT", "TEST_DATABASE_URL", "PYTEST_ADDOPTS", "VIRTUAL_ENV")


@dataclass
class Scaffolded:
    """A project on disk, and what the commands do to it."""

    folder: Path

    def new(
        self, *, framework: str = "fastapi", migrations: str = "aerich", minimal: bool = False
    ) -> Scaffolded:
        """Write the project itself."""
        asked = NewProject(self.folder, self.folder.name, framework, migrations, minimal)
        apply(plan_project(asked, manifest_in(self.folder)))
        return self

    def write(self, files: dict[str, str]) -> Scaffolded:
        """Write files of an existing project."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return self

    def add_app(self, name: str) -> Plan:
        """What `scaffold app` does."""
        plan = plan_app(Survey(self.folder), name)
        apply(plan)
        return plan

    def plan(
        self, app: str, name: str, *fields: str, crud: bool = False, schemas: bool = True, **meta: Any
    ) -> Plan:
        """What `scaffold model` would do."""
        parsed = parse_fields(fields)
        return plan_model(Survey(self.folder), app, name, parsed, crud=crud, schemas=schemas, **meta)

    def add(self, app: str, name: str, *fields: str, crud: bool = False, **meta: Any) -> Plan:
        """What `scaffold model` does."""
        plan = self.plan(app, name, *fields, crud=crud, **meta)
        apply(plan)
        return plan

    def text(self, name: str) -> str:
        """The text of a file."""
        return (self.folder / name).read_text(encoding="utf-8")

    def tree(self) -> dict[str, bytes]:
        """Each file with what it holds."""
        files = (
            path for path in self.folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
        )
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}

    def run(self, *command: str, status: int = 0, **environment: str) -> str:
        """What `python -m COMMAND` prints in the project; it must end with the status."""
        clean = {name: value for name, value in os.environ.items() if name not in OURS}
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=clean | {"PYTHONDONTWRITEBYTECODE": "1"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=180,
            check=False,
        )
        assert done.returncode == status, done.stdout[-4000:]
        return done.stdout


@pytest.fixture
def project(tmp_path: Path) -> Scaffolded:
    """A project in a new folder; nothing is written yet."""
    return Scaffolded(tmp_path / "shop")


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A cache that the runs of mypy share: the types of installed packages are read once."""
    return str(tmp_path_factory.mktemp("mypy"))
