"""The built-in migrations: operations as steps."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from ..field_tables import FIELD_OPTIONS
from ..syntax import called, is_true, text_of
from .facts import Kind, Migration, Step
from .sent_sql import sent_sql
from .sql import is_volatile, steps_of
from .texts import SqlText, names_in, texts_in

_RELATIONS = {"ForeignKeyField", "OneToOneField"}
_MANY = "ManyToManyField"
_PARAMETERS = {
    "CreateModel": ("name", "fields", "options", "bases"),
    "DeleteModel": ("name",),
    "RenameModel": ("old_name", "new_name"),
    "AddField": ("model_name", "name", "field"),
    "RemoveField": ("model_name", "name"),
    "AlterField": ("model_name", "name", "field"),
    "RenameField": ("model_name", "old_name", "new_name"),
    "AddIndex": ("model_name", "index"),
    "AddConstraint": ("model_name", "constraint"),
    "DropSchema": ("schema_name",),
    "RunPython": ("code", "reverse_code"),
    "RunSQL": ("sql", "reverse_sql"),
}


def read_operations(path: Path, tree: ast.Module) -> Migration | None:
    """The migration in a file; None where it holds no class with a list of operations."""
    for node in tree.body:
        if not isinstance(node, ast.ClassDef) or node.name != "Migration":
            continue
        values = _assigned(node)
        listed = values.get("operations")
        if not isinstance(listed, ast.List | ast.Tuple):
            return None
        migration = Migration(path, "built-in", tree, path.stem, [], node=node)
        names = names_in(tree.body)
        functions = {one.name: one for one in tree.body if isinstance(one, ast.AsyncFunctionDef)}
        atomic = values.get("atomic")
        migration.in_transaction = atomic is None or is_true(atomic)
        migration.is_split = not migration.in_transaction
        migration.dependencies = list(_pairs(values.get("dependencies")))
        for operation in listed.elts:
            if isinstance(operation, ast.Call):
                migration.steps += _steps(operation, names, functions)
                migration.refers_to += _labels_in(operation)
        return migration
    return None


def _assigned(node: ast.ClassDef) -> dict[str, ast.expr]:
    found: dict[str, ast.expr] = {}
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            found[statement.targets[0].id] = statement.value
        elif (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.value
        ):
            found[statement.target.id] = statement.value
    return found


def _pairs(value: ast.expr | None) -> Iterator[tuple[str, str]]:
    for element in value.elts if isinstance(value, ast.List | ast.Tuple) else ():
        if isinstance(element, ast.Tuple) and len(element.elts) == 2:
            label, name = (text_of(part) for part in element.elts)
            yield label, name


def _steps(
    operation: ast.Call, names: Mapping[str, ast.expr], functions: Mapping[str, ast.AsyncFunctionDef]
) -> Iterator[Step]:
    name = called(operation)
    given = _arguments(operation, _PARAMETERS.get(name, ()))
    model, column, line = text_of(given.get("model_name")), text_of(given.get("name")), operation.lineno
    shown = f"{name} {'.'.join(filter(None, (model, column)))}".strip()

    fields = tuple(_fields(given, column))

    def step(kind: Kind, table: str = model, columns: tuple[str, ...] = ()) -> Step:
        return Step(kind, operation, line, table, columns, shown=shown, fields=fields)

    if name == "CreateModel":
        made = step("create table", column, tuple(name for name, _ in fields))
        yield made._replace(db_table=_option(given.get("options"), "table") or column.lower())
    elif name == "DeleteModel":
        yield step("drop table", column)
    elif name == "RenameModel":
        yield step("rename table", text_of(given.get("old_name")), (text_of(given.get("new_name")),))
    elif name == "AddField":
        yield _added(step, column, given.get("field"))
    elif name == "RemoveField":
        yield step("drop column", columns=(column,))
    elif name == "AlterField":
        yield step("change type", columns=(column,))
    elif name == "RenameField":
        yield step("rename column", columns=(text_of(given.get("old_name")), text_of(given.get("new_name"))))
    elif name in ("AddIndex", "AddIndexConcurrently"):
        is_concurrent = name != "AddIndex"
        yield step("add index")._replace(online=is_concurrent, concurrent=is_concurrent)
    elif name == "AddConstraint":
        constraint = given.get("constraint")
        unique = isinstance(constraint, ast.Call) and called(constraint) == "UniqueConstraint"
        yield step("add unique" if unique else "add check")
    elif name == "DropSchema":
        yield step("drop schema", text_of(given.get("schema_name")))
    elif name == "RunPython":
        plain = step("data")._replace(reversible="reverse_code" in given)
        code = given.get("code")
        function = functions.get(code.id) if isinstance(code, ast.Name) else None
        yield from _raw(sent_sql(function, names) if function is not None else (), plain)
    elif name == "RunSQL":
        plain = step("other")._replace(reversible="reverse_sql" in given)
        yield from _raw(texts_in(given.get("sql"), names), plain)
    elif name == "LockTimeout":
        yield step("other")._replace(lock_timeout="on")
    else:
        yield step("other")


def _added(step: Callable[..., Step], column: str, field: ast.expr | None) -> Step:
    """A new field: a column; with ``unique`` and with a relation a constraint, too."""
    if not isinstance(field, ast.Call) or called(field) == _MANY:
        return step("other")
    options = {keyword.arg: keyword.value for keyword in field.keywords}
    is_filled = "db_default" in options or is_true(options.get("null")) or is_true(options.get("generated"))
    unknown = None in options  # **kwargs
    has_more = any(is_true(options.get(name)) for name in ("unique", "db_index", "index"))
    return step("add column", columns=(column,))._replace(
        required=not is_filled and not unknown and called(field) in FIELD_OPTIONS,
        online=not has_more and called(field) != "OneToOneField",
        rewrites=_is_random(options.get("db_default")),
    )


def _is_random(default: ast.expr | None) -> bool:
    """Is it another value for each row?"""
    if not isinstance(default, ast.Call):
        return False
    is_sql = called(default) == "SqlDefault" and default.args
    return called(default) == "RandomHex" or (bool(is_sql) and is_volatile(text_of(default.args[0])))


def _raw(texts: Iterable[SqlText], plain: Step) -> Iterator[Step]:
    """SQL that stands in the file is read; a step without reverse is marked as such."""
    steps = [step for text in texts for step in steps_of(text, plain.node)]
    yield from [step._replace(reversible=plain.reversible) for step in steps] or [plain]


def _option(options: ast.expr | None, name: str) -> str:
    """A text among the options of a model."""
    if not isinstance(options, ast.Dict):
        return ""
    pairs = zip(options.keys, options.values, strict=True)
    return next((text_of(value) for key, value in pairs if text_of(key) == name), "")


def _arguments(call: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
    given = dict(zip(names, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    return {name: value for name, value in given.items() if not _is_none(value)}


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _fields(given: dict[str, ast.expr], column: str) -> Iterator[tuple[str, ast.Call]]:
    """The fields with a column that an operation names, of CreateModel, AddField and AlterField."""
    field, listed = given.get("field"), given.get("fields")
    if isinstance(field, ast.Call) and called(field) != _MANY:
        yield column, field
    for element in listed.elts if isinstance(listed, ast.List | ast.Tuple) else ():
        if isinstance(element, ast.Tuple) and len(element.elts) == 2:
            name, one = element.elts
            if isinstance(one, ast.Call) and called(one) != _MANY:
                yield text_of(name), one


def _labels_in(operation: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    """The labels that relations of an operation lead to."""
    for node in ast.walk(operation):
        if isinstance(node, ast.Call) and called(node) in (*_RELATIONS, _MANY):
            target = text_of(node.args[0]) if node.args else ""
            named = [keyword.value for keyword in node.keywords if keyword.arg == "model_name"]
            target = target or (text_of(named[0]) if named else "")
            if "." in target:
                yield target.rpartition(".")[0], node
