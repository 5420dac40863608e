"""The schemas of a model: what its API takes, and what it shows."""

from __future__ import annotations

from collections.abc import Iterable

from .entity import Entity
from .field_specs import Scalar
from .model_file import default_of
from .source_text import Imports, call
from .survey import Key

_BITS = {"smallint": 15, "int": 31, "bigint": 63}
_PLAIN = {"bool": "bool", "float": "float", "text": "str", "char": "str", "json": "Any"} | dict.fromkeys(
    _BITS, "int"
)
_IMPORTED = {
    "date": ("datetime", "date"),
    "datetime": ("datetime", "datetime"),
    "timedelta": ("datetime", "timedelta"),
    "uuid": ("uuid", "UUID"),
    "decimal": ("decimal", "Decimal"),
    "json": ("typing", "Any"),
}
_TEXT_LENGTH = "10_000"
_EMAIL_LENGTH = 254
"""What the type Email of a new project takes."""


def key_type(key: Key, imports: Imports) -> str:
    """The type of a primary key in annotations."""
    if key.type == "UUID":
        imports.add("uuid", "UUID")
    return key.type


def plain_type(entity: Entity, field: Scalar, imports: Imports) -> str:
    """The Python type of a column, without None."""
    if field.kind == "enum":
        imports.add(f"{entity.app}.models", entity.enum_of(field))
        return entity.enum_of(field)
    if field.kind in _IMPORTED:
        imports.add(*_IMPORTED[field.kind])
    return _PLAIN.get(field.kind) or _IMPORTED[field.kind][1]


def written_type(entity: Entity, field: Scalar, imports: Imports) -> str:
    """The Python type of a value that is stored, without None. Tortoise would read a text as JSON."""
    kind = plain_type(entity, field, imports)
    return f"dict[str, {kind}] | list[{kind}]" if field.kind == "json" else kind


