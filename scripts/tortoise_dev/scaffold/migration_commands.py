"""The commands that come after a change of models, in the words of the project's own tool."""

from __future__ import annotations

from ..about import command
from .survey import Survey

_PRODUCT = (
    "(before you run these: DATABASE_URL must name a development database of the product that production "
    "uses, because Aerich writes SQL for this product)"
)
_EXISTING = (
    "(the first file makes the tables of all models, and keeps tables that exist, also where columns differ. "
    f"If there are such tables: {command('find')} "
    "existing-databases.md#take-over-an-existing-database-with-migrations)"
)


def migration_commands(survey: Survey, label: str, name: str) -> list[str]:
    """How to draft a migration of a label, and how to apply it."""
    run = survey.runner
    has_several = survey.config is not None and len(survey.config.labels) > 1
    own = "python migrate.py" if (survey.root / "migrate.py").exists() else None
    if survey.migrations == "aerich":
        app = f"--app {label} " if has_several else ""
        location = str(survey.tool_table("aerich").get("location", "./migrations"))
        is_first = not any((survey.root / location / label).glob("*.py"))
        draft = "init-migrations" if is_first else f"migrate --offline --name {name}"
        steps = [f"{run}aerich {app}{draft}", f"{run}{own or f'aerich {app}upgrade'}", _PRODUCT]
        return [*steps, _EXISTING] if is_first and survey.concrete else steps
    if survey.migrations == "built-in":
        return [
            *_built_in(survey, label, name),
            f"{run}{own or 'python -m tortoise migrate'}",
            *_of_ruff(survey),
        ]
    return [f"set up a migration tool: {command('find')} migrations-tools.md#choose-the-tool"]


def _built_in(survey: Survey, label: str, name: str) -> list[str]:
    """The draft. It names no label: the tool knows the other labels only if it makes drafts for all."""
    draft = f"{survey.runner}python -m tortoise makemigrations"
    labels = survey.config.labels if survey.config is not None else ()
    own = next((one for one in labels if one.name == label), None)
    if own is None or survey.has_migrations(own):
        return [f"{draft} --name {name}"]
    fake = f"{survey.runner}python -m tortoise migrate {label} 0001_initial --fake"
    return [draft, f"(the first file makes all tables. Where they exist, record it as applied: {fake})"]


def _of_ruff(survey: Survey) -> list[str]:
    if not survey.lints_migrations:
        return []
    setting = 'extend-exclude = ["migrations"]'
    return [f"(ruff reports I001 and RUF012 in generated migrations: write {setting} into its settings)"]
