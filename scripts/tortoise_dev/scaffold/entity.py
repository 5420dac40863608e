"""A model that is to be written: its fields with what the project says about their targets."""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis.file_names import file_stems, snake_case
from ..analysis.modules import Class
from . import names
from .field_specs import FieldSpec, Relation, Scalar
from .survey import Key

_LONG = 16
_TITLES = ("name", "title", "full_name", "display_name", "number", "code", "slug", "email", "label")


@dataclass(frozen=True)
class Target:
    """The model at the other end of a relation. ``cls`` is None where it is the new model itself."""

    name: str
    reference: str
    """What the field names: ``models.Customer``."""
    cls: Class | None
    key: Key
    defined_in: str
    imported_from: str


@dataclass(frozen=True)
class Link:
    """A relation with its target and its way back."""

    spec: Relation
    target: Target
    related_name: str

    @property
    def column(self) -> str:
        """The attribute that holds the key."""
        return f"{self.spec.name}_id"


@dataclass(frozen=True)
class Base:
    """What the abstract base extends, and where that is imported from."""

    name: str
    module: str
    key: Key
    has_created_at: bool


@dataclass(frozen=True)
class Entity:
    """A new model of a sub-application."""

    app: str
    """The dotted name of the sub-application."""
    name: str
    fields: tuple[FieldSpec, ...]
    links: tuple[Link, ...]
    base: Base
    ordering: tuple[str, ...] = ()
    """The columns that were asked for, each with ``-`` before it if the order is descending."""
    together: tuple[tuple[str, ...], ...] = ()
    """The columns of each rule in ``unique_together``."""

    @property
    def file(self) -> str:
        """The name of its module."""
        return next(file_stems(self.name))

    @property
    def files(self) -> str:
        """The name of the modules of its service and its router."""
        return names.plural(self.snake)

    @property
    def snake(self) -> str:
        """It in the names of tables and functions."""
        return snake_case(self.name)

    @property
    def table(self) -> str:
        """Its table. On PostgreSQL, `SELECT * FROM user` reads no table, but the name of the role."""
        return "app_user" if self.snake == "user" else self.snake

    @property
    def words(self) -> str:
        """It in a sentence."""
        return names.words(self.name)

    @property
    def is_long(self) -> bool:
        """Is its name too long for lines that hold it three times?"""
        return len(self.snake) > _LONG

    @property
    def variable(self) -> str:
        """A row of it in code."""
        return self.free("row" if self.is_long else names.variable(self.snake))

    @property
    def key_parameter(self) -> str:
        """The key of a row in code."""
        return self.free("row_id" if self.is_long else f"{self.snake}_id")

    def free(self, name: str) -> str:
        """A name for a variable beside those of its fields: ``order_id`` becomes ``order_id_``."""
        taken = {field.name for field in self.fields} | {link.column for link in self.to_one}
        while name in taken:
            name += "_"
        return name

    @property
    def scalars(self) -> list[Scalar]:
        """Its columns that are no relations."""
        return [field for field in self.fields if isinstance(field, Scalar)]

    @property
    def to_one(self) -> list[Link]:
        """Its foreign keys, one-to-one fields among them."""
        return [link for link in self.links if link.spec.kind != "m2m"]

    @property
    def enums(self) -> dict[str, Scalar]:
        """Its enums by the names of their classes."""
        return {self.enum_of(field): field for field in self.scalars if field.kind == "enum"}

    def enum_of(self, field: Scalar) -> str:
        """The class of an enum field."""
        return f"{self.name}{names.camel(field.name)}"

    @property
    def title_field(self) -> Scalar | None:
        """The text that shows which row it is, if a name says so or no two rows share it.

        Another text does not: the `action` or `table_name` of a log entry is that of many rows.
        """
        texts = [field for field in self.scalars if field.kind == "char" and not field.null]
        named = [field for word in _TITLES for field in texts if field.name == word]
        return next(iter([*named, *(field for field in texts if field.unique)]), None)

    @property
    def unique_field(self) -> Scalar | None:
        """The first column that takes no value twice."""
        return next((field for field in self.scalars if field.unique and not field.null), None)

    @property
    def classes(self) -> list[str]:
        """What its module gives to the package."""
        return [f"Base{self.name}", self.name, *self.enums]
