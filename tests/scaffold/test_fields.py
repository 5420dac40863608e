"""Fields as a user types them, and names that cannot be used."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from pydantic import BaseModel
from tortoise.models import Model
from tortoise_dev.analysis.file_names import snake_case
from tortoise_dev.scaffold import names
from tortoise_dev.scaffold.field_specs import ON_DELETE, FieldError, Relation, Scalar, parse_fields

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("number:char:32:unique", Scalar("number", "char", length=32, unique=True)),
        ("amount:decimal:12:2", Scalar("amount", "decimal", digits=12, places=2)),
        ("status:enum:draft,sent", Scalar("status", "enum", choices=("draft", "sent"))),
        ("due_at:datetime:null", Scalar("due_at", "datetime", null=True)),
        ("amount:decimal:3:2:default=-0.5", Scalar("amount", "decimal", digits=3, places=2, default="-0.5")),
        ("paid:bool", Scalar("paid", "bool", default="false")),
        ("paid:bool:null", Scalar("paid", "bool", null=True)),
        ("paid:bool:default=True", Scalar("paid", "bool", default="true")),
        ("made_at:datetime:auto_now_add", Scalar("made_at", "datetime", auto="auto_now_add")),
        ("customer:fk:users.Customer", Relation("customer", "fk", "users.Customer")),
        (
            "owner:fk:Customer:set_null:null:related_name=things",
            Relation("owner", "fk", "Customer", "set_null", "things", null=True),
        ),
    ],
)
def test_a_field_is_read(text: str, field: object) -> None:
    assert parse_fields([text]) == [field]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("number", "the type is missing"),
        ("number:chr:32", "there is no type chr; here are char, text, int,"),
        ("number:char", "expected char:LENGTH"),
        ("number:char:0", "expected char:LENGTH"),
        ("number:char:x", "expected char:LENGTH"),
        ("amount:decimal:2:3", "of 2 digits 3 cannot be behind the point"),
        ("status:enum", "expected enum:A,B"),
        ("status:enum:1st", "expected enum:A,B"),
        ("status:enum:a-b,a_b", "the same name in the enum"),
        ("status:enum:a,b:default=c", "one of a, b"),
        ("number:char:3:default=long", "at most 3 characters"),
        ("count:int:default=1.5", "a whole number"),
        ("count:smallint:default=32768", "a whole number of 16 bits"),
        ("amount:decimal:5:2:default=1E+999999", "a number of 5 digits, 2 of them behind the point"),
        ("amount:decimal:5:2:default=1000", "a number of 5 digits"),
        ("amount:decimal:5:2:default=1.", "a number of 5 digits"),
        ("amount:decimal:5:0:default=1.5", "a number of 5 digits"),
        ("count:int:nul", "there is no option nul"),
        ("when:date:auto_now", "auto_now is for datetime"),
        ("note:text:unique", "take char"),
        ("customer:fk:users.customer", "expected fk:APP.MODEL"),
        ("customer:fk:Customer:set_null", "set_null needs null"),
        ("customer:fk:Customer:cascade:restrict", "exclude each other"),
        ("filter:int", "every model or schema has an attribute"),
        ("schema:int", "every model or schema has an attribute"),
        ("date:date", "it would hide the type"),
        ("str:text", "it would hide the type"),
        ("using_db:text", "have an argument of this name"),
        ("class:int", "small letters"),
        ("a__b:int", "small letters"),
    ],
)
def test_a_wrong_field_is_told(text: str, message: str) -> None:
    with pytest.raises(FieldError, match=message):
        parse_fields([text])


def test_two_fields_share_no_name() -> None:
    with pytest.raises(FieldError, match="two fields have the name customer_id"):
        parse_fields(["customer_id:int", "customer:fk:Customer"])


def test_taken_names_are_those_of_the_libraries() -> None:
    assert {name for name in dir(Model) if not name.startswith("_")} == names.TAKEN
    public = {name for name in dir(BaseModel) if not name.startswith(("_", "model_"))}
    assert public == names.TAKEN_BY_SCHEMAS


def test_on_delete_knows_what_tortoise_knows() -> None:
    from tortoise.fields import OnDelete

    assert {option.upper() for option in ON_DELETE} == {option.name for option in OnDelete} - {"SET_DEFAULT"}


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("Invoice", ("invoice", "invoices", "an invoice")),
        ("OrderLine", ("order_line", "order_lines", "an order line")),
        ("Category", ("category", "categories", "a category")),
        ("Day", ("day", "days", "a day")),
        ("Box", ("box", "boxes", "a box")),
        ("HTTPLog", ("http_log", "http_logs", "a http log")),
        ("Person", ("person", "people", "a person")),
        ("StepChild", ("step_child", "step_children", "a step child")),
        ("German", ("german", "germans", "a german")),
        ("Invoice2", ("invoice2", "invoice2s", "an invoice2")),
    ],
)
def test_the_forms_of_a_name(name: str, forms: tuple[str, str, str]) -> None:
    snake = snake_case(name)
    assert (snake, names.plural(snake), names.with_article(names.words(name))) == forms


def test_a_long_name_of_an_index_stays_one_name() -> None:
    long = "ix_" + "a" * 100
    assert len(names.short_name(long)) == names.LONGEST
    assert names.short_name(long) != names.short_name(long + "b")
    assert names.short_name("ix_invoice_customer_id") == "ix_invoice_customer_id"


def test_a_model_like_that_of_the_running_example_has_its_columns(project: object) -> None:
    """The example's Payment, typed as fields: the same classes, fields, options and indexes."""
    shop = project.new(migrations="builtin", minimal=True)  # type: ignore[attr-defined]
    shop.add("billing", "Invoice", "number:char:32:unique")
    fields = "amount:decimal:12:2 method:enum:card,transfer:default=transfer paid_at:datetime"
    shop.add("billing", "Payment", *fields.split(), "invoice:fk:Invoice:restrict")
    example = (ROOT / "examples/billing/apps/billing/models/payment.py").read_text(encoding="utf-8")
    here, there = (members(text) for text in (shop.text("apps/billing/models/payment.py"), example))
    assert here == there


