"""What the proof leaves open, and what to do about that: other databases, interpreters, migrations."""

from __future__ import annotations

from collections.abc import Iterator

from ..analysis.migrations.tool import migration_tool
from ..analysis.project import Project
from .proof import Proof


def unchecked(proof: Proof, project: Project, python: str, *, was_found: bool) -> Iterator[str]:
    """A note for each thing that was not compared.

    ``was_found``: the interpreter was named, or is that of the project's .venv.
    """
    if proof.dialects == ["sqlite"]:
        yield f"not compared: CREATE statements of PostgreSQL and MySQL, {_how_to_compare(proof)}"
    if not was_found:
        yield (
            f"imported with {python}, because {project.root.name} has no .venv: "
            "to import with another interpreter, pass --python"
        )
    yield f"not compared: migrations. {_next_command(project)}"


def _how_to_compare(proof: Proof) -> str:
    if proof.missing:
        return "because the settings could not be used: repair that, or pass an interpreter with --python"
    if proof.has_settings:
        return (
            "because the settings name SQLite here. Set what they read (often DATABASE_URL) to a URL of your "
            "database, whose driver must be installed. No database is opened"
        )
    return (
        "because no settings of Tortoise were found. Name them in pyproject.toml: "
        '[tool.tortoise] tortoise_orm = "config.tortoise.TORTOISE_ORM"'
    )


_DRAFTS = {"aerich": "aerich migrate", "built-in": "python -m tortoise makemigrations"}


def _next_command(project: Project) -> str:
    tool = migration_tool(project)
    if tool is not None:
        return f'Run `{_DRAFTS[tool]}`: it must say "No changes detected"'
    return (
        'No migration tool was found (neither aerich.models nor a key "migrations" in the settings). '
        "If you use one, let it look for changes: it must find none"
    )
