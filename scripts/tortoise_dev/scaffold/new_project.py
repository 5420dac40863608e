"""``scaffold project``: the layout of SKILL.md, ready to run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .changes import Plan, RefusedError, read
from .manifest import MANIFEST, Manifest
from .templates import files_of

FRAMEWORKS = ("fastapi", "starlette")
MIGRATIONS = ("aerich", "builtin")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

_REQUIREMENTS = (
    "pydantic>=2.7",
    "pydantic-settings>=2.6",
    "tortoise-orm[asyncpg]>=1.1.9,<2",
    "uvicorn>=0.50",
)
_OF_FRAMEWORK = {"fastapi": "fastapi>=0.121", "starlette": "starlette>=1.0"}
_AERICH = "aerich>=0.10.1"

_SETTINGS = {
    "aerich": """\
[tool.aerich]
tortoise_orm = "config.tortoise.TORTOISE_ORM" # what `aerich migrate` and `aerich upgrade` read
location = "./migrations"
src_folder = "./.\"""",
    "builtin": """\
[tool.tortoise]
tortoise_orm = "config.tortoise.TORTOISE_ORM" # what `python -m tortoise` reads""",
}
_WARNINGS = {
    "aerich": 'filterwarnings = ["error"]',
    "builtin": """\
# The second: before the first model there is none.
filterwarnings = ["error", "ignore:Module .* has no models:RuntimeWarning"]""",
}
_DRIFT = {
    "aerich": 'uv run aerich migrate --offline | grep "No changes detected"',
    "builtin": 'uv run python -m tortoise makemigrations | grep "No changes detected"',
}
_DRAFT = {
    "aerich": """\
uv run aerich init-migrations         # the first time
uv run aerich migrate --offline --name what_changed""",
    "builtin": "uv run python -m tortoise makemigrations --name what_changed",
}
_DATABASE = {
    "aerich": """\
# the database product of production:
export DATABASE_URL=postgres://user@host:5432/{name}""",
    "builtin": (
        "export ENVIRONMENT=development        # a local SQLite file; everywhere else set DATABASE_URL"
    ),
}
_PRODUCT = {
    "aerich": """

Aerich writes SQL for the database product in `DATABASE_URL`, and only this product can run it. So name
production's product there, and develop on it. SQLite stops at a file that was written for PostgreSQL:
`near "COMMENT": syntax error`. If production runs on SQLite, `export ENVIRONMENT=development` is enough: it
names a local SQLite file.""",
    "builtin": "",
}
_UV_SYNC = "uv sync  # writes uv.lock: commit it, because CI and the Dockerfile read it"
_DEPLOY = """
Before the first push:

- Commit `uv.lock`. Without it, CI and `docker/Dockerfile` fail.
- If production has another release of PostgreSQL than 17, change `postgres:17` in `docker/docker-compose.yml`
  and in `.github/workflows/ci.yml`.
- `charts/{name}/values.yaml` names the Secrets and the ConfigMap that must be there before `helm install`."""


_FIRST_FILES = {MANIFEST, "README.md", ".gitignore"}
"""What a repository has before there is a project in it."""


@dataclass(frozen=True)
class NewProject:
    """What the user asked for."""

    folder: Path
    name: str
    framework: str = "fastapi"
    migrations: str = "aerich"
    minimal: bool = False

    def files(self) -> dict[str, str]:
        """The text of each file by its path in the project."""
        layers = ["every", self.framework, self.migrations, *([] if self.minimal else ["full"])]
        values = self._values()
        return {path: text for layer in layers for path, text in files_of(f"project/{layer}", values)}

    def requirements(self) -> list[str]:
        """What the project depends on, sorted."""
        tool = [_AERICH] if self.migrations == "aerich" else []
        return sorted([*_REQUIREMENTS, _OF_FRAMEWORK[self.framework], *tool])

    def _values(self) -> dict[str, str]:
        return {
            "name": self.name,
            "title": self.name.replace("-", " ").capitalize(),
            "dependencies": "\n".join(f'    "{requirement}",' for requirement in self.requirements()),
            "migrations": _SETTINGS[self.migrations],
            "warnings": _WARNINGS[self.migrations],
            "drift": _DRIFT[self.migrations],
            "draft": _DRAFT[self.migrations],
            "database": _DATABASE[self.migrations].format(name=self.name),
            "product": _PRODUCT[self.migrations],
            "deploy": "" if self.minimal else _DEPLOY.format(name=self.name),
        }


def plan_project(asked: NewProject, manifest: Manifest | None) -> Plan:
    """The files of a new project; none if it is there. Raises RefusedError where something else is there.

    ``manifest`` is that of the folder, if it has one.
    """
    folder, files = asked.folder, asked.files()
    if folder.exists() and not folder.is_dir():
        raise RefusedError("not-a-folder", folder, "a file has this name: choose another one")
    if manifest is not None and _is_there(asked, files, manifest):
        return Plan()
    plan = Plan(next=[f"cd {folder.name}", "uv sync" if asked.minimal else _UV_SYNC, "uv run pytest"])
    if folder == Path.cwd():
        del plan.next[0]
    elif not folder.exists():
        plan.new_folder = folder
    for path, text in files.items():
        if manifest is not None and path == MANIFEST:
            plan.edit(manifest.path, manifest.text, manifest.completed(text, asked.requirements()))
        else:
            _add(plan, folder / path, text)
    return plan


def _add(plan: Plan, path: Path, text: str) -> None:
    """A file of the project. A README that is there stays as it is, a .gitignore gets what it lacks."""
    if not path.exists():
        plan.create(path, text)
    elif path.name == ".gitignore":
        before = read(path)
        lines = before.splitlines()
        lines += [line for line in text.splitlines() if line not in lines]
        plan.edit(path, before, "\n".join(lines) + "\n")
    elif path.name != "README.md" and (not path.is_file() or read(path) != text):
        raise RefusedError("other-file", path, "the project has a file of this name: move it away first")


def _is_there(asked: NewProject, files: dict[str, str], manifest: Manifest) -> bool:
    """Whether the folder holds this project. Raises RefusedError if it is another one, or is incomplete."""
    if manifest.name not in (None, asked.name):
        message = f"the project's name is {manifest.name}, not {asked.name}: give --name, or another folder"
        raise RefusedError("other-project", manifest.path, message)
    missing = [path for path in files if not (asked.folder / path).exists()]
    if {*files} - {*missing} <= _FIRST_FILES:
        return False
    wanted = manifest.lacking(asked.requirements())
    if wanted or missing:
        lacks = ", ".join([*wanted, *missing])
        message = f"a project is there, and it lacks {lacks}: give its own options, or add this by hand"
        raise RefusedError("other-options", manifest.path, message)
    return True
