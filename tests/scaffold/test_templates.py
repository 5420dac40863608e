"""What a new project has in common with the proven examples is the same, to the last character."""

from __future__ import annotations

from pathlib import Path

import pytest
from sources import definitions
from tortoise_dev.scaffold.new_project import NewProject

ROOT = Path(__file__).resolve().parents[2]
BILLING = ROOT / "examples" / "billing"
LIBRARY = ROOT / "examples" / "with_aerich"
FILES = {
    "builtin": NewProject(Path("billing"), "billing", "fastapi", "builtin").files(),
    "aerich": NewProject(Path("billing"), "billing", "fastapi", "aerich").files(),
    "starlette": NewProject(Path("billing"), "billing", "starlette", "builtin").files(),
}
SAME = [
    "apps/__init__.py",
    "apps/common/__init__.py",
    "apps/common/errors.py",
    "apps/common/schemas/__init__.py",
    "apps/common/schemas/base.py",
    "apps/common/times.py",
    "config/database.py",
    "config/settings.py",
    "docker/Dockerfile",
    "docker/Dockerfile.dockerignore",
    "docker/docker-compose.yml",
    "docker/entrypoint.sh",
    "charts/billing/values.yaml",
    "charts/billing/templates/autoscaler.yaml",
    "charts/billing/templates/deployment.yaml",
    "charts/billing/templates/disruption.yaml",
    "charts/billing/templates/migrate-job.yaml",
    "charts/billing/templates/service.yaml",
    "migrations/__init__.py",
    "tests/test_database.py",
]
"""Files that are those of examples/billing."""
SHARED = {
    "apps/common/models/base.py": ("BaseModel",),
    "lock.py": None,
    "migrate.py": ("main", "report"),
    "main.py": ("PATIENCE", "logger", "lifespan", "health", "ready"),
    "tests/conftest.py": (
        *("MODELS", "DATABASE_URL", "pytest_report_header", "database", "exactly"),
        *("Call", "Overlap", "overlap"),
    ),
    "tests/test_isolation.py": ("test_the_lifespan_reaches_no_real_database",),
    "tests/test_server.py": ("PROJECT", "address_of"),
}
"""Files of which some definitions are those of a file of examples/billing; None: all of them."""


@pytest.mark.parametrize("name", SAME)
def test_a_file_is_that_of_the_running_example(name: str) -> None:
    assert FILES["builtin"][name] == (BILLING / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SHARED)
def test_definitions_are_those_of_the_running_example(name: str) -> None:
    here = definitions(FILES["builtin"][name])
    there = {"lock.py": "migrate.py", "tests/test_server.py": "tests/test_project.py"}.get(name, name)
    example = definitions((BILLING / there).read_text(encoding="utf-8"))
    names = SHARED[name] or tuple(here)
    assert names
    for one in names:
        if name == "tests/test_isolation.py":
            here[one] = here[one].replace("() -> None:", "():")
        assert here[one] == example[one], one


def test_what_aerich_needs_is_that_of_its_example() -> None:
    for name in ("migrate.py", "config/__init__.py"):
        assert FILES["aerich"][name] == (LIBRARY / name).read_text(encoding="utf-8")
    example = definitions((LIBRARY / "lock.py").read_text(encoding="utf-8"))
    assert definitions(FILES["aerich"]["lock.py"]) == example


def test_starlette_has_the_types_of_the_running_example() -> None:
    name = "apps/common/schemas/base.py"
    here, example = definitions(FILES["starlette"][name]), definitions(FILES["builtin"][name])
    assert {one: here.get(one) for one in example if one not in ("Limit", "Offset")} == {
        one: text for one, text in example.items() if one not in ("Limit", "Offset")
    }
    assert set(here) - set(example) == {"Paging"}
    main = definitions(FILES["starlette"]["main.py"])
    assert main["PATIENCE"] == definitions(FILES["builtin"]["main.py"])["PATIENCE"]


def test_no_placeholder_is_left() -> None:
    for files in FILES.values():
        for name, text in files.items():
            assert "<<" not in text.replace("<<: *project", "").replace("::bigint << 32", ""), name
            assert "NAME" not in name


def test_the_readme_names_a_database_that_the_migrations_run_on() -> None:
    """Aerich's files run on one product alone, so a new developer must not begin on a local SQLite file."""
    first_steps = {tool: files["README.md"].split("```")[1] for tool, files in FILES.items()}
    assert "export DATABASE_URL=postgres://user@host:5432/billing\n" in first_steps["aerich"]
    assert "ENVIRONMENT=development" not in first_steps["aerich"]
    assert "export ENVIRONMENT=development  " in first_steps["builtin"]
    assert 'near "COMMENT": syntax error' in FILES["aerich"]["README.md"]
    assert "Aerich" not in FILES["builtin"]["README.md"]


def test_the_readme_says_what_a_deployment_needs_first() -> None:
    """What else says which release of PostgreSQL production has, and that CI reads uv.lock?"""
    full = FILES["builtin"]
    minimal = NewProject(Path("billing"), "billing", "fastapi", "builtin", minimal=True).files()["README.md"]
    named = {name for name, content in full.items() if "postgres:17" in content} - {"README.md"}
    assert named == {"docker/docker-compose.yml", ".github/workflows/ci.yml"}
    readme = full["README.md"]
    assert all(f"`{name}`" in readme for name in (*named, "charts/billing/values.yaml", "uv.lock"))
    assert "postgres:17" not in minimal and "charts/" not in minimal
    assert "pgbouncer=true" in readme and "pgbouncer=true" in minimal
