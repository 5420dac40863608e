# snippet: needs="sqlite, aerich"
"""What with_aerich/draft_both.py refuses. Then the project is as it was. It asks no server.

migrations_draft_both.py takes its helpers from here.

By hand: python examples/migrations_draft_refused.py
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLE = Path(__file__).parent / "with_aerich"
APP = Path(tempfile.mkdtemp())
CONFIG = """
import os

TORTOISE_ORM = {
    "connections": {"default": os.environ.get("DATABASE_URL", "sqlite://db.sqlite3")},
    "apps": {
        "models": {"models": ["shop", "aerich.models"], "default_connection": "default"},
        MORE
    },
    "use_tz": True,
}
"""
ORDERS_APP = '"orders": {"models": ["orders"], "default_connection": "default"},'
SECTION = """
[tool.aerich]
tortoise_orm = "config.tortoise.TORTOISE_ORM"
location = "./migrations"
"""
ORDERS = """
from tortoise import fields
from tortoise.models import Model


class Order(Model):
    class Meta:
        table = "shop_order"

    id = fields.IntField(primary_key=True)
    at = fields.DatetimeField(null=True)
"""
SHOP = """
from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class Status(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"


class Category(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=80, unique=True)


class Product(Model):
    class Meta:
        table_description = "What is sold"

    id = fields.UUIDField(primary_key=True)
    sku = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=200)
    status = fields.CharEnumField(Status, max_length=9, default=Status.DRAFT)
    categories = fields.ManyToManyField("models.Category", related_name="products")
"""
# The hash of a text is another one in each process, and with it the order of a set.
SEEDS = {"PYTHONHASHSEED": "random"}


def set_up(more_apps: str, *programs: str) -> None:
    """Make the project in its folder, with these programs of the example."""
    (APP / "config").mkdir()
    (APP / "config" / "tortoise.py").write_text(CONFIG.replace("MORE", more_apps))
    for name, text in {"pyproject.toml": SECTION, "shop.py": SHOP, "orders.py": ORDERS}.items():
        (APP / name).write_text(text)
    for name in programs:
        shutil.copy(EXAMPLE / name, APP)


def python(*command: str, url: str = "") -> subprocess.CompletedProcess[str]:
    """Run it in the project, with the URL of a database or without one."""
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | SEEDS
    if url:
        env["DATABASE_URL"] = url
    return subprocess.run(
        [sys.executable, *command], cwd=APP, env=env, capture_output=True, text=True, check=False
    )


def draft(name: str, *options: str) -> str:
    """The new file, and nothing else."""
    before = set(APP.rglob("migrations/**/*.py"))
    done = python("draft_both.py", "--name", name, *options)
    assert done.returncode == 0, done.stderr
    (new,) = set(APP.rglob("migrations/**/*.py")) - before
    return new.read_text()


def refused(name: str, *options: str) -> str:
    """Why there is no file. The project is as it was."""
    before = {path: path.read_bytes() for path in APP.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    done = python("draft_both.py", "--name", name, *options)
    assert done.returncode == 1, done.stdout
    assert {path: path.read_bytes() for path in before} == before
    assert {path for path in APP.rglob("*") if path.is_file() and path.suffix != ".pyc"} == set(before)
    return done.stderr


def shop(old: str, new: str) -> None:
    """Change the models. A line is added if `old` is empty."""
    text = (APP / "shop.py").read_text()
    assert old in text, old
    (APP / "shop.py").write_text(text.replace(old, new) if old else text + new)


def is_for_both(text: str) -> bool:
    """Whether the file chooses by the product. MODELS_STATE stands in it once."""
    assert text.count("MODELS_STATE = (") == 1
    return 'db.capabilities.dialect == "sqlite"' in text


def refusals() -> None:
    assert "has no file yet" in refused("first", "--empty")
    draft("first")
    draft("first", "--app", "orders")

    shop("", '    currency = fields.CharField(max_length=3, default="EUR")\n')
    reason = refused("data", "--empty")
    assert "A change of the models has no file" in reason and 'ADD "currency"' in reason
    shop('    currency = fields.CharField(max_length=3, default="EUR")\n', "")

    shop("    name = fields.CharField(max_length=200)", "    title = fields.CharField(max_length=200)")
    assert "(models.Product) Rename name to title?" in refused("title")
    shop("    title = fields.CharField(max_length=200)", "    name = fields.CharField(max_length=200)")

    # A column changes, which SQLite cannot. It does not check a length.
    shop("max_length=200", "max_length=300")
    assert "add --sqlite-nothing" in refused("longer")
    shop("", "    note = fields.TextField(null=True)\n")
    assert 'SQLite needs it, too:\nALTER TABLE "product" ADD "note"' in refused("longer", "--sqlite-nothing")
    shop("    note = fields.TextField(null=True)\n", "")
    text = draft("longer", "--sqlite-nothing")
    assert is_for_both(text) and text.count("SELECT 1;") == 2

    # CREATE TABLE made the column unique.
    shop("    sku = fields.CharField(max_length=32, unique=True)\n", "")
    reason = refused("no_sku")
    assert "SQLite refuses the files." in reason and 'cannot drop UNIQUE column: "sku"' in reason
    assert 'DROP COLUMN "sku"' in reason and "MODELS_STATE" not in reason


if __name__ == "__main__":
    set_up(ORDERS_APP, "draft_both.py")
    try:
        refusals()
    finally:
        shutil.rmtree(APP)