def test_a_row_of_another_model_gets_the_first_member_of_its_enum(project: object) -> None:
    """By its name, imported from where the project imports the model, too."""
    shop = project.new(migrations="builtin", minimal=True)  # type: ignore[attr-defined]
    shop.add("billing", "Order", "status:enum:draft,paid")
    imports = "from enum import StrEnum\n\nfrom tortoise import fields\n\n"
    imports += "from apps.common.models import BaseModel\n"
    model = "class Parcel(BaseModel):\n    size = fields.CharEnumField(Size)\n"
    sizes = {"class": "class Size(StrEnum):\n    SMALL = 's'\n", "call": 'Size = StrEnum("Size", ["SMALL"])'}
    shop.add("billing", "Payment", "order:fk:Order")
    written = shop.text("tests/test_billing_payment.py")
    assert "from apps.billing.models import BasePayment, Order, OrderStatus, Payment\n" in written
    assert "Order.create(status=OrderStatus.DRAFT)" in written
    shop.add("post", "Stamp")
    for name, size in sizes.items():
        shop.write({"apps/post/models/parcel.py": f"{imports}\n\n{size}\n\n\n{model}"})
        shop.add("post", f"Label{name}", "parcel:fk:Parcel")
        written = shop.text(f"tests/test_post_label{name}.py")
        assert ("size=Size.SMALL" if name == "class" else "size=next(iter(Size))") in written
        assert "from apps.post.models.parcel import Parcel, Size\n" in written


def test_type_checkers_are_told_the_key_of_each_relation(project: object) -> None:
    shop = project.new(migrations="builtin", minimal=True)  # type: ignore[attr-defined]
    key = "from tortoise import fields\nfrom tortoise.models import Model\n\n\nclass {}(Model):\n    {}\n"
    keys = {
        "Land": "code = fields.CharField(max_length=2, primary_key=True)",
        "Counted": "hash_id = fields.UUIDField(primary_key=True)",
        "Plain": "name = fields.CharField(max_length=9)",
    }
    shop.add("stock", "Bare")
    shop.write(
        {f"apps/stock/models/{name.lower()}.py": key.format(name, line) for name, line in keys.items()}
    )
    fields = "land:fk:Land counted:fk:Counted:null plain:o2o:Plain many:m2m:Plain parent:fk:Thing:null"
    shop.add("stock", "Thing", *fields.split())
    written = members(shop.text("apps/stock/models/thing.py"))["Thing"]
    told = ["land_id: str", "counted_id: UUID | None", "plain_id: int", "parent_id: UUID | None"]
    assert [line for line in written if "_id: " in line] == told


