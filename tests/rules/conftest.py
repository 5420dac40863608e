"""A project in a temporary folder, and the checker on it."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECK = ROOT / "scripts" / "check.py"

MODELS = {
    "app/models/__init__.py": """\
        from app.models.user import BaseUser, User

        __all__ = ["BaseUser", "User"]
        """,
    "app/models/user.py": """\
        from tortoise import fields
        from tortoise.models import Model


        class BaseUser(Model):
            class Meta:
                abstract = True

            name = fields.CharField(max_length=20)
            age = fields.IntField(default=0)


        class User(BaseUser):
            class Meta:
                table = "user"

            boss: fields.ForeignKeyNullableRelation["User"] = fields.ForeignKeyField("models.User", null=True)
            groups = fields.ManyToManyField("models.Group", related_name="users")
            posts: fields.ReverseRelation["User"]

            async def promote(self) -> None:
                self.age += 1
        """,
}
"""A project with one model that breaks no rule."""


@dataclass
class Project:
    """A folder with files, and what the checker says of it."""

    root: Path
    files: list[Path] = field(default_factory=list)

    def write(self, files: dict[str, str]) -> Project:
        """Write these files; the text is dedented."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8", newline="")
            self.files.append(path)
        return self

    def run(
        self, *arguments: str, stdin: bytes | None = None, python: Iterable[str] = ("-S", "-E")
    ) -> subprocess.CompletedProcess[bytes]:
        """The command as a user runs it, with no package to be imported."""
        command = [sys.executable, *python, str(CHECK), *arguments]
        return subprocess.run(
            command, cwd=self.root, capture_output=True, input=stdin, check=False, timeout=120
        )

    def report(self, *arguments: str) -> dict[str, Any]:
        """The JSON report; stderr must be silent."""
        done = self.run("--format", "json", *arguments)
        assert done.stderr == b"", done.stderr.decode()
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def found(self, *arguments: str) -> list[tuple[str, int, str]]:
        """Path, line and rule of each violation."""
        return [(v["path"], v["line"], v["rule"]) for v in self.report(*arguments)["violations"]]

    def text(self, name: str) -> str:
        """A file of the project as it is now."""
        return (self.root / name).read_bytes().decode()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    return Project(tmp_path).write({"pyproject.toml": '[project]\nname = "sample"\n'})


@pytest.fixture
def users(project: Project) -> Project:
    """A project with the model User."""
    return project.write(MODELS)
