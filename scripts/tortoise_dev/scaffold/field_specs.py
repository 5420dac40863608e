"""The fields of a new model as a user types them: ``number:char:32:unique``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .names import BadNameError, attribute_name

SCALARS = {
    "char": ("char:LENGTH", "text of at most LENGTH characters"),
    "text": ("text", "text of any length"),
    "int": ("int", "whole number, 32 bits"),
    "bigint": ("bigint", "whole number, 64 bits"),
    "smallint": ("smallint", "whole number, 16 bits"),
    "float": ("float", "floating-point number, never for money"),
    "decimal": ("decimal:DIGITS:PLACES", "exact number with DIGITS digits, PLACES of them behind the point"),
    "bool": ("bool", "true or false; new rows get false, unless default= or null is given"),
    "date": ("date", "day"),
    "datetime": ("datetime", "moment, stored in UTC"),
    "timedelta": ("timedelta", "duration, or a time of day as the time since midnight"),
    "uuid": ("uuid", "UUID"),
    "json": ("json", "JSON"),
    "enum": ("enum:A,B,…", "one of these texts: a StrEnum that is written beside the model"),
}
RELATIONS = {
    "fk": ("fk:APP.MODEL[:ON_DELETE]", "foreign key, with an index of its own"),
    "o2o": ("o2o:APP.MODEL[:ON_DELETE]", "one to one"),
    "m2m": ("m2m:APP.MODEL", "many to many"),
}
_BITS = {"smallint": 16, "int": 32, "bigint": 64}
ON_DELETE = ("restrict", "cascade", "set_null", "no_action")
HELP = "\n".join(
    [
        "FIELD is NAME:TYPE, then options, joined by colons:",
        *(f"  {usage:<26} {does}" for usage, does in (*SCALARS.values(), *RELATIONS.values())),
        "",
        "options of a column:",
        "  null                       may be empty; without it a value is required",
        "  unique                     no two rows have this value; for a pair, see --unique-together",
        "  index                      an index for searches by this column",
        "  default=VALUE              for new rows, set in Python; dict or list for json, uuid4 for uuid",
        "  auto_now_add               of a datetime: the moment when the row is made",
        "  auto_now                   of a datetime: the moment when the row was last saved",
        "",
        "options of a relation:",
        f"  ON_DELETE                  {', '.join(ON_DELETE)}",
        "                             default: restrict, which keeps the other row while this row exists",
        "  related_name=NAME          its name on the other model; default: the new model in the plural",
        "  null                       may be empty; set_null needs it",
        "",
        "APP is the folder of a sub-application. If there is none, it is an app label of TORTOISE_ORM.",
        "APP may be left out if the other model is in the same sub-application: fk:Customer.",
    ]
)


class FieldError(ValueError):
    """A field that cannot be written; the message is one line and says what was expected."""


@dataclass(frozen=True)
class Scalar:
    """A column that is no relation."""

    name: str
    kind: str
    length: int = 0
    digits: int = 0
    places: int = 0
    choices: tuple[str, ...] = ()
    null: bool = False
    unique: bool = False
    index: bool = False
    default: str | None = None
    auto: str | None = None

    @property
    def is_required(self) -> bool:
        """Must a new row be given a value?"""
        return not (self.null or self.auto or self.default is not None)


@dataclass(frozen=True)
class Relation:
    """A relation to another model, which ``target`` names as the user typed it."""

    name: str
    kind: str
    target: str
    on_delete: str = "restrict"
    related_name: str | None = None
    null: bool = False


FieldSpec = Scalar | Relation


def parse_fields(texts: Sequence[str]) -> list[FieldSpec]:
    """The fields that the arguments name. Raises FieldError."""
    fields: list[FieldSpec] = []
    taken: set[str] = set()
    for text in texts:
        field = _parse(text)
        names = {field.name, *([f"{field.name}_id"] if isinstance(field, Relation) else [])}
        if not taken.isdisjoint(names):
            raise FieldError(f"{text}: two fields have the name {sorted(taken & names)[0]}")
        taken |= names
        fields.append(field)
    return fields


def parse_columns(option: str, text: str, least: int) -> list[str]:
    """The names that an option of the command lists, at least so many. Raises FieldError."""
    names = text.split(",")
    if len(names) < least or len({name.removeprefix("-") for name in names}) < len(names):
        raise FieldError(f"{option}={text}: expected {least} or more different columns, joined by commas")
    return names


def _parse(text: str) -> FieldSpec:
    name, *parts = text.split(":")
    try:
        attribute_name(name)
    except BadNameError as error:
        raise FieldError(str(error)) from None
    if not parts:
        raise FieldError(f"{text}: the type is missing, as in {name}:char:32")
    kind, *rest = parts
    if kind in RELATIONS:
        return _relation(text, name, kind, rest)
    if kind in SCALARS:
        return _scalar(text, name, kind, rest)
    raise FieldError(f"{text}: there is no type {kind}; here are {', '.join([*SCALARS, *RELATIONS])}")


def _scalar(text: str, name: str, kind: str, rest: list[str]) -> Scalar:
    length = digits = places = 0
    choices: tuple[str, ...] = ()
    if kind == "char":
        length = _number(text, kind, rest, 1)
    elif kind == "decimal":
        digits, places = _number(text, kind, rest, 1), _number(text, kind, rest, 0)
        if places > digits:
            raise FieldError(f"{text}: of {digits} digits {places} cannot be behind the point")
    elif kind == "enum":
        choices = _choices(text, rest)
    options = _options(text, rest, {"null", "unique", "index", "auto_now", "auto_now_add"}, {"default"})
    auto = next((one for one in ("auto_now", "auto_now_add") if one in options), None)
    if auto and kind != "datetime":
        raise FieldError(f"{text}: {auto} is for datetime")
    if kind in ("text", "json") and not options.keys().isdisjoint({"unique", "index"}):
        raise FieldError(f"{text}: not every database can index a {kind} column: take char")
    default = options.get("default")
    if kind == "bool" and default is not None:
        default = default.lower()  # Python's spelling is welcome, too
    elif kind == "bool" and "null" not in options:
        default = "false"
    field = Scalar(
        name,
        kind,
        length,
        digits,
        places,
        choices,
        null="null" in options,
        unique="unique" in options,
        index="index" in options and "unique" not in options,
        default=default,
        auto=auto,
    )
    if default is not None:
        _check_default(text, field, default)
    return field


def _relation(text: str, name: str, kind: str, rest: list[str]) -> Relation:
    target = rest.pop(0) if rest else ""
    if not re.fullmatch(r"(\w+\.)*[A-Z]\w*", target):
        raise FieldError(f"{text}: expected {RELATIONS[kind][0]}, as in {name}:{kind}:users.Customer")
    known = {"null", *ON_DELETE} if kind != "m2m" else set()
    options = _options(text, rest, known, {"related_name"})
    chosen = [one for one in ON_DELETE if one in options]
    if len(chosen) > 1:
        raise FieldError(f"{text}: {' and '.join(chosen)} exclude each other")
    on_delete, null = (chosen or ["restrict"])[0], "null" in options
    if on_delete == "set_null" and not null:
        raise FieldError(f"{text}: set_null needs null")
    related_name = options.get("related_name")
    if related_name is not None:
        try:
            attribute_name(related_name)
        except BadNameError as error:
            raise FieldError(f"{text}: {error}") from None
    return Relation(name, kind, target, on_delete, related_name, null)


def _number(text: str, kind: str, rest: list[str], least: int) -> int:
    value = rest.pop(0) if rest else ""
    if not re.fullmatch(r"\d{1,6}", value, re.ASCII) or int(value) < least:
        raise FieldError(f"{text}: expected {SCALARS[kind][0]} with whole numbers, {least} or more")
    return int(value)


def _choices(text: str, rest: list[str]) -> tuple[str, ...]:
    choices = tuple(rest.pop(0).split(",")) if rest else ()
    members = [member_name(choice) for choice in choices]
    if not choices or not all(re.fullmatch(r"[A-Z][A-Z0-9_]*", member) for member in members):
        raise FieldError(f"{text}: expected enum:A,B,… with texts that begin with a letter, as in draft,sent")
    if len(set(members)) < len(members):
        raise FieldError(f"{text}: two texts have the same name in the enum")
    return choices


def member_name(choice: str) -> str:
    """The name of a text in its enum: ``in-progress`` becomes ``IN_PROGRESS``."""
    return re.sub(r"[ -]", "_", choice).upper()


def _options(text: str, rest: list[str], flags: set[str], valued: set[str]) -> dict[str, str]:
    """The options behind a type, each once."""
    found: dict[str, str] = {}
    for part in rest:
        name, equals, value = part.partition("=")
        if not (name in valued if equals else name in flags):
            known = ", ".join([*sorted(flags), *(f"{one}=…" for one in sorted(valued))])
            raise FieldError(f"{text}: there is no option {part}; here are {known}")
        found[name] = value
    return found


def _check_default(text: str, field: Scalar, value: str) -> None:
    expected = {
        **{kind: f"a whole number of {bits} bits" for kind, bits in _BITS.items()},
        "float": "a number",
        "decimal": f"a number of {field.digits} digits, {field.places} of them behind the point",
        "bool": "true or false",
        "json": "dict or list",
        "uuid": "uuid4",
        "enum": f"one of {', '.join(field.choices)}",
        "char": f"at most {field.length} characters",
        "text": "a text",
    }.get(field.kind)
    if expected is None:
        raise FieldError(f"{text}: a {field.kind} has no default here: write it into the file")
    if not _fits(field, value):
        raise FieldError(f"{text}: expected {expected} as default")


def _fits(field: Scalar, value: str) -> bool:
    match field.kind:
        case "int" | "bigint" | "smallint":
            half = 2 ** (_BITS[field.kind] - 1)
            return re.fullmatch(r"-?\d{1,20}", value, re.ASCII) is not None and -half <= int(value) < half
        case "float":
            return re.fullmatch(r"-?\d+(\.\d+)?", value, re.ASCII) is not None
        case "decimal":
            whole, places = field.digits - field.places, field.places
            number = rf"-?0*\d{{0,{whole}}}(\.\d{{0,{places}}})?(?<=\d)"
            return re.fullmatch(number, value, re.ASCII) is not None
        case "bool":
            return value in ("true", "false")
        case "json":
            return value in ("dict", "list")
        case "uuid":
            return value == "uuid4"
        case "enum":
            return value in field.choices
        case "char":
            return len(value) <= field.length
    return True
