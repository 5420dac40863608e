"""``scaffold project``: the layout of SKILL.md, ready to run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..toml_text import TomlError, parse_toml
from .changes import Change, Plan, RefusedError, read
from .templates import files_of

FRAMEWORKS = ("fastapi", "starlette")
MIGRATIONS = ("aerich", "builtin")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

_REQUIREMENTS = (
    "pydantic>=2.7",
    "pydantic-settings>=2.6",
    "tortoise-orm[asyncpg]>=1.1.9,<2",
    "uvicorn>=0.30",
)
_OF_FRAMEWORK = {"fastapi": "fastapi>=0.115", "starlette": "starlette>=1.0"}
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


@dataclass(frozen=True)
class NewProject:
    """What the user asked for."""

    folder: Path
    framework: str = "fastapi"
    migrations: str = "aerich"
    minimal: bool = False

    @property
    def name(self) -> str:
        """The name of the project: that of its folder."""
        return self.folder.name

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
        }


def plan_project(asked: NewProject) -> Plan:
    """The files of a new project; none if it is there. Raises RefusedError where something else is there."""
    plan = Plan(next=[f"cd {asked.folder.name}", "uv sync", "uv run pytest"])
    files = asked.files()
    if asked.folder.is_dir() and any(asked.folder.iterdir()):
        _compare(asked, files)
        return Plan()
    if asked.folder == Path.cwd():
        raise RefusedError(
            "current-folder", asked.folder, "the command makes the folder: run it one folder up"
        )
    if asked.folder.exists() and not asked.folder.is_dir():
        raise RefusedError("not-a-folder", asked.folder, "a file has this name: choose another one")
    plan.new_folder = asked.folder
    plan.changes = [Change(asked.folder / path, text) for path, text in files.items()]
    return plan


def _compare(asked: NewProject, files: dict[str, str]) -> None:
    """Raises RefusedError if the folder holds another project, or one with other options."""
    manifest = asked.folder / "pyproject.toml"
    if not manifest.is_file():
        raise RefusedError("other-folder", asked.folder, "the folder is not empty and holds no project")
    project = _project_table(manifest)
    if project.get("name") != asked.name:
        named = project.get("name", "none")
        raise RefusedError("other-project", manifest, f"the project's name is {named}, not {asked.name}")
    listed = project.get("dependencies")
    there = {
        _distribution(one) for one in (listed if isinstance(listed, list) else ()) if isinstance(one, str)
    }
    wanted = [one for one in asked.requirements() if _distribution(one) not in there]
    missing = [path for path in files if not (asked.folder / path).exists()]
    if wanted or missing:
        lacks = ", ".join([*wanted, *missing])
        raise RefusedError("other-options", manifest, f"a project is there, and it lacks {lacks}")


def _project_table(manifest: Path) -> dict[str, Any]:
    try:
        table = parse_toml(read(manifest)).get("project", {})
    except TomlError as error:
        raise RefusedError("unreadable", manifest, f"the file is no TOML: {error}") from None
    return table if isinstance(table, dict) else {}


def _distribution(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0].lower().replace("_", "-")
