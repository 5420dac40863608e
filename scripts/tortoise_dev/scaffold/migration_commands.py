"""The commands that come after a change of models, in the words of the project's own tool."""

from __future__ import annotations

from .survey import Survey

_PRODUCT = (
    "(Aerich writes SQL for the database product in DATABASE_URL, so set a URL of production's product)"
)


def migration_commands(survey: Survey, label: str, name: str) -> list[str]:
    """How to draft a migration of a label, and how to apply it."""
    run = survey.runner
    has_several = survey.config is not None and len(survey.config.labels) > 1
    own = "python migrate.py" if (survey.root / "migrate.py").exists() else None
    if survey.migrations == "aerich":
        app = f"--app {label} " if has_several else ""
        location = survey.tool_table.get("aerich", {}).get("location", "./migrations")
        is_first = not any((survey.root / location / label).glob("*.py"))
        draft = "init-migrations" if is_first else f"migrate --offline --name {name}"
        return [f"{run}aerich {app}{draft}", f"{run}{own or f'aerich {app}upgrade'}", _PRODUCT]
    if survey.migrations == "builtin":
        app = f"{label} " if has_several else ""
        draft = f"python -m tortoise makemigrations {app}--name {name}"
        return [f"{run}{draft}", f"{run}{own or 'python -m tortoise migrate'}"]
    return ["make a migration with the tool of this project"]
