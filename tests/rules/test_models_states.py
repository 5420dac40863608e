"""TD216 beside Aerich: after a reported file, Aerich misses a column; after one that is not, it drafts it."""

from __future__ import annotations

import pytest

MODELS = """
from tortoise import fields
from tortoise.models import Model


class Note(Model):
    id = fields.IntField(primary_key=True)
"""
SIZE = "    size = fields.IntField(null=True)\n"
COLOUR = "    colour = fields.CharField(max_length=9, null=True)\n"


@pytest.mark.slow
@pytest.mark.parametrize("has_state", [False, True], ids=["without a state", "with a state"])
def test_the_next_draft(has_state: bool, project) -> None:
    project.write_for_aerich(MODELS)
    project.run_aerich("init-migrations")
    project.write({"shop.py": MODELS + SIZE})
    project.run_aerich("migrate", "--offline", "--name", "size")
    (newest,) = project.root.glob("migrations/models/*_size.py")
    if not has_state:
        text = newest.read_text(encoding="utf-8")
        newest.write_text(text[: text.index("MODELS_STATE = ")], encoding="utf-8")
    project.write({"shop.py": MODELS + SIZE + COLOUR})
    assert bool(project.found("--select", "TD216")) is not has_state

    status, said = project.aerich("migrate", "--offline", "--name", "colour")
    assert (status, "Old format of migration file" in said) == ((0, False) if has_state else (1, True))
    project.run_aerich("upgrade")
    status, said = project.aerich("migrate", "--name", "colour")
    assert (status, "No changes detected" in said) == (0, True)
    added = [
        file for file in project.root.glob("migrations/models/*.py") if '"colour"' in file.read_text("utf-8")
    ]
    assert bool(added) is has_state


@pytest.mark.slow
def test_a_state_of_an_older_file(project) -> None:
    """The rule does not read the state. Aerich drafts the column again, which no reviewer can overlook."""
    project.write_for_aerich(MODELS)
    project.run_aerich("init-migrations")
    (first,) = project.root.glob("migrations/models/*_init.py")
    project.write({"shop.py": MODELS + SIZE})
    project.run_aerich("migrate", "--offline", "--name", "size")
    assert "No changes detected" in project.aerich("migrate", "--offline", "--name", "again")[1]
    (newest,) = project.root.glob("migrations/models/*_size.py")
    state = first.read_text("utf-8").partition("MODELS_STATE = ")[2]
    newest.write_text(newest.read_text("utf-8").partition("MODELS_STATE = ")[0] + f"MODELS_STATE = {state}")
    assert project.found("--select", "TD216") == []
    project.run_aerich("migrate", "--offline", "--name", "again")
    (again,) = project.root.glob("migrations/models/*_again.py")
    assert 'ADD "size" INT' in again.read_text("utf-8")