@pytest.mark.parametrize(
    ("fields", "shown", "ordering"),
    [
        ("amount:int name:char:40 title:char:40", "name", "('name', 'id')"),
        ("street:char:40 code:char:9", "code", "('code', 'id')"),
        ("action:char:40 reference:char:40:unique", "reference", "('reference',)"),
        ("table_name:char:64 action:char:16 changes:json", 'f"audit log {self.pk}"', "('created_at', 'id')"),
        ("name:char:40:null amount:int", 'f"audit log {self.pk}"', "('created_at', 'id')"),
    ],
)
def test_a_row_is_shown_by_a_text_that_is_its_own(
    project: object, fields: str, shown: str, ordering: str
) -> None:
    """Not by the first text: the action of a log entry is that of many entries."""
    shop = project.new(migrations="builtin", minimal=True)  # type: ignore[attr-defined]
    shop.add("history", "AuditLog", *fields.split())
    source = shop.text("apps/history/models/audit_log.py")
    wanted = shown if shown.startswith("f") else f"self.{shown}"
    assert f"    def __str__(self) -> str:\n        return {wanted}\n" in source
    assigned = [
        ast.unparse(node.value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ordering"
    ]
    assert assigned == [ordering]
    shop.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_history_audit_log.py")


def test_a_service_takes_json_as_the_schema_does(project: object) -> None:
    """No text, which Tortoise would read as JSON."""
    shop = project.new(migrations="builtin", minimal=True)  # type: ignore[attr-defined]
    shop.add("stock", "Thing", "data:json", "more:json:null", crud=True)
    source = shop.text("apps/stock/services/things.py")
    assert source.count("data: dict[str, Any] | list[Any],") == 2, source
    assert source.count("more: dict[str, Any] | list[Any] | None") == 2, source


def members(source: str) -> dict[str, list[str]]:
    """By class what its body assigns, without words and order."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            lines = [ast.unparse(one) for one in node.body if isinstance(one, ast.Assign | ast.AnnAssign)]
            found[node.name] = [line for line in lines if not line.startswith(("table_desc", "ordering"))]
    return found


def test_the_functions_of_the_tests_make_a_second_row(project: object) -> None:
    """Each call gives unique columns values of their own. The test of a unique column repeats one."""
    shop = project.new(migrations="builtin", minimal=True)  # type: ignore[attr-defined]
    unique = "email:char:254:unique code:char:3:unique token:uuid:unique born_on:date:unique seat:int:unique"
    shop.add("people", "Person", *unique.split())
    shop.add("work", "Task", *f"person:fk:people.Person price:decimal:12:2:unique {unique}".split())
    calls = "\n\nasync def test_two(database: None) -> None:\n"
    calls += "    for _ in range(2):\n        task = await make_task(await make_person())\n"
    calls += "    assert (await make_task(await make_person())).email != task.email\n"
    path = "tests/test_work_task.py"
    shop.write({path: shop.text(path) + calls})
    assert "5 passed" in shop.run("-m", "pytest", "-q", "-p", "no:cacheprovider", path)
    source = shop.text(path)
    assert "_ = await make_task(person, price=task.price)" in source
    assert 'email=f"xxx{next(COUNTER)}"' in source


def test_the_rows_of_a_test_share_what_they_refer_to(project: object) -> None:
    """Not a ticket and an author of two companies."""
    shop = project.new(migrations="builtin", minimal=True)  # type: ignore[attr-defined]
    shop.add("people", "Company", "name:char:9")
    shop.add("people", "Person", "name:char:9", "company:fk:Company")
    shop.add("work", "Task", "title:char:9", "company:fk:people.Company", "person:fk:people.Person")
    shop.add("work", "Comment", "task:fk:Task", "author:fk:people.Person", "company:fk:people.Company")
    path = "tests/test_work_comment.py"
    made = [
        "    company = await make_company()",
        "    author = await make_person(company=company)",
        "    task = await make_task(company=company, person=author)",
        "    comment = await make_comment(task, author, company)",
    ]
    assert "\n".join(made) in shop.text(path)
    assert "5 passed" in shop.run("-m", "pytest", "-q", "-p", "no:cacheprovider", path)
