"""Projects that somebody else began: the running examples, and one with another layout in each respect."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from typing import Any

import pytest
from tortoise_dev.analysis.project import load_project
from tortoise_dev.refactor.plan import plan_split
from tortoise_dev.scaffold.python_edits import add_to_all, with_elements

ROOT = Path(__file__).resolve().parents[2]
OTHER = {
    "pyproject.toml": """\
[project]
name = "acme"
dependencies = ["tortoise-orm", "pydantic"]

[tool.pytest.ini_options]
pythonpath = ["src"]
addopts = "--import-mode=importlib"
asyncio_default_fixture_loop_scope = "function"
filterwarnings = ["error"]

[tool.ruff.lint]
select = ["E", "F", "I", "B", "UP", "SIM", "RUF", "A"]

[tool.mypy]
mypy_path = "src"
explicit_package_bases = true
""",
    "src/acme/__init__.py": "",
    "src/acme/conf/__init__.py": "",
    "src/acme/domains/__init__.py": "",
    "src/acme/domains/core/__init__.py": "",
    "src/acme/domains/core/models/__init__.py": 'from .entity import Entity\n\n__all__ = ("Entity",)\n',
    "src/acme/domains/core/models/entity.py": """\
from tortoise import fields
from tortoise.models import Model


class Entity(Model):
    class Meta:
        abstract = True

    key = fields.IntField(primary_key=True)
""",
    "src/acme/domains/people/__init__.py": "",
    "src/acme/domains/people/schemas/__init__.py": "",
    "src/acme/domains/people/models/__init__.py": """\
from .person import BasePerson, BaseRobot, Person, Robot

__all__ = ("BasePerson", "BaseRobot", "Person", "Robot")
""",
    "src/acme/domains/people/models/person.py": """\
from tortoise import fields
from tortoise.validators import MinLengthValidator

from acme.domains.core.models import Entity


class BasePerson(Entity):
    class Meta:
        abstract = True

    name = fields.CharField(10)


class Person(BasePerson):
    class Meta:
        table = "person"


class BaseRobot(Entity):
    class Meta:
        abstract = True

    serial = fields.CharField(max_length=10, validators=[MinLengthValidator(9)])


class Robot(BaseRobot):
    class Meta:
        table = "robot"
""",
    "src/acme/conf/db.py": """\
