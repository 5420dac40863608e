"""Values for the columns of a model, as Python source: what its tests give to a row."""

from __future__ import annotations

import ast

from ..analysis.modules import Class
from ..analysis.syntax import argument
from .entity import Entity
from .field_specs import Scalar, member_name
from .model_file import default_of
from .python_edits import quoted
from .source_text import Imports
from .survey import Survey

COUNTER = "COUNTER"
"""The name of what counts in a file of tests, for columns that take no value twice."""
_DIGITS = 4
"""Of the numbers that make texts differ: no file of tests makes more rows."""


class UnknownRowError(Exception):
    """The text does not tell which values a row of another model needs."""


class Values:
    """The values of columns, and the imports that they need."""

    def __init__(self, entity: Entity, survey: Survey, imports: Imports) -> None:
        self.entity = entity
        self.survey = survey
        self.imports = imports
        self.counts = False
        """Does a value take numbers from the counter?"""

    def default(self, field: Scalar) -> str:
        """The value that a new object has without being given one."""
        if field.default is None:
            return "None"
        if field.kind == "uuid":
            return f"{self.entity.variable}.{field.name}"
        value = default_of(self.entity, field)
        if field.kind == "enum":
            self.imports.add(f"{self.entity.app}.models", self.entity.enum_of(field))
        if field.kind == "decimal":
            self.imports.add("decimal", "Decimal")
        return f"{value}()" if field.kind == "json" else value

    def of_other(self, owner: Class, field: ast.Call, kind: str, *, unique: bool) -> str:
        """A value for a field of another model."""
        if kind == "CharField":
            length = argument(field, "max_length", 0)
            if not isinstance(length, ast.Constant) or not isinstance(length.value, int):
                raise UnknownRowError
            fresh = self.fresh(Scalar("xxx", "char", length=length.value, unique=unique))
            return fresh or quoted("x" * min(length.value, 3))
        if kind == "CharEnumField":
            enum = argument(field, "enum_type", 0)
            if not isinstance(enum, ast.Name):
                raise UnknownRowError
            return self._member(owner, enum.id)
        by_kind = {
            "TextField": '"x"',
            "IntField": "1",
            "BigIntField": "1",
            "SmallIntField": "1",
            "FloatField": "1.0",
            "BooleanField": "False",
            "JSONField": "{}",
        }
        typed = {
            "IntField": "int",
            "BigIntField": "bigint",
            "SmallIntField": "smallint",
            "FloatField": "float",
            "DecimalField": "decimal",
            "DateField": "date",
            "DatetimeField": "datetime",
            "TimeDeltaField": "timedelta",
            "UUIDField": "uuid",
        }
        fresh = self.fresh(Scalar("value", typed.get(kind, ""), digits=_digits(field), unique=unique))
        if fresh is not None:
            return fresh
        if kind in by_kind:
            return by_kind[kind]
        if kind not in typed:
            raise UnknownRowError
        return self.sample(Scalar("value", typed[kind]))

    def _member(self, owner: Class, name: str) -> str:
        """The first member of an enum that the module of a model names."""
        defined = [one for one in owner.module.exported(name) if isinstance(one, Class)]
        module = self.survey.public_module(defined[0]) if defined else self.survey.dotted_of(owner)
        self.imports.add(module, name)
        for statement in defined[0].node.body if defined else ():
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                member = statement.targets[0].id
                if not member.startswith("_"):
                    return f"{name}.{member}"
        return f"next(iter({name}))"  # an enum of another package, or one that is made by a call

    def fresh(self, field: Scalar) -> str | None:
        """For a unique column, an expression with another value each time; None where there is none."""
        if not field.unique:
            return None
        number = f"next({COUNTER})"
        match field.kind:
            case "char":
                name = field.name[: max(field.length - _DIGITS, 0)]
                fresh = f'f"{name}{{{number}}}"'
            case "int" | "bigint" | "smallint":
                fresh = number
            case "float":
                fresh = f"float({number})"
            case "decimal" if field.digits >= field.places + _DIGITS:
                self.imports.add("decimal", "Decimal")
                fresh = f"Decimal({number})"
            case "date" | "datetime":
                self.imports.add("datetime", "timedelta")
                fresh = f"{self.sample(field)} + timedelta(days={number})"
            case "timedelta":
                self.imports.add("datetime", "timedelta")
                fresh = f"timedelta(hours={number})"
            case "uuid":
                self.imports.add("uuid", "uuid4")
                return "uuid4()"
            case _:
                return None
        self.counts = True
        return fresh

    def type_of(self, field: Scalar) -> str:
        """The type of a column's values."""
        module = {"decimal": "decimal", "date": "datetime", "datetime": "datetime", "timedelta": "datetime"}
        name = {"decimal": "Decimal", "uuid": "UUID", "char": "str", "bigint": "int", "smallint": "int"}
        found = name.get(field.kind, field.kind)
        if field.kind == "uuid" or field.kind in module:
            self.imports.add(module.get(field.kind, "uuid"), found)
        return found

    def sample(self, field: Scalar) -> str:
        """A value that a column takes, as Python source."""
        match field.kind:
            case "char":
                return quoted(field.name[: field.length])
            case "text":
                return quoted(field.name)
            case "enum":
                self.imports.add(f"{self.entity.app}.models", self.entity.enum_of(field))
                return f"{self.entity.enum_of(field)}.{member_name(field.choices[0])}"
            case "decimal":
                self.imports.add("decimal", "Decimal")
                one = "1" if field.digits > field.places or not field.digits else "0"
                return f"Decimal({one})"
            case "date":
                self.imports.add("datetime", "date")
                return "date(2026, 2, 1)"
            case "datetime":
                self.imports.add("datetime", "UTC", "datetime")
                return "datetime(2026, 2, 1, tzinfo=UTC)"
            case "timedelta":
                self.imports.add("datetime", "timedelta")
                return "timedelta(hours=1)"
            case "uuid":
                self.imports.add("uuid", "UUID")
                return "UUID(int=1)"
        return {"bool": "False", "float": "1.5", "json": "{}"}.get(field.kind, "1")


def _digits(field: ast.Call) -> int:
    """How many digits a DecimalField has before the point, if the text tells."""
    digits, places = argument(field, "max_digits", 0), argument(field, "decimal_places", 1)
    told = [one.value for one in (digits, places) if isinstance(one, ast.Constant)]
    numbers = [one for one in told if isinstance(one, int)]
    return numbers[0] - numbers[1] if len(numbers) == 2 else 0
