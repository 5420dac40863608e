"""The file of a model: its enums, its abstract base, and the class with the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import names
from .entity import Entity, Link
from .field_specs import Scalar, member_name
from .python_edits import quoted
from .source_text import Imports, call, collection

_FIELDS = {
    "char": "CharField",
    "text": "TextField",
    "int": "IntField",
    "bigint": "BigIntField",
    "smallint": "SmallIntField",
    "float": "FloatField",
    "decimal": "DecimalField",
    "bool": "BooleanField",
    "date": "DateField",
    "datetime": "DatetimeField",
    "timedelta": "TimeDeltaField",
    "uuid": "UUIDField",
    "json": "JSONField",
    "enum": "CharEnumField",
}
_RELATIONS = {
    "fk": ("ForeignKeyRelation", "ForeignKeyNullableRelation", "ForeignKeyField"),
    "o2o": ("OneToOneRelation", "OneToOneNullableRelation", "OneToOneField"),
    "m2m": ("ManyToManyRelation", "ManyToManyRelation", "ManyToManyField"),
}
_ENUM_LENGTH = 16
"""With `description=""`, for which Tortoise would take the members: a new member needs no migration."""


def model_file(entity: Entity, own: Iterable[str], width: int) -> str:
    """The source of the file."""
    imports = Imports(own)
    if entity.fields:
        imports.add("tortoise", "fields")
    imports.add(entity.base.module, entity.base.name)
    if any(_indexes(entity, width)):
        imports.add("tortoise.indexes", "Index")
    if entity.enums:
        imports.add("enum", "StrEnum")
    for field in entity.scalars:
        if field.kind == "decimal" and field.default is not None:
            imports.add("decimal", "Decimal")
        if field.kind == "uuid" and field.default is not None:
            imports.add("uuid", "uuid4")
    if any(field.kind == "json" for field in entity.scalars):
        imports.add("__future__", "annotations")
        imports.add("typing", "Any")
    others = [link.target for link in entity.links if link.target.cls is not None]
    if entity.links:
        imports.add("__future__", "annotations")
    if any(link.target.key.type == "UUID" for link in entity.to_one):
        imports.add("uuid", "UUID")
    if others:
        imports.add("typing", "TYPE_CHECKING")
    parts = [f'"""{entity.name} model and its abstract interface."""', imports.render(width)]
    text = "\n\n".join(parts)
    if others:
        checked = Imports(own)
        for target in others:
            checked.add(target.defined_in, target.name)
        lines = "\n".join(f"    {line}" for line in checked.render(width - 4).splitlines())
        text += f"\n\nif TYPE_CHECKING:\n{lines}"
    classes = [*(_enum(name, field) for name, field in entity.enums.items())]
    classes += [_base(entity, width), _concrete(entity, width)]
    return "\n\n\n".join([text, *classes]) + "\n"


def field_call(entity: Entity, field: Scalar) -> tuple[str, list[str]]:
    """The field class of a column, and its arguments."""
    arguments: list[str] = []
    if field.kind == "char":
        arguments.append(f"max_length={field.length}")
    elif field.kind == "decimal":
        arguments += [f"max_digits={field.digits}", f"decimal_places={field.places}"]
    elif field.kind == "enum":
        length = max(_ENUM_LENGTH, *map(len, field.choices))
        arguments += [entity.enum_of(field), f"max_length={length}", 'description=""']
    arguments += [f"{option}=True" for option in ("null", "unique") if getattr(field, option)]
    if field.auto:
        arguments.append(f"{field.auto}=True")
    if field.default is not None:
        arguments.append(f"default={default_of(entity, field)}")
    return _FIELDS[field.kind], arguments


def default_of(entity: Entity, field: Scalar) -> str:
    """The default of a column as Python source."""
    value = field.default or ""
    match field.kind:
        case "bool":
            return "True" if value == "true" else "False"
        case "decimal":
            return f'Decimal("{value}")'
        case "enum":
            return f"{entity.enum_of(field)}.{member_name(value)}"
        case "char" | "text":
            return quoted(value)
        case "int" | "bigint" | "smallint":
            return str(int(value))
        case "float":
            return repr(float(value))
    return value


def link_call(link: Link) -> tuple[str, str, list[str]]:
    """The annotation of a relation, its field class, and its arguments."""
    spec = link.spec
    plain, nullable, field = _RELATIONS[spec.kind]
    arguments = [quoted(link.target.reference), f"related_name={quoted(link.related_name)}"]
    if spec.kind != "m2m":
        arguments.append(f"on_delete=fields.OnDelete.{spec.on_delete.upper()}")
    if spec.null:
        arguments.append("null=True")
    return f"fields.{nullable if spec.null else plain}[{link.target.name}]", field, arguments


def _enum(name: str, field: Scalar) -> str:
    members = "\n".join(f"    {member_name(choice)} = {quoted(choice)}" for choice in field.choices)
    return f'class {name}(StrEnum):\n    """The values of `{field.name}`."""\n\n{members}'


def _base(entity: Entity, width: int) -> str:
    phrase = names.with_article(entity.words).capitalize()
    docstring = f'    """{phrase}: the fields and what can be computed from them."""'
    lines = [
        f"class Base{entity.name}({entity.base.name}):",
        docstring if len(docstring) <= width else f'    """{phrase}."""',
        "",
        "    class Meta:",
        "        abstract = True",
    ]
    if entity.scalars:
        lines.append("")
    for field in entity.scalars:
        kind, arguments = field_call(entity, field)
        annotation = ": fields.JSONField[Any]" if field.kind == "json" else ""
        lines.append(call(f"{field.name}{annotation} = fields.{kind}(", arguments, ")", 4, width))
    title = entity.title_field
    shown = f'f"{entity.words} {{self.pk}}"' if title is None else f"self.{title.name}"
    lines += ["", "    def __str__(self) -> str:", f"        return {shown}"]
    return "\n".join(lines)


def _concrete(entity: Entity, width: int) -> str:
    relations = "relations, indexes and order" if entity.links else "its name and order"
    lines = [
        f"class {entity.name}(Base{entity.name}):",
        f'    """The table: {relations}."""',
        "",
        "    class Meta:",
        f"        table = {quoted(entity.table)}",
        f"        table_description = {quoted(names.plural(entity.words).capitalize())}",
        ordering_line(entity, width),
    ]
    if rules := together_items(entity, width):
        lines.append(_option("unique_together", rules, width))
    if indexes := [*_indexes(entity, width)]:
        lines.append(_option("indexes", indexes, width))
    if entity.links:
        lines.append("")
    for link in entity.links:
        annotation, field, arguments = link_call(link)
        lines.append(call(f"{link.spec.name}: {annotation} = fields.{field}(", arguments, ")", 4, width))
        if link.spec.kind != "m2m":  # Tortoise adds it, and type checkers do not know
            key = link.target.key.type
            lines.append(f"    {link.column}: {f'{key} | None' if link.spec.null else key}")
    return "\n".join(lines)


def _option(name: str, items: list[str], width: int) -> str:
    """A tuple of ``Meta``: a single item on its line, or each item on a line of its own."""
    one = f"        {name} = ({items[0].strip()},)"
    if len(items) == 1 and "\n" not in items[0] and len(one) <= width:
        return one
    return "\n".join([f"        {name} = (", *(f"{item}," for item in items), "        )"])


def together_items(entity: Entity, width: int) -> list[str]:
    """Each rule in ``unique_together`` as Python source."""
    return [collection("(", [*map(quoted, rule)], ")", 12, width - 1) for rule in entity.together]


def _indexes(entity: Entity, width: int) -> Iterator[str]:
    """An index for each foreign key, and for each column that shall have one.

    A foreign key at the beginning of ``unique_together`` has the index of that rule.
    """
    columns = [field.name for field in entity.scalars if field.index]
    first = {rule[0] for rule in entity.together}
    keys = [link.column for link in entity.links if _is_indexed(link)]
    for column in [*columns, *(key for key in keys if key not in first)]:
        name = names.short_name(f"ix_{entity.table}_{column}")
        items = [f'fields=("{column}",)', f"name={quoted(name)}"]
        yield call("Index(", items, ")", 12, width - 1)


def _is_indexed(link: Link) -> bool:
    """Does it get an index of its own? A one-to-one field is unique, which makes one."""
    return link.spec.kind == "fk"


def ordering_line(entity: Entity, width: int) -> str:
    """The line of ``Meta`` with the order that was asked for, or that the fields suggest."""
    columns = [*map(quoted, entity.ordering or _ordering(entity))]
    return collection("ordering = (", columns, ",)" if len(columns) == 1 else ")", 8, width)


def _ordering(entity: Entity) -> list[str]:
    if entity.unique_field is not None:
        return [entity.unique_field.name]
    key = entity.base.key.name
    if entity.title_field is not None:
        return [entity.title_field.name, key]
    return ["created_at", key] if entity.base.has_created_at else [key]
