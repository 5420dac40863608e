"""The tests of a model: its logic on a fake, its table on a database."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ..analysis.file_names import snake_case
from ..analysis.modules import Class
from ..analysis.syntax import argument, called, is_true, keyword
from . import names
from .entity import Entity, Link
from .field_specs import Scalar
from .python_edits import quoted
from .sample_values import COUNTER, UnknownRowError, Values
from .source_text import Imports, call, collection
from .survey import Survey

_OWN_FIXTURE = "database"
_LONGEST_NAME = 40
_DEPTH = 4
"""Rows that a row may need, one behind the other."""


class ModelTests:
    """The file of tests. It makes the rows that a row needs, where the text tells how."""

    def __init__(self, entity: Entity, survey: Survey, label: str, own: Iterable[str], width: int) -> None:
        self.entity = entity
        self.label = label
        self.survey = survey
        self.width = width
        self.imports = Imports(own)
        self.helpers: dict[str, str] = {}
        """The functions that make rows of other models, by the model's name."""
        self.shared: dict[str, str] = {}
        """The models that the tested row refers to, each with the variable of its row."""
        self.takes: dict[str, dict[str, str]] = {}
        """The shared models that a row of another model refers to, as parameters of its function."""
        self.values = Values(entity, survey, self.imports)
        self.fixture = survey.fixture()
        self.phrase = "it" if entity.is_long else names.with_article(entity.words)

    def render(self) -> str:
        """The source of the file."""
        self.imports.add(f"{self.entity.app}.models", f"Base{self.entity.name}", self.entity.name)
        parts = [self._fake(), *self._unit_tests()]
        try:
            stored = self._stored_tests()
            parts += [*self.helpers.values(), *stored]
        except UnknownRowError:
            parts.append(self._table_test())
        if self.fixture is None:
            parts.insert(0, self._own_fixture())
        if self.values.counts:
            self.imports.add("itertools")
        docstring = '"""Logic without a database, and the table on one."""'
        if not self.entity.is_long:
            docstring = f'"""{self.phrase.capitalize()}: its logic without a database, its table on one."""'
        if not self.survey.tests_are_async:
            self.imports.add("pytest")
        head = f"{docstring}\n\n{self.imports.render(self.width)}"
        if self.values.counts:
            head += f"\n\n{COUNTER} = itertools.count(1)  # for columns that take no value twice"
        for name in (self.entity.name, *self.helpers):
            if name.startswith("Test"):
                head += f"\n\n{name}.__test__ = False  # type: ignore[attr-defined]  # it holds no tests"
        parts = [self._with_database(part) for part in parts]
        return "\n\n\n".join([head, *parts]) + "\n"

    # --- without a database

    def _fake(self) -> str:
        return f'''class Fake{self.entity.name}(Base{self.entity.name}):
    """A fake {self.entity.name}. It is abstract, so it never gets a table."""

    class Meta:
        abstract = True'''

    def _unit_tests(self) -> list[str]:
        required = [field for field in self.entity.scalars if field.is_required]
        given = [f"{field.name}={self.values.sample(field)}" for field in required]
        fake = f"Fake{self.entity.name}"
        title = self.entity.title_field
        name = f"test_{snake_case(self.phrase.replace(' ', '_'))}"
        if title is not None:
            shown = self.values.sample(title) if title.is_required else self.values.default(title)
            made = call(f"{self.entity.variable} = {fake}(", given, ")", 4, self.width)
            body = f"{made}\n    assert str({self.entity.variable}) == {shown}"
            return [f"def {name}_is_shown_by_its_{title.name}() -> None:\n{body}"]
        made = call(f"{self.entity.variable} = {fake}(", given, ")", 4, self.width)
        if self.entity.scalars:
            first = self.entity.scalars[0]
            value = self.values.sample(first) if first.is_required else self.values.default(first)
            compared = "is" if value in ("None", "True", "False") else "=="
            checked = f"{self.entity.variable}.{first.name} {compared} {value}"
        else:
            checked = f"isinstance({self.entity.variable}, Base{self.entity.name})"
        shown = f'str({self.entity.variable}) == f"{self.entity.words} {{{self.entity.variable}.pk}}"'
        return [f"def {name}_needs_no_database() -> None:\n{made}\n    assert {checked}\n    assert {shown}"]

    # --- on a database

    def _stored_tests(self) -> list[str]:
        needed = [link for link in self.entity.to_one if not link.spec.null]
        if any(link.target.cls is None for link in needed):
            raise UnknownRowError
        for link in needed:
            self.shared.setdefault(link.target.name, names.variable(link.spec.name))
        made = {link.spec.name: self._maker(link.target.cls, _DEPTH) for link in needed}
        tests = [self._make(needed), self._kept_test(needed, made)]
        unique = self.entity.unique_field
        if unique is not None and unique.is_required:
            tests.append(self._taken_test(unique, needed, made))
        tests += [
            self._together_test(number, rule, needed, made)
            for number, rule in enumerate(self.entity.together, start=1)
            if self._is_same(rule, needed)
        ]
        for link in needed:
            if link.spec.on_delete == "restrict":
                tests.append(self._restricted_test(link, needed, made))
        return tests

    def _make(self, needed: list[Link]) -> str:
        required = [field for field in self.entity.scalars if field.is_required]
        parameters = [f"{names.variable(link.spec.name)}: {link.target.name}" for link in needed]
        for link in needed:
            self.imports.add(link.target.imported_from, link.target.name)
        given = [f"{field.name}={self._value_of(field)}" for field in required]
        given += [f"{link.spec.name}={names.variable(link.spec.name)}" for link in needed]
        taken = self._taken_field
        if taken is not None:
            parameters.append(f"{taken.name}: {self.values.type_of(taken)} | None = None")
        head = f"async def make_{self.entity.snake}("
        line = call(head, parameters, f") -> {self.entity.name}:", 0, self.width)
        return f"{line}\n{call(f'return await {self.entity.name}.create(', given, ')', 4, self.width)}"

    @property
    def _taken_field(self) -> Scalar | None:
        """The unique column that a test gives the value of another row."""
        unique = self.entity.unique_field
        return unique if unique is not None and unique.is_required and self.values.fresh(unique) else None

    def _value_of(self, field: Scalar) -> str:
        """What the function that makes a row gives to a column."""
        fresh = self.values.fresh(field)
        if fresh is None:
            return self.values.sample(field)
        return f"{field.name} or {fresh}" if field == self._taken_field else fresh

    def _parents(self, needed: list[Link], made: dict[str, str]) -> tuple[list[str], str]:
        """The lines that make what a row needs, and the call that makes the row."""
        lines = []
        for link in sorted(needed, key=lambda one: self._height(one.target.name)):
            taken = self.takes[link.target.name]
            given = ", ".join(f"{name}={self.shared[model]}" for name, model in taken.items())
            lines.append(f"    {names.variable(link.spec.name)} = await {made[link.spec.name]}({given})")
        arguments = ", ".join(names.variable(link.spec.name) for link in needed)
        return lines, f"make_{self.entity.snake}({arguments})"

    def _height(self, model: str) -> int:
        """How many shared rows come before a row of this model."""
        return max((1 + self._height(one) for one in self.takes[model].values()), default=0)

    def _kept_test(self, needed: list[Link], made: dict[str, str]) -> str:
        lines, make = self._parents(needed, made)
        row = self.entity.variable
        compared = [field for field in self.entity.scalars if field.is_required]
        values = [
            f"{row}.{one.name}" if self.values.fresh(one) else self.values.sample(one) for one in compared
        ]
        checks = [
            f"    assert stored.{field.name} == {value}"
            for field, value in zip(compared, values, strict=True)
        ]
        checks += [
            f"    assert (await stored.{link.spec.name}).pk == {names.variable(link.spec.name)}.pk"
            for link in needed
        ]
        return "\n".join(
            [
                f"async def test_{self._snake_phrase}_is_stored() -> None:",
                *lines,
                f"    {row} = await {make}",
                f"    stored = await {self.entity.name}.get(pk={row}.pk)",
                *(checks or [f"    assert stored.pk == {row}.pk"]),
            ]
        )

    def _taken_test(self, unique: Scalar, needed: list[Link], made: dict[str, str]) -> str:
        self._expect_refusal()
        lines, make = self._parents(needed, made)
        what = names.with_article(unique.name).replace(" ", "_")
        first, again = "_", make
        if self.values.fresh(unique):
            first = self.entity.variable
            given = ", ".join([*(names.variable(link.spec.name) for link in needed), ""])
            again = f"make_{self.entity.snake}({given}{unique.name}={first}.{unique.name})"
        return "\n".join(
            [
                f"async def test_{what}_is_taken_once() -> None:",
                *lines,
                f"    {first} = await {make}",
                "    with pytest.raises(IntegrityError):",
                f"        _ = await {again}",
            ]
        )

    def _is_same(self, rule: Iterable[str], needed: list[Link]) -> bool:
        """Do two rows of the function that makes rows have the same values in these columns?"""
        fixed = {one.name for one in self.entity.scalars if one.is_required and not self.values.fresh(one)}
        return {*rule} <= fixed | {link.column for link in needed}

    def _together_test(
        self, number: int, rule: Iterable[str], needed: list[Link], made: dict[str, str]
    ) -> str:
        self._expect_refusal()
        lines, make = self._parents(needed, made)
        what = "_and_".join(names.with_article(one.removesuffix("_id")).replace(" ", "_") for one in rule)
        what = what if len(what) <= _LONGEST_NAME else f"the_values_of_rule_{number}"
        return "\n".join(
            [
                f"async def test_{what}_are_taken_once() -> None:",
                *lines,
                f"    _ = await {make}",
                "    with pytest.raises(IntegrityError):",
                f"        _ = await {make}",
            ]
        )

    def _restricted_test(self, link: Link, needed: list[Link], made: dict[str, str]) -> str:
        self._expect_refusal()
        lines, make = self._parents(needed, made)
        who = names.with_article(link.spec.name).replace(" ", "_")
        return "\n".join(
            [
                f"async def test_{who}_with_{self.entity.files}_stays() -> None:",
                *lines,
                f"    _ = await {make}",
                "    with pytest.raises(IntegrityError):",
                f"        await {names.variable(link.spec.name)}.delete()",
            ]
        )

    def _table_test(self) -> str:
        """For a model whose rows need others that the text does not explain."""
        count = f"    assert await {self.entity.name}.all().count() == 0"
        return f"async def test_the_table_is_there() -> None:\n{count}"

    @property
    def _snake_phrase(self) -> str:
        return self.phrase.replace(" ", "_")

    def _expect_refusal(self) -> None:
        self.imports.add("pytest")
        self.imports.add("tortoise.exceptions", "IntegrityError")

    def _with_database(self, part: str) -> str:
        """A test that awaits: with the project's fixture, or with a database of its own."""
        if not part.startswith("async def test_"):
            return part
        mark = "" if self.survey.tests_are_async else "@pytest.mark.asyncio\n"
        fixture = self.fixture or _OWN_FIXTURE
        head, _, body = part.partition(") -> None:")
        return mark + call(head, [f"{fixture}: None"], ") -> None:", 0, self.width) + body

    def _own_fixture(self) -> str:
        """A database for the tests of this file, where the project has no fixture for it."""
        self.imports.add("collections.abc", "AsyncIterator")
        self.imports.add("pytest_asyncio")
        self.imports.add("tortoise.context", "TortoiseContext")
        modules: dict[str, list[str]] = {}
        for label in self.survey.config.labels if self.survey.config else ():
            modules[label.name] = [one for one in label.modules if one != "aerich.models"]
        here = f"{self.entity.app}.models"
        if not any(here in named for named in modules.values()):
            modules.setdefault(self.label, []).append(here)
        items = [
            collection(f"{quoted(label)}: [", [quoted(one) for one in named], "]", 0, self.width - 8)
            for label, named in modules.items()
            if named
        ]
        self.imports.add("typing", "Any")
        text = collection("modules: dict[str, Any] = {", items, "}", 4, self.width)
        return f'''@pytest_asyncio.fixture
async def {_OWN_FIXTURE}() -> AsyncIterator[None]:
    """A database of the test's own, in memory."""
{text}
    async with TortoiseContext() as context:
        await context.init(db_url="sqlite://:memory:", modules=modules)
        await context.generate_schemas()
        yield'''

    # --- rows of other models

    def _maker(self, cls: Class | None, depth: int) -> str:
        """The function that makes a row of another model; it is written where it was not yet."""
        if cls is None or depth == 0:
            raise UnknownRowError
        function = f"make_{snake_case(cls.name)}"
        if cls.name not in self.helpers:
            given, parameters = [], []
            taken = self.takes.setdefault(cls.name, {})
            for owner, name, field in self.survey.fields_of(cls):
                if _is_optional(field):
                    continue
                value = self._value(owner, field, depth)
                if value is None:
                    continue
                target = self._target(field)
                if target is not None and target.name in self.shared:
                    taken[name] = target.name
                    parameters.append(f"{name}: {target.name} | None = None")
                    value = f"{name} or {value}"
                given.append(f"{name}={value}")
            self.imports.add(self.survey.public_module(cls), cls.name)
            head = call(f"async def {function}(", parameters, f") -> {cls.name}:", 0, self.width)
            create = call(f"return await {cls.name}.create(", given, ")", 4, self.width)
            self.helpers[cls.name] = f"{head}\n{create}"
        return function

    def _target(self, field: ast.Call) -> Class | None:
        """The model that a foreign key refers to, if one model has this name."""
        if called(field) not in ("ForeignKeyField", "OneToOneField"):
            return None
        target = argument(field, "to", 0)
        text = target.value if isinstance(target, ast.Constant) else None
        found = self.survey.project.models_named(str(text).rpartition(".")[2])
        concrete = [cls for cls in found if cls in self.survey.concrete]
        return concrete[0] if len(concrete) == 1 else None

    def _value(self, owner: Class, field: ast.Call, depth: int) -> str | None:
        """A value for a required field of another model; None for a key that is generated."""
        kind = called(field)
        if any(is_true(keyword(field, option)) for option in ("primary_key", "pk")) and kind != "CharField":
            return None
        unique = any(is_true(keyword(field, option)) for option in ("unique", "primary_key", "pk"))
        if kind in ("ForeignKeyField", "OneToOneField"):
            target = self._target(field)
            if target is None:
                raise UnknownRowError
            return f"await {self._maker(target, depth - 1)}()"
        if kind in ("ManyToManyField", "ReverseRelation"):
            return None
        if keyword(field, "validators") is not None:
            raise UnknownRowError
        return self.values.of_other(owner, field, kind, unique=unique)


def _is_optional(field: ast.Call) -> bool:
    """May a row be made without a value for this field?"""
    if any(is_true(keyword(field, option)) for option in ("null", "generated", "auto_now", "auto_now_add")):
        return True
    return any(keyword(field, option) is not None for option in ("default", "db_default"))
