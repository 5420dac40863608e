"""A project in a temporary folder, and the checker on it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECK = ROOT / "scripts" / "check.py"
PYTHON = [sys.executable, "-S", "-E"]  # without any package
LIMIT = 120

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
            groups = fields.ManyToManyField("models.User", related_name="users")
            posts: fields.ReverseRelation["User"]

            async def promote(self) -> None:
                self.age += 1
        """,
}
"""A project with one model that breaks no rule."""


Done = subprocess.CompletedProcess[bytes]
RunCheck = Callable[[Path, list[str], bytes], Done]


def run_started(folder: Path, arguments: list[str], stdin: bytes) -> Done:
    """Run check.py in a new process, as a user does."""
    command = [*PYTHON, str(CHECK), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, input=stdin, check=False, timeout=LIMIT)


class CheckServer:
    """Runs check.py in forks of one process: see check_server.py."""

    def __init__(self, scratch: Path) -> None:
        self.streams = [scratch / name for name in ("stdin", "stdout", "stderr")]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [*PYTHON, str(Path(__file__).with_name("check_server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,  # a run that hangs can be killed with it
        )

    def run(self, folder: Path, arguments: list[str], stdin: bytes) -> Done:
        """As `run_started`."""
        for stream, content in zip(self.streams, (stdin, b"", b""), strict=True):
            stream.write_bytes(content)
        request = json.dumps([str(folder), arguments, [str(stream) for stream in self.streams]])
        print(request, file=self.process.stdin, flush=True)
        if not select.select([self.process.stdout], [], [], LIMIT)[0]:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.start()
            raise subprocess.TimeoutExpired(arguments, LIMIT)
        status = int(self.process.stdout.readline())
        _, stdout, stderr = (stream.read_bytes() for stream in self.streams)
        return Done(arguments, status, stdout, stderr)


@pytest.fixture(scope="session")
def run_check(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunCheck]:
    """Run check.py with arguments and standard input in a folder; no package can be imported."""
    if not hasattr(os, "fork"):
        yield run_started
        return
    server = CheckServer(tmp_path_factory.mktemp("check"))
    yield server.run
    server.process.communicate(timeout=LIMIT)


SHOP_ON_AERICH = """
TORTOISE_ORM = {
    "connections": {"default": "sqlite://db.sqlite3"},
    "apps": {"models": {"models": ["shop", "aerich.models"], "default_connection": "default"}},
}
"""
"""The settings of a project whose models stand in ``shop.py``."""
_AERICH = "import sys; from aerich.cli import main; sys.exit(main())"


@dataclass
class Project:
    """A folder with files, and what the checker says of it."""

    root: Path
    run_check: RunCheck
    files: list[Path] = field(default_factory=list)

    def write(self, files: dict[str, str]) -> Project:
        """Write these files; the text is dedented."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8", newline="")
            self.files.append(path)
        return self

    def run(self, *arguments: str, stdin: bytes = b"") -> Done:
        """The command as a user runs it."""
        return self.run_check(self.root, list(arguments), stdin)

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

    def write_for_aerich(self, models: str) -> None:
        """Write the models and the settings, and run ``aerich init``."""
        self.write({"settings.py": SHOP_ON_AERICH, "shop.py": models})
        self.run_aerich("init", "-t", "settings.TORTOISE_ORM")

    def aerich(self, *command: str) -> tuple[int, str]:
        """The exit status of a command of Aerich, and what it says."""
        environment = os.environ | {"PYTHONPATH": str(self.root)}
        arguments = [sys.executable, "-c", _AERICH, *command]
        done = subprocess.run(arguments, cwd=self.root, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def run_aerich(self, *command: str) -> str:
        """What a command of Aerich says; it must succeed."""
        status, said = self.aerich(*command)
        assert status == 0, said
        return said


@pytest.fixture
def project(tmp_path: Path, run_check: RunCheck) -> Project:
    """An empty project."""
    return Project(tmp_path, run_check).write({"pyproject.toml": '[project]\nname = "sample"\n'})


@pytest.fixture
def users(project: Project) -> Project:
    """A project with the model User."""
    return project.write(MODELS)