PEOPLE = [
    "acme.domains.people.models",  # who
]
TORTOISE = {
    "connections": {"default": "sqlite://:memory:"},
    "apps": {
        "people": {
            "models": PEOPLE,
            "default_connection": "default",
            "migrations": "acme.domains.people.migrations",
        },
        "orders": {
            "models": ["acme.domains.orders.models"],
            "default_connection": "default",
            "migrations": "acme.domains.orders.migrations",
        },
    },
}
""",
}
"""A src layout, another package, a label for each app, integer keys, relative imports, lines of 88."""


def copied(project: Any, example: str) -> Any:
    ignore = shutil.ignore_patterns(".*", "__pycache__", "*.sqlite3*")
    shutil.copytree(ROOT / "examples" / example, project.folder, ignore=ignore)
    return project


def test_the_running_example_gets_a_model(project: Any) -> None:
    bill = copied(project, "billing")
    plan = bill.add(
        "billing",
        "Refund",
        *"amount:decimal:12:2 payment:fk:billing.Payment approver:fk:users.User:null:set_null".split(),
        crud=True,
    )
    assert plan.next == [
        "uv run python -m tortoise makemigrations --name add_refund",
        "uv run python migrate.py",
        "uv run python -m pytest tests/test_billing_refund.py",
        "(a client chooses payment_id, approver_id: delete from RefundIn what follows from the user)",
        "(type the other side, in Payment: refunds: fields.ReverseRelation[Refund])",
        "(type the other side, in User: refunds: fields.ReverseRelation[Refund])",
    ]
    text = bill.text("apps/billing/models/refund.py")
    assert "class BaseRefund(BaseModel):" in text
    assert '"models.Payment"' in text and '"models.User"' in text
    assert "router.include_router(refunds.router)" in bill.text("apps/billing/routers/__init__.py")
    plan = bill.add("shipping", "Parcel", "code:char:20:unique", "invoice:fk:billing.Invoice")
    assert "app.include_router(shipping)" in bill.text("main.py")
    assert '"apps.users.models", "apps.shipping.models"]' in bill.text("config/tortoise.py")
    assert bill.add("users", "Team", "name:char:20").changes
    assert "class BaseTeam(BaseModel):" in bill.text("apps/users/models/team.py")


def test_a_user_has_a_table_that_sql_can_name_without_quotes(project: Any) -> None:
    shop = copied(project, "with_aerich")
    assert shop.add("staff", "User", "author:fk:library.Author").changes
    text = shop.text("apps/staff/models/user.py")
    assert 'table = "app_user"' in text and 'name="ix_app_user_author_id"' in text


def test_a_model_without_schemas(project: Any) -> None:
    bill = copied(project, "billing")
    plan = bill.plan("billing", "Refund", "amount:decimal:12:2", "payment:fk:Payment", schemas=False)
    assert not [line for line in plan.next if "a client chooses" in line]
    changed = [change.path.relative_to(bill.folder).as_posix() for change in plan.changes]
    assert "apps/billing/models/refund.py" in changed
    assert not [path for path in changed if "schemas" in path]


def test_a_project_without_schemas_gets_none(project: Any) -> None:
    acme = project.write({name: text for name, text in OTHER.items() if "/schemas/" not in name})
    for app in ("people", "orders"):  # orders is new
        names = [change.path.as_posix() for change in acme.plan(app, "Note", "read:bool").changes]
        assert any(name.endswith(f"/{app}/models/note.py") for name in names)
        assert not [name for name in names if "/schemas/" in name]


@pytest.mark.parametrize(
    ("kind", "annotation"),
    [
        ("o2o", "refund: fields.BackwardOneToOneRelation[Refund]"),
        ("m2m", "refunds: fields.ManyToManyRelation[Refund]"),
    ],
)
def test_the_other_side_of_each_kind_of_relation_is_named(project: Any, kind: str, annotation: str) -> None:
    plan = copied(project, "billing").plan("billing", "Refund", f"payment:{kind}:billing.Payment")
    assert plan.next[-1] == f"(type the other side, in Payment: {annotation})"


@pytest.mark.slow
def test_its_own_tests_and_linters_pass(project: Any) -> None:
    bill = copied(project, "billing")
    bill.add("billing", "Refund", "amount:decimal:12:2", "payment:fk:billing.Payment", crud=True)
    bill.add("shipping", "Parcel", "code:char:20:unique", "invoice:fk:billing.Invoice")
    bill.run("-m", "ruff", "check", "--no-cache", "-q", ".")
    bill.run("-m", "ruff", "format", "--no-cache", "-q", "--check", ".")
    tests = [path for path in bill.tree() if path.startswith("tests/test_billing_")]
    bill.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "tests/test_models.py")


@pytest.mark.slow
def test_a_project_on_aerich_gets_a_model(project: Any) -> None:
    pytest.importorskip("aerich")
    library = copied(project, "with_aerich")
    plan = library.add("library", "Loan", "due_on:date", "book:fk:Book", "reader:char:100")
    assert plan.next[:2] == ["uv run aerich migrate --offline --name add_loan", "uv run python migrate.py"]
    assert "the product that production uses" in plan.next[2]
    assert "(tables: None)" in library.text("tests/test_library_loan.py")  # this project's fixture
    assert "Success creating" in library.run(*DRAFT, DATABASE_URL="sqlite://:memory:")
    printed = library.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_library_loan.py")
    assert "3 passed" in printed


DRAFT = ("-m", "aerich", "migrate", "--offline", "--name", "add_loan")


@pytest.mark.slow
def test_another_layout_is_followed(project: Any, mypy_cache: str) -> None:
    acme = project.write(OTHER)
    fields = "number:char:20:unique person:fk:people.Person placed_at:datetime total:decimal:10:2 data:json"
    plan = acme.add("orders", "Order", *fields.split())
    assert plan.next[0] == "python -m tortoise makemigrations"
    orm = ("-m", "tortoise", "-c", "acme.conf.db.TORTOISE")
    assert "orders.0001_initial" in acme.run(*orm, "makemigrations", PYTHONPATH="src")
    shutil.rmtree(acme.folder / "src/acme/domains/orders/migrations")
    shutil.rmtree(acme.folder / "src/acme/domains/people/migrations")
    acme.add("people", "Address", "street:char:40", "person:fk:Person")
    acme.add("people", "Phone", "number:char:40", "person:fk:people.Person:cascade")
    acme.add("people", "Part", "name:char:9", "robot:fk:Robot")  # the text does not tell which serial fits
    assert "async def test_the_table_is_there(database: None)" in acme.text("tests/test_people_part.py")
    before = acme.tree()
    assert acme.add("orders", "Order", *fields.split()).changes == []
    assert acme.tree() == before
    order = acme.text("src/acme/domains/orders/models/order.py")
    assert "class BaseOrder(Entity):" in order and '"people.Person"' in order
    assert "    person_id: int\n" in acme.text("src/acme/domains/orders/schemas/order.py")
    exported = acme.text("src/acme/domains/people/models/__init__.py")
    assert exported.startswith("from .address import Address, BaseAddress\nfrom .part import")
    assert '__all__ = (\n    "Address",\n    "BaseAddress",\n    "BasePart",' in exported
    acme.run("-m", "ruff", "check", "--no-cache", "-q", ".")
    acme.run("-m", "ruff", "format", "--no-cache", "-q", "--check", ".")
    acme.run("-m", "mypy", "--strict", "--cache-dir", mypy_cache, ".")
    assert "11 passed" in acme.run("-m", "pytest", "-q", "-p", "no:cacheprovider")


RECORDED = (
    "(the first file makes all tables. Where they exist, record it as applied: python -m tortoise migrate"
)
LINTED = '(ruff reports I001 and RUF012 in generated migrations: write extend-exclude = ["migrations"] into'


def test_the_next_steps_of_a_first_migration_and_of_a_later_one(project: Any) -> None:
    acme = project.write(OTHER)
    first = acme.plan("orders", "Order", "person:fk:people.Person").next
    assert first[0] == "python -m tortoise makemigrations"
    assert first[1] == f"{RECORDED} orders 0001_initial --fake)"
    assert LINTED in first[3]
    acme.write({"src/acme/domains/orders/migrations/0001_initial.py": ""})
    acme.write(
        {"pyproject.toml": f"{OTHER['pyproject.toml']}\n[tool.ruff]\nextend-exclude = ['migrations']\n"}
    )
    later = acme.plan("orders", "Order", "person:fk:people.Person").next
    assert later[:2] == [
        "python -m tortoise makemigrations --name add_order",  # with a label it does not know people.Person
        "python -m tortoise migrate",
    ]
    assert not any("ruff" in step for step in later)


def test_a_field_that_a_model_defines_again_gets_one_value(project: Any) -> None:
    person = "src/acme/domains/people/models/person.py"
    again = OTHER[person].replace(
        'table = "person"\n', 'table = "person"\n\n    name = fields.CharField(2)\n'
    )
    acme = project.write(OTHER | {person: again})
    acme.add("orders", "Order", "person:fk:people.Person")
    assert 'return await Person.create(name="xx")' in acme.text("tests/test_orders_order.py")


def test_the_next_steps_without_a_migration_tool(project: Any) -> None:
    config = OTHER["src/acme/conf/db.py"].replace('"migrations"', '"other"')
    acme = project.write(OTHER | {"src/acme/conf/db.py": config})
    plan = acme.plan("orders", "Order", "number:char:9")
    assert plan.next[0].startswith("set up a migration tool: ")
    assert plan.next[0].endswith(" migrations-tools.md#choose-the-tool")


PAIR = """\
from tortoise import fields

