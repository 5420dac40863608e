"""# TD121 unknown-option

## What it does
A keyword that a field does not know, or an option that no `Meta` knows: `blank=True`, `on_update=`,
`max_length=` of a `TextField`, `db_table`, `verbose_name`.

TD111 reports old spellings (`pk=`, `index=`), and this rule does not. `managed` counts as known where the
project uses Aerich, which reads it. An option of `Meta` that the project itself reads is not reported.

## Why is this bad
Tortoise ignores the option without an error. The field has no default, the table has another name, and
nothing says so.

## Fix safety
Not fixed by `--fix`: the right option may change the table.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from ..analysis import tortoise_api
from ..analysis.field_tables import FIELD_OPTIONS, META_OPTIONS
from ..analysis.models import metas_of
from ..analysis.modules import Class
from ..analysis.project import Project
from .base import Context, Hit, Rule

BAD = """\
# file: apps/common/models/base.py
from tortoise import fields
from tortoise.models import Model


class BaseModel(Model):
    class Meta:
        abstract = True

    active = fields.BooleanField(defualt=True)
"""

GOOD = BAD.replace("defualt", "default")

_MEANT = {
    "db_table": "table",
    "table_name": "table",
    "verbose_name": "table_description",
    "comment": "table_description",
    "index_together": "indexes",
    "app_label": "app",
    "help_text": "description",
    "db_column": "source_field",
    "to_fields": "to_field",
    "key": "primary_key",
    "nullable": "null",
    "server_default": "db_default",
}
"""Names that other libraries use, and Tortoise's."""


def check(context: Context) -> Iterator[Hit]:
    """At the keyword of the field, or at the option of the Meta."""
    for call, name in context.tortoise_calls:
        known = FIELD_OPTIONS.get(tortoise_api.short(name)) if tortoise_api.is_field(name) else None
        if known is None:
            continue
        for keyword in call.keywords:
            if keyword.arg is not None and keyword.arg not in known:
                field = tortoise_api.short(name)
                yield Hit(
                    keyword,
                    f"{field} has no option {keyword.arg}, so Tortoise ignores it{_hint(keyword.arg, known)}",
                )
    for cls in context.own:
        yield from _meta_options(context, cls)


def _meta_options(context: Context, cls: Class) -> Iterator[Hit]:
    for meta in metas_of(cls.node):
        for statement in meta.body if isinstance(meta, ast.ClassDef) else ():
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id=name)])
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr())
                ):
                    pass
                case _:
                    continue
            if name in META_OPTIONS or name.startswith("_") or context.project.once(_readers).reads(name):
                continue
            hint = _hint(name, META_OPTIONS)
            yield Hit(statement, f"Meta has no option {name}, so Tortoise ignores it{hint}")


@cache
def _hint(name: str, known: frozenset[str]) -> str:
    import difflib  # most runs have nothing to say

    meant = _MEANT.get(name)
    near = [meant] if meant in known else difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    return f" (did you mean {near[0]}?)" if near else ""


class _Readers:
    """Which options of a Meta somebody else reads."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._known: dict[str, bool] = {"managed": project.speaks_of(b"aerich")}

    def reads(self, name: str) -> bool:
        """Is it read in the project: ``Meta.name``, or by its name as a text?"""
        if name not in self._known:
            word = name.encode()
            sought = re.compile(rb"\.\s*" + word + rb"\b(?!\s*=[^=])|[\"']" + word + rb"[\"']")
            self._known[name] = any(
                word in file.data and sought.search(file.data) for file in self.project.files.values()
            )
        return self._known[name]


def _readers(project: Project) -> _Readers:
    return _Readers(project)


RULE = Rule("TD121", "unknown-option", check)
