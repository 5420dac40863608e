"""``scaffold model``: a model with all that belongs to it, in the habits of the project that it comes to."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..about import command
from ..analysis.file_names import file_stems, snake_case
from ..analysis.modules import Class
from . import names
from .app_plan import ALL_PARTS, add_app, edit_application
from .changes import Change, Plan, RefusedError
from .config_file import Label
from .conflicts import refuse_conflicts
from .entity import Base, Entity, Link, Target
from .field_specs import FieldSpec, Relation
from .migration_commands import migration_commands
from .model_file import model_file
from .model_tests import ModelTests
from .python_edits import (
    add_import,
    add_statement,
    add_to_all,
    new_all,
    quoted,
    re_exports_relatively,
    with_elements,
)
from .schema_file import SchemaFile
from .service_files import RouterFile, ServiceFile, functions_of
from .survey import Key, Survey

_SHARED = (
    "Day",
    "Email",
    "InSchema",
    "Limit",
    "Money",
    "Offset",
    "OutSchema",
    "Page",
    "Paging",
    "StoredJson",
    "Text",
    "UtcTime",
)
_NEEDED = {"fastapi": {"Limit", "Offset", "Page"}, "starlette": {"Page", "Paging"}}


_OTHER_SIDE = {"fk": "ReverseRelation", "o2o": "BackwardOneToOneRelation", "m2m": "ManyToManyRelation"}
"""The annotation of a relation's other side, by the kind of the relation."""


def plan_model(
    survey: Survey,
    app: str,
    name: str,
    fields: Sequence[FieldSpec],
    *,
    ordering: Sequence[str] = (),
    together: Sequence[Sequence[str]] = (),
    crud: bool,
    schemas: bool,
) -> Plan:
    """All files and edits for a model; with ``crud`` also a service and routes, which need ``schemas``.

    Raises RefusedError.
    """
    return _ModelPlan(survey, app, name, fields, ordering, together).plan(crud=crud, schemas=schemas)