from acme.domains.core.models import Entity


class Team(Entity):
    lead = fields.ForeignKeyField("people.Worker", "leads", null=True)


class Worker(Entity):
    team = fields.ForeignKeyField("people.Team", "workers")
"""


def test_tests_of_models_in_a_circle_need_migrated_tables(project: Any) -> None:
    acme = project.write(OTHER)
    circle = "(Team.lead → Worker.team → Team is a circle: tests need tables that migrations make: "
    assert not any("circle" in step for step in acme.plan("people", "Tool", "name:char:9").next)
    acme.write({"src/acme/domains/people/models/team.py": PAIR})
    assert any(step.startswith(circle) for step in acme.plan("people", "Tool", "name:char:9").next)
    two = "def database():\n    pass\n\n\ndef migrated():\n    pass\n"
    acme.write({"tests/conftest.py": f"from tortoise.context import TortoiseContext\n\n\n{two}"})
    acme.add("people", "Tool", "name:char:9")
    assert "(migrated: None)" in acme.text("tests/test_people_tool.py")


def test_an_app_that_is_there_gets_no_empty_packages(project: Any) -> None:
    project.new(minimal=True)
    project.add("users", "Customer", "name:char:100")
    for part in ("services", "routers"):
        shutil.rmtree(project.folder / "apps" / "users" / part)
    project.add("users", "Note", "text:text")
    made = {path.name for path in (project.folder / "apps" / "users").iterdir()}
    assert made >= {"models", "schemas"}
    assert not made & {"services", "routers"}


def test_an_app_without_a_label_is_refused_where_labels_differ(project: Any) -> None:
    from tortoise_dev.scaffold.changes import RefusedError

    with pytest.raises(
        RefusedError, match="first: under one of the labels people, orders, or under a new one"
    ):
        project.write(OTHER).add("billing", "Invoice", "number:char:9")


def test_line_ends_and_byte_order_marks_stay(project: Any) -> None:
    project.new(minimal=True)
    for name in ("main.py", "config/tortoise.py"):
        path = project.folder / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    project.add("users", "Customer", "name:char:100")
    for name in ("main.py", "config/tortoise.py"):
        data = (project.folder / name).read_bytes()
        assert b"users" in data and data.count(b"\n") == data.count(b"\r\n")
        assert data.startswith(b"\xef\xbb\xbf") and data.count(b"\xef\xbb\xbf") == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("['Customer']", "['Customer', \"Tag\"]"),
        ('["Tag", "User"]', '["Tag", "User"]'),
        ("[*users.__all__, *people.__all__]", '[*users.__all__, *people.__all__, "Tag"]'),
    ],
)
def test_names_of_all_stay_as_they_are_written(before: str, after: str) -> None:
    assert add_to_all(f"__all__ = {before}\n", ["Tag"], width=88) == f"__all__ = {after}\n"


def test_a_form_feed_is_no_end_of_a_line() -> None:
    source = '# a\x0cb\nA = {\n    "x": [\n        "one"\n    ],\n}\n'
    (listed,) = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.List)]
    changed = with_elements(source, listed, ['"one"', '"two"'], width=88)
    assert changed == source.replace('"one"', '"one",\n        "two",')


def test_comments_in_a_list_stay(project: Any) -> None:
    project.new(minimal=True)
    config = project.text("config/tortoise.py").replace(
        '["aerich.models"]', '[\n                "aerich.models",  # its table\n            ]'
    )
    project.write({"config/tortoise.py": config})
    project.add("users", "Customer", "name:char:100")
    text = project.text("config/tortoise.py")
    assert '"aerich.models",  # its table\n                "apps.users.models",\n            ]' in text


@pytest.mark.parametrize("target", ["people.Person", "hr.Person", "Person"])
def test_what_is_written_is_the_configured_label(project: Any, target: str) -> None:
    """A target is sought in the folder of the app, then under the label; one name may be enough."""
    acme = project.write(OTHER)
    acme.write({"src/acme/conf/db.py": OTHER["src/acme/conf/db.py"].replace('"people": {', '"hr": {')})
    acme.add("orders", "Order", "number:char:9", f"person:fk:{target}")
    assert '        "hr.Person", related_name="orders"' in acme.text(
        "src/acme/domains/orders/models/order.py"
    )


MODELS = """\
from tortoise import fields
from tortoise.models import Model


