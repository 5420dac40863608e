"""# TD006 re-export

## What it does
`models/__init__.py` re-exports every concrete model of its package, and its `Base<Entity>`.

The `__init__.py` of a package in between may do it too. One that computes its names (`import_module`,
`__getattr__`, a star import from elsewhere) is not judged.

## Why is this bad
Otherwise the model gets no table and no migration, without an error. Tortoise registers what it finds in the
module that the configuration names.

## Fix safety
`--unsafe-fixes` adds the import: the next migration then creates the table. An `__init__.py` that does not
exist is not made.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.models import interface_names
from ..analysis.modules import Class, External, Module
from .base import Context, Hit, Rule
from .fixes import Edit, Fix, end_of, insertion, start_of

BAD = '''\
# file: apps/billing/models/__init__.py
"""The models of this application."""
# file: apps/billing/models/invoice.py
from tortoise import fields
from tortoise.models import Model


class BaseInvoice(Model):
    class Meta:
        abstract = True

    number = fields.CharField(max_length=32)


class Invoice(BaseInvoice):
    class Meta:
        table = "invoice"
'''

GOOD = '''\
# file: apps/billing/models/__init__.py
"""The models of this application."""

from apps.billing.models.invoice import BaseInvoice, Invoice

__all__ = ["BaseInvoice", "Invoice"]
# file: apps/billing/models/invoice.py
from tortoise import fields
from tortoise.models import Model


class BaseInvoice(Model):
    class Meta:
        abstract = True

    number = fields.CharField(max_length=32)


class Invoice(BaseInvoice):
    class Meta:
        table = "invoice"
'''

_DYNAMIC = frozenset(
    {"import_module", "__import__", "iter_modules", "walk_packages", "exec", "globals", "setattr"}
)


def check(context: Context) -> Iterator[Hit]:
    """At each class that the package keeps to itself."""
    module = context.module
    if module.is_package or module.path.name == "models.py" or not context.own:
        return
    package = next((folder for folder in module.path.parents if folder.name == "models"), None)
    if package is None or not package.is_relative_to(context.project.root):
        return
    init = package / "__init__.py"
    entrance = context.project.resolver.module(str(init))
    if entrance is None and str(init) in context.project.files:
        return  # cannot be parsed: reported as such
    if entrance is not None and is_computed(entrance, set()):
        return
    concrete = [cls for cls in context.own if context.models.is_abstract(cls) is False]
    names = {name for cls in concrete for name in interface_names(cls.name)}
    depth = len(module.path.parts) - len(package.parts)
    between = [str(folder / "__init__.py") for folder in list(module.path.parents)[:depth]]
    entrances = [context.project.resolver.module(key) for key in between]
    for cls in context.own:
        belongs = cls in concrete or (context.models.is_abstract(cls) and cls.name in names)
        if not belongs or cls.scope is not module.scope or any(_re_exports(one, cls) for one in entrances):
            continue
        place = init.relative_to(context.project.root).as_posix()
        lacks = "does not re-export it" if entrance is not None else "does not exist"
        fix = _re_exporting(context, entrance, cls) if entrance is not None else None
        yield Hit(cls.node, f"{cls.name}: {place} {lacks}", fix)


def _re_exporting(context: Context, entrance: Module, cls: Class) -> Fix | None:
    """The import that re-exports a class, and its name in ``__all__`` where that is a literal."""
    name = _module_seen_from(context, entrance)
    namesakes = [one for one in context.project.models_named(cls.name) if one is not cls]
    if name is None or cls.name in entrance.scope.names or namesakes:
        return None
    lines = entrance.file.lines
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    statement = f"from {name} import {cls.name}{newline}"
    body = entrance.root.body
    imports = [one for one in body if isinstance(one, (ast.Import, ast.ImportFrom))]
    is_documented = ast.get_docstring(entrance.root, clean=False) is not None
    last = imports[-1] if imports else body[0] if is_documented else None
    line = (last.end_lineno or 0) if last is not None else 0
    if line and not lines[line - 1].endswith(("\n", "\r")):
        edit = Edit((line, len(lines[line - 1])), (line, len(lines[line - 1])), newline + statement.rstrip())
    else:
        gap = newline if last is not None and not imports else ""
        edit = Edit((line + 1, 0), (line + 1, 0), gap + statement)
    edits = [edit, _listing(entrance, cls.name)]
    own = tuple(one._replace(path=entrance.path) for one in edits if one is not None)
    return Fix(own, safe=False)


def _module_seen_from(context: Context, entrance: Module) -> str | None:
    """The name of the judged module, as imports of the package's ``__init__.py`` write it."""
    folder = entrance.path.parent
    parts = context.module.path.relative_to(folder).with_suffix("").parts
    if not all(part.isidentifier() for part in parts):
        return None
    for statement in entrance.root.body:
        if isinstance(statement, ast.ImportFrom) and statement.level == 0 and statement.module:
            for target in entrance.resolver.imported(entrance, statement.module, 0):
                if isinstance(target, Module) and target.path.is_relative_to(folder):
                    own = target.path.relative_to(folder).with_suffix("").parts
                    ending = "." + ".".join(part for part in own if part != "__init__")
                    if statement.module.endswith(ending):
                        return f"{statement.module.removesuffix(ending)}.{'.'.join(parts)}"
    return f".{'.'.join(parts)}"


def _listing(entrance: Module, name: str) -> Edit | None:
    """The name put into a literal ``__all__``."""
    bindings = entrance.scope.names.get("__all__", [])
    listed = bindings[0].value if len(bindings) == 1 else None
    if not isinstance(listed, (ast.List, ast.Tuple)) or not listed.elts or name in (entrance.public or ()):
        return None
    first, last = listed.elts[0], listed.elts[-1]
    line, column = start_of(entrance, first)
    margin = entrance.file.lines[line - 1][:column]
    if not margin.strip() and line > listed.lineno:  # one name on each line
        text = entrance.file.lines[line - 1]
        newline = text[len(text.rstrip("\r\n")) :] or "\n"
        return Edit((line, 0), (line, 0), f'{margin}"{name}",{newline}')
    return insertion(end_of(entrance, last), f', "{name}"')


def _re_exports(entrance: Module | None, cls: Class) -> bool:
    if entrance is None:
        return False
    if any(entity is cls for entity in entrance.exported(cls.name)):
        return True
    return any(entity is cls for name in entrance.scope.names for entity in entrance.exported(name))


def is_computed(module: Module, seen: set[str]) -> bool:
    """Does it get names in a way that the text does not tell?"""
    if module.key in seen:
        return False
    seen.add(module.key)
    if "__getattr__" in module.scope.names:
        return True
    if any(node.id in _DYNAMIC for node in module.of_type(ast.Name)):
        return True
    if any(node.attr in _DYNAMIC for node in module.of_type(ast.Attribute)):
        return True
    for statement in module.scope.stars:
        targets = module.resolver.imported(module, statement.module, statement.level)
        if not targets:
            return True
        for target in targets:
            if isinstance(target, External):
                if not target.name.startswith("tortoise"):
                    return True
            elif is_computed(target, seen):
                return True
    return False


RULE = Rule("TD006", "re-export", check, unsafe_fix=True)