class _ModelPlan:
    """What the project says about a new model, then the changes that it takes."""

    def __init__(
        self,
        survey: Survey,
        app: str,
        name: str,
        fields: Sequence[FieldSpec],
        ordering: Sequence[str],
        together: Sequence[Sequence[str]],
    ) -> None:
        self.survey = survey
        self.app, self.app_module = app, survey.app(app)
        self.folder = survey.apps_folder / app
        self.label = self._label()
        base = self._base()
        self.file = self.folder / "models" / f"{next(file_stems(name))}.py"
        links = self._links(name, fields, base)
        self.entity = Entity(self.app_module, name, tuple(fields), links, base)
        order = tuple(self._column("--ordering", text) for text in ordering)
        rules = tuple(tuple(self._column("--unique-together", text) for text in rule) for rule in together)
        self.entity = replace(self.entity, ordering=order, together=rules)
        self.changes = Plan()

    def plan(self, *, crud: bool, schemas: bool) -> Plan:
        """The plan, after all reasons to refuse."""
        refuse_conflicts(self.entity, self.survey, self.app, self.label.name, self.file)
        if crud:
            self._refuse_missing_helpers()
            self._refuse_no_value()
        survey, entity, plan = self.survey, self.entity, self.changes
        has_schemas = crud or (schemas and (survey.framework == "fastapi" or survey.has_schemas))
        config = survey.config
        if config is not None and config.label_of(f"{self.app_module}.models") is not None:
            # The last step of a new app registers it, so this one is complete as its owner wants it.
            needed = {"models": True, "schemas": has_schemas, "services": crud, "routers": crud}
            add_app(plan, survey, self.app, [part for part, is_needed in needed.items() if is_needed])
        else:
            add_app(plan, survey, self.app, [part for part in ALL_PARTS if has_schemas or part != "schemas"])
        plan.create(self.file, model_file(entity, survey.own_modules, survey.width))
        self._re_export("models", entity.file, entity.classes)
        if has_schemas:
            file = self._schemas()
            plan.create(self.folder / "schemas" / f"{entity.file}.py", file.render())
            self._re_export("schemas", entity.file, file.classes)
        if crud:
            self._add_service()
        tests = ModelTests(entity, survey, self.label.name, survey.own_modules, survey.width)
        test_file = f"tests/test_{self.app}_{entity.file}.py"
        plan.create(survey.root / test_file, tests.render())
        self._register()
        plan.changes = _merged(plan.changes)
        if plan.changes:
            plan.next += migration_commands(survey, self.label.name, f"add_{entity.snake}")
            plan.next += [f"{survey.runner}python -m pytest {test_file}"]
            plan.next += self._on_circle()
            if has_schemas and entity.to_one:
                plan.next.append(self._chosen_by_client())
            plan.next += [self._other_side(link) for link in entity.links if link.target.cls is not None]
        return plan

    def _on_circle(self) -> list[str]:
        """How to make the tables of a test, where Tortoise cannot make them from the models."""
        if self.survey.circle is None:
            return []
        way = f"{command('find')} migrations-tools.md#test-on-migrated-tables"
        return [f"({self.survey.circle} is a circle: tests need tables that migrations make: {way})"]

    def _chosen_by_client(self) -> str:
        """Where a client could choose another tenant."""
        columns = ", ".join(f"{link.spec.name}_id" for link in self.entity.to_one)
        return f"(a client chooses {columns}: delete from {self.entity.name}In what follows from the user)"

    def _other_side(self, link: Link) -> str:
        """What is left to write by hand: the annotation on the model that a relation leads to."""
        kind = _OTHER_SIDE[link.spec.kind]
        annotation = f"{link.related_name}: fields.{kind}[{self.entity.name}]"
        return f"(type the other side, in {link.target.name}: {annotation})"

    # --- what the project says

    def _label(self) -> Label:
        """The label that the app's models belong to."""
        config = self.survey.config
        if config is None:
            raise RefusedError(
                "no-configuration",
                self.survey.root,
                'no dictionary with "connections" and "apps" is written out in this project: write one, as '
                "config/tortoise.py of a new project",
            )
        there = config.label_of(f"{self.app_module}.models")
        own = [label for label in config.labels if set(label.modules) - {"aerich.models"}] or config.labels
        there = there or next((label for label in own if label.name == self.app), None)
        if there is None and len(own) > 1:
            known = ", ".join(label.name for label in own)
            raise RefusedError(
                "which-label",
                config.path,
                f'list "{self.app_module}.models" first: under one of the labels {known}, or under a new one',
                own[0].node.lineno,
            )
        return there or own[0]

    def _base(self) -> Base:
        cls = self.survey.base_of(self.app)
        if cls is None:
            return Base("Model", "tortoise.models", Key("id", "int"), has_created_at=False)
        inherited = {name for _, name, _ in self.survey.fields_of(cls)}
        module = self.survey.public_module(cls)
        return Base(cls.name, module, self.survey.key_of(cls), "created_at" in inherited)

    def _links(self, name: str, fields: Sequence[FieldSpec], base: Base) -> tuple[Link, ...]:
        links: list[Link] = []
        for spec in fields:
            if isinstance(spec, Relation):
                target = self._target(spec, name, base)
                back = snake_case(name) if spec.kind == "o2o" else names.plural(snake_case(name))
                if any((link.target, link.related_name) == (target, back) for link in links):
                    back = f"{spec.name}_{back}"
                links.append(Link(spec, target, spec.related_name or back))
        return tuple(links)

    def _target(self, spec: Relation, name: str, base: Base) -> Target:
        """The model that a relation leads to: by the folder of its app, else by its label."""
        where, _, model = spec.target.rpartition(".")
        if model == name and where in ("", self.app):
            reference = f"{self.label.name}.{name}"
            if spec.kind != "m2m" and not spec.null:
                raise RefusedError(
                    "needs-itself", self.file, f"{spec.name}: each row would need another: add null"
                )
            return Target(name, reference, None, base.key, "", f"{self.app_module}.models")
        named = [cls for cls in self.survey.concrete if cls.name == model]
        in_app = [cls for cls in named if self._is_in_app(cls, where or self.app)]
        by_label = [cls for cls in named if self.survey.label_of_class(cls) == where]
        found = in_app or by_label or ([] if where else named)
        if len(found) != 1:
            known = ", ".join(sorted(f"{self._app_of(cls)}.{cls.name}" for cls in self.survey.concrete))
            problem = "several models have this name" if found else "there is no such model"
            has = f"the project has {known or 'no model yet'}"
            raise RefusedError("unknown-target", self.file, f"{spec.target}: {problem}; {has}")
        label = self.survey.label_of_class(found[0])
        if label is None:
            raise RefusedError(
                "unregistered-target",
                found[0].module.path,
                f"{model}: no label of the configuration lists it: add its module there first",
            )
        return Target(
            model,
            f"{label}.{model}",
            found[0],
            self.survey.key_of(found[0]),
            self.survey.dotted_of(found[0]),
            self.survey.public_module(found[0]),
        )

    def _column(self, option: str, text: str) -> str:
        """The column that an option names, a foreign key by its name or its column; a ``-`` stays."""
        sign, name = ("-", text[1:]) if text.startswith("-") and option == "--ordering" else ("", text)
        base = self.survey.base_of(self.app)
        inherited = [name for _, name, _ in self.survey.fields_of(base)] if base is not None else []
        columns = {field.name: field.name for field in self.entity.scalars}
        columns |= {link.spec.name: link.column for link in self.entity.to_one}
        columns |= {one: one for one in [*columns.values(), *inherited, self.entity.base.key.name]}
        if name not in columns:
            message = f"{option}: there is no column {name}; here are {', '.join(columns)}"
            raise RefusedError("unknown-column", self.file, message)
        kinds = {field.name: field.kind for field in self.entity.scalars}
        if option == "--unique-together" and kinds.get(name) in ("text", "json"):
            message = f"{option}: not every database can index the {kinds[name]} column {name}: take char"
            raise RefusedError("no-index", self.file, message)
        return sign + columns[name]

    def _is_in_app(self, cls: Class, app: str) -> bool:
        return cls.module.path.is_relative_to(self.survey.apps_folder / app.rpartition(".")[2] / "models")

    def _app_of(self, cls: Class) -> str:
        path = cls.module.path
        inside = path.is_relative_to(self.survey.apps_folder)
        return path.relative_to(self.survey.apps_folder).parts[0] if inside else path.stem

    # --- reasons to refuse

    def _refuse_missing_helpers(self) -> None:
        framework = self.survey.framework
        if framework is None:
            raise RefusedError(
                "unknown-framework",
                self.survey.root,
                "--service crud writes routes for FastAPI and Starlette; examples/frameworks has the others",
            )
        missing = _NEEDED[framework] - self._offered()
        if missing:
            where = self._common_schemas()
            message = f"the routes need {', '.join(sorted(missing))} in it: a new project has them"
            raise RefusedError("no-common-schemas", where, message)
        http = self.survey.apps_folder / "common" / "http.py"
        if framework == "starlette" and not http.exists():
            message = "the routes need answer, read_body and read_query in it: a new project has them"
            raise RefusedError("no-common-http", http, message)

    def _refuse_no_value(self) -> None:
        if not self.entity.to_one and all(field.auto for field in self.entity.scalars):
            message = "--service crud writes functions that take values: add a field, such as name:char:100"
            raise RefusedError("no-values", self.file, message)

    # --- files and edits

    def _common_schemas(self) -> Path:
        return self.survey.apps_folder / "common" / "schemas" / "__init__.py"

    def _offered(self) -> frozenset[str]:
        module = self.survey.project.resolver.module(str(self._common_schemas()))
        if module is None:
            return frozenset()
        return frozenset(name for name in _SHARED if name in module.scope.names)

    def _schemas(self) -> SchemaFile:
        shared = self.survey.app("common") + ".schemas"
        survey = self.survey
        return SchemaFile(self.entity, shared, self._offered(), survey.own_modules, survey.width)

    def _add_service(self) -> None:
        survey, entity, plan = self.survey, self.entity, self.changes
        own, width = survey.own_modules, survey.width
        plan.create(self.folder / "services" / f"{entity.files}.py", ServiceFile(entity, own, width).render())
        self._re_export("services", entity.files, functions_of(entity))
        framework = survey.framework or "fastapi"
        router = RouterFile(entity, survey.app("common"), own, width)
        plan.create(self.folder / "routers" / f"{entity.files}.py", router.render(framework))
        path = self.folder / "routers" / "__init__.py"
        before = plan.text_of(path)
        after = add_import(before, f"{self.app_module}.routers", [entity.files], own, width)
        if after != before and framework == "fastapi":
            statement = f"router.include_router({entity.files}.router)"
            after = add_statement(after, statement, lambda one: ast.unparse(one).startswith("router"))
        elif after != before:
            after = _with_element_of(after, "routes", f"*{entity.files}.routes", width)
        self._edit(path, before, after)
        edit_application(plan, survey, self.app)

    def _re_export(self, part: str, module: str, exported: Sequence[str]) -> None:
        """Let a package of the app give what a new module of it has."""
        path = self.folder / part / "__init__.py"
        before = self.changes.text_of(path)
        own, width = self.survey.own_modules, self.survey.width
        dotted = f".{module}" if re_exports_relatively(before) else f"{self.app_module}.{part}.{module}"
        after = add_import(before, dotted, exported, own, width)
        if "__all__" in before:
            after = add_to_all(after, exported, width)
        elif "import " not in before:
            after = f"{after.rstrip(chr(10))}\n\n{new_all(exported, width)}\n"
        self._edit(path, before, after)

    def _register(self) -> None:
        """List the app's models package under its label."""
        module = f"{self.app_module}.models"
        config = self.survey.config
        if config is None or module in self.label.modules:
            return
        before = self.changes.text_of(config.path)
        with_models = {self.survey.dotted(cls.module.path.parent) for cls in self.survey.concrete}
        empty = self.survey.app("common") + ".models"
        kept = [one for one in self.label.modules if one != empty or one in with_models]
        at = kept.index("aerich.models") if "aerich.models" in kept else len(kept)
        order = [quoted(one) for one in [*kept[:at], module, *kept[at:]]]
        self._edit(config.path, before, with_elements(before, self.label.node, order, self.survey.width))

    def _edit(self, path: Path, before: str, after: str) -> None:
        self.changes.edit(path, before, after)


def _merged(changes: list[Change]) -> list[Change]:
    """One change for each file, with its last text."""
    merged: dict[Path, Change] = {}
    for change in changes:
        first = merged.get(change.path, change)
        merged[change.path] = Change(change.path, change.after, first.before)
    return list(merged.values())


def _with_element_of(source: str, name: str, element: str, width: int) -> str:
    """The list that is assigned to a name gets an element more."""
    for one in ast.parse(source).body:
        target = (
            one.target
            if isinstance(one, ast.AnnAssign)
            else one.targets[0]
            if isinstance(one, ast.Assign)
            else None
        )
        if isinstance(target, ast.Name) and target.id == name:
            value = getattr(one, "value", None)
            if isinstance(value, ast.List):
                old = [ast.get_source_segment(source, item) or "" for item in value.elts]
                return with_elements(source, value, [*old, element], width)
    return source