class OAuth2Client(Model):
    secret = fields.CharField(max_length=40)


class Class(Model):
    name = fields.CharField(max_length=40)
"""


def test_a_model_is_looked_for_where_a_split_puts_it(project: Any) -> None:
    """Each of the two commands names the file of a model, and it is the same file."""
    project.new(minimal=True)
    module = project.folder / "apps/shop/models.py"
    project.write({"apps/shop/__init__.py": "", "apps/shop/models.py": MODELS})
    split = plan_split(module, load_project([module], here=project.folder))
    written = sorted(path.name for path in split.files if path.name != "__init__.py")
    module.unlink()
    for name, field in (("OAuth2Client", "secret"), ("Class", "name")):
        project.add("shop", name, f"{field}:char:40", crud=True)
    assert sorted(path.name for path in module.with_suffix("").iterdir()) == ["__init__.py", *written]
    project.add("shop", "OA10", "number:char:9", "parent:fk:OAuth2Client")
    project.add("shop", "OA2", "number:char:9", "parent:fk:OA10")
    project.run("-m", "ruff", "check", "--no-cache", "-q", ".")
    project.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "--ignore", "tests/test_server.py")


def test_fields_for_addresses_take_the_type_of_the_project(project: Any) -> None:
    """`Email` checks the address and its length. A shorter column limits it further."""
    project.new(minimal=True)
    fields = ("email:char:254:unique", "billing_email:char:60:null", "old_email:text", "emails:char:9")
    project.add("crm", "Customer", *fields)
    written = project.text("apps/crm/schemas/customer.py")
    assert "from apps.common.schemas import Email, InSchema, OutSchema, Text\n" in written
    assert "    email: Email\n" in written
    assert "    billing_email: Annotated[Email, Field(max_length=60)] | None = None\n" in written
    assert "    old_email: Email\n" in written
    assert "    emails: Annotated[Text, Field(min_length=1, max_length=9)]\n" in written
    assert "    email: str\n" in written.partition("class CustomerOut")[2]

    own = project.text("apps/common/schemas/__init__.py").replace("    Email,\n", "").replace('"Email", ', "")
    project.write({"apps/common/schemas/__init__.py": own})
    project.add("crm", "Supplier", "email:char:254")
    assert "Email" not in project.text("apps/crm/schemas/supplier.py")


def test_the_first_file_of_aerich_keeps_the_tables_that_exist(project: Any) -> None:
    shop = project.new(migrations="aerich", minimal=True)
    assert not any("keeps tables" in step for step in shop.plan("users", "Customer", "name:char:9").next)
    shop.add("users", "Customer", "name:char:9")
    (hint,) = (step for step in shop.plan("users", "Person", "name:char:9").next if "keeps tables" in step)
    assert "existing-databases.md#take-over-an-existing-database-with-migrations" in hint
    shop.write({"migrations/models/0_first.py": ""})
    assert not any("keeps tables" in step for step in shop.plan("users", "Person", "name:char:9").next)