class SchemaFile:
    """The file with ``<Entity>In`` and ``<Entity>Out``.

    ``shared`` is the module with the project's own bases and types, ``offered`` the names that it has. What
    it lacks is written with Pydantic alone.
    """

    def __init__(
        self, entity: Entity, shared: str, offered: frozenset[str], own: Iterable[str], width: int
    ) -> None:
        self.entity = entity
        self.shared, self.offered = shared, offered
        self.width = width
        self.imports = Imports(own)

    @property
    def classes(self) -> list[str]:
        """What the package re-exports."""
        return [f"{self.entity.name}In", f"{self.entity.name}Out"]

    def render(self) -> str:
        """The source of the file."""
        classes = [self._input(), self._output()]
        words = self.entity.files.replace("_", " ").capitalize()
        return (
            "\n\n\n".join([f'"""{words} over HTTP."""\n\n{self.imports.render(self.width)}', *classes]) + "\n"
        )

    def _input(self) -> str:
        lines = []
        for field in self.entity.scalars:
            if field.auto:
                continue
            default = " = None" if field.null and field.default is None else ""
            if field.default is not None:
                default = f" = {self._default(field)}"
            lines.append(self._line(field, default))
        for link in self.entity.to_one:
            none = " | None = None" if link.spec.null else ""
            lines.append(f"    {link.column}: {key_type(link.target.key, self.imports)}{none}")
        return self._class(
            f"{self.entity.name}In", "InSchema", 'extra="forbid", str_strip_whitespace=True', lines
        )

    def _output(self) -> str:
        key = self.entity.base.key
        lines = [f"    {key.name}: {key_type(key, self.imports)}"]
        for field in self.entity.scalars:
            kind = self._type(field)
            lines.append(f"    {field.name}: {kind}{self._or_none(field, kind)}")
        for link in self.entity.to_one:
            none = " | None" if link.spec.null else ""
            lines.append(f"    {link.column}: {key_type(link.target.key, self.imports)}{none}")
        return self._class(f"{self.entity.name}Out", "OutSchema", "from_attributes=True", lines)

    def _class(self, name: str, base: str, settings: str, lines: list[str]) -> str:
        if base in self.offered:
            head = [f"class {name}({self._from_shared(base)}):"]
            return "\n".join([*head, *(lines or ["    pass"])])
        self.imports.add("pydantic", "BaseModel", "ConfigDict")
        head = [f"class {name}(BaseModel):", f"    model_config = ConfigDict({settings})", ""]
        return "\n".join([*head, *lines]).rstrip("\n")

    def _line(self, field: Scalar, default: str) -> str:
        kind, limits = self._limited(field)
        none = self._or_none(field, kind)
        if not limits:
            return f"    {field.name}: {kind}{none}{default}"
        self.imports.add("typing", "Annotated")
        self.imports.add("pydantic", "Field")
        annotated = f"Annotated[{kind}, Field({', '.join(limits)})]"
        one = f"    {field.name}: {annotated}{none}{default}"
        if len(one) <= self.width:
            return one
        items = [kind, call("Field(", limits, ")", 0, self.width)]
        return call(f"{field.name}: Annotated[", items, f"]{none}{default}", 4, self.width)

    def _or_none(self, field: Scalar, kind: str) -> str:
        return " | None" if field.null and kind != "Any" else ""

    def _limited(self, field: Scalar) -> tuple[str, list[str]]:
        """The type of an input, and what it is limited to: a database would refuse more, or cut it off."""
        kind = self._type(field)
        if self._is_email(field):
            is_shorter = 0 < field.length < _EMAIL_LENGTH
            return self._from_shared("Email"), [f"max_length={field.length}"] if is_shorter else []
        if field.kind in ("char", "text"):
            text = self._from_shared("Text") if "Text" in self.offered else "str"
            nul = [] if text == "Text" else ['pattern=r"^[^\\x00]*$"']
            least = (
                [] if field.kind == "text" or field.null or field.default is not None else ["min_length=1"]
            )
            return text, [*nul, *least, f"max_length={field.length or _TEXT_LENGTH}"]
        if field.kind in _BITS:
            return kind, [f"ge=-(2**{_BITS[field.kind]})", f"lt=2**{_BITS[field.kind]}"]
        if field.kind == "decimal":
            return kind, [f"max_digits={field.digits}", f"decimal_places={field.places}"]
        if field.kind == "float":
            return kind, ["allow_inf_nan=False"]
        if field.kind == "json":
            if "StoredJson" in self.offered:
                return self._from_shared("StoredJson"), []
            return written_type(self.entity, field, self.imports), []
        if field.kind == "timedelta":
            return kind, ["ge=timedelta(days=-100_000_000)", "le=timedelta(days=100_000_000)"]
        if field.kind == "date" and "Day" in self.offered:
            return self._from_shared("Day"), []
        if field.kind == "datetime":
            if "UtcTime" in self.offered:
                return self._from_shared("UtcTime"), []
            self.imports.add("pydantic", "AwareDatetime")
            return "AwareDatetime", []
        return kind, []

    def _is_email(self, field: Scalar) -> bool:
        """Does it hold an address, and has the project a type for that?"""
        is_named = field.name == "email" or field.name.endswith("_email")
        return is_named and field.kind in ("char", "text") and "Email" in self.offered

    def _type(self, field: Scalar) -> str:
        if field.kind == "decimal" and field.places == 2 and "Money" in self.offered:
            return self._from_shared("Money")
        return plain_type(self.entity, field, self.imports)

    def _from_shared(self, name: str) -> str:
        self.imports.add(self.shared, name)
        return name

    def _default(self, field: Scalar) -> str:
        if field.kind == "json":
            self.imports.add("pydantic", "Field")
            return f"Field(default_factory={field.default})"
        if field.kind == "uuid":
            self.imports.add("pydantic", "Field")
            self.imports.add("uuid", "uuid4")
            return "Field(default_factory=uuid4)"
        if field.kind == "decimal":
            self.imports.add("decimal", "Decimal")
        return default_of(self.entity, field)
