"""A model's class statement written anew: its abstract base, its table, Meta first, members in order."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from ..analysis.modules import Class
from ..analysis.project import Project
from .members import Part, Role, based_parts, has_meta, ordered, parts_of
from .refusals import refused
from .texts import spaced
from .uses import bound_names


@dataclass(frozen=True)
class Style:
    """How a model is to be written."""

    with_base: bool
    writes_table: bool
    """Does a model without Meta get its table's name? Not where the project generates such names."""


def rewritten(text: cst.ClassDef, cls: Class, project: Project, style: Style) -> list[cst.ClassDef]:
    """The class statements that replace a model's: its base, where it needs one, and the model.

    Raises RefusedError where that would change what the model is.
    """
    body = _block(text)
    parts = parts_of(cls, project, body.body)
    docstring = body.body[:1] if ast.get_docstring(cls.node, clean=False) is not None else []
    abstract = project.models.is_abstract(cls) is True
    if not style.with_base:
        base = None
    else:
        _refuse_keywords(cls)
        base = _base(text, cls, project, body, parts)
    taken = base[1] if base is not None else []
    kept = ordered(cls, (part for part in parts if part not in taken))
    lines = _laid_out(kept, after=bool(docstring))
    if not has_meta(cls):
        lines = _with_meta(lines, cls, abstract, style, body.indent, after=bool(docstring))
    elif style.writes_table and not abstract:
        lines = [_with_table(line, cls) for line in lines]
    new = text.with_changes(body=body.with_changes(body=[*docstring, *lines]))
    if base is None:
        return [new]
    new = new.with_changes(bases=[cst.Arg(cst.Name(f"Base{cls.name}"))], keywords=[])
    return [base[0], new]


def _refuse_keywords(cls: Class) -> None:
    generic = any(isinstance(base, ast.Subscript) for base in cls.node.bases)
    if cls.node.keywords or generic or getattr(cls.node, "type_params", []):
        what = f"{cls.name} has keywords or type parameters besides its bases"
        raise refused("class-keywords", cls.node.lineno, f"{what}: split it with --no-base")


def _base(
    text: cst.ClassDef, cls: Class, project: Project, body: cst.IndentedBlock, parts: Sequence[Part]
) -> tuple[cst.ClassDef, list[Part]]:
    """The abstract base, and the members that it takes: none where another model extends this one."""
    taken = [] if project.children(cls) or _names_model(text) else based_parts(cls, parts, project) or []
    meta = _meta("abstract = True", body.indent)
    lines = [meta, *_laid_out(ordered(cls, taken), after=True)]
    block = cst.IndentedBlock(body=lines, indent=body.indent)
    base = cst.ClassDef(
        name=cst.Name(f"Base{cls.name}"),
        bases=text.bases,
        lpar=text.lpar,
        rpar=text.rpar,
        body=block,
    )
    return base, taken


def _names_model(text: cst.ClassDef) -> bool:
    """Does a ``#:`` comment hold ``{model}``, which becomes the name of the class that it stands in?"""
    code = cst.Module(body=[text]).code
    return any("{model}" in line for line in code.splitlines() if "#:" in line)


def _block(text: cst.ClassDef) -> cst.IndentedBlock:
    """The body as an indented block, where it stands on the line of ``class``, too."""
    if isinstance(text.body, cst.IndentedBlock):
        return text.body
    assert isinstance(text.body, cst.SimpleStatementSuite)
    line = cst.SimpleStatementLine(text.body.body, trailing_whitespace=text.body.trailing_whitespace)
    return cst.IndentedBlock([line])


def _laid_out(parts: Sequence[Part], after: bool) -> list[cst.BaseStatement]:
    """The members' texts, with empty lines where their surroundings changed.

    ``after`` says that something stands before them.
    """
    lines: list[cst.BaseStatement] = []
    before: Part | None = None
    for part in parts:
        if part.role is Role.OTHER and isinstance(part.node, ast.Pass):
            continue
        if before is None:
            lines.append(spaced(part.text, 1 if after else 0))
        elif _is_block(part) or _is_block(before) or part.rank is not before.rank:
            lines.append(spaced(part.text, 1))
        else:
            lines.append(part.text)
        lines += part.doc
        before = part
    return lines


def _is_block(part: Part) -> bool:
    return isinstance(part.text, (cst.ClassDef, cst.FunctionDef))


def _with_meta(
    lines: list[cst.BaseStatement], cls: Class, abstract: bool, style: Style, indent: str | None, after: bool
) -> list[cst.BaseStatement]:
    """The members with a Meta before them that says what was so without it."""
    if abstract:
        content = "abstract = True"
    elif style.writes_table:
        content = _table(cls)
    else:
        content = "pass"
    meta = spaced(_meta(content, indent), 1 if after else 0)
    return [meta, *([spaced(lines[0], 1), *lines[1:]] if lines else [])]


def _meta(content: str, indent: str | None) -> cst.ClassDef:
    """A ``class Meta`` with one line."""
    meta = cst.parse_statement(f"class Meta:\n    {content}\n")
    assert isinstance(meta, cst.ClassDef) and isinstance(meta.body, cst.IndentedBlock)
    return meta.with_changes(body=meta.body.with_changes(indent=indent))


def _with_table(line: cst.BaseStatement, cls: Class) -> cst.BaseStatement:
    """A Meta that names its table; a renamed class would have another one."""
    is_meta = isinstance(line, cst.ClassDef) and line.name.value == "Meta" and not line.bases
    if not isinstance(line, cst.ClassDef) or not is_meta or not isinstance(line.body, cst.IndentedBlock):
        return line
    meta = next(node for node in cls.node.body if isinstance(node, ast.ClassDef) and node.name == "Meta")
    if "table" in bound_names(meta.body) or not all(
        isinstance(one, cst.SimpleStatementLine) for one in line.body.body
    ):
        return line
    at = 1 if ast.get_docstring(meta, clean=False) is not None else 0
    rest = [one for one in line.body.body if not _is_pass(one)]
    table = cst.parse_statement(f"{_table(cls)}\n")
    return line.with_changes(body=line.body.with_changes(body=[*rest[:at], table, *rest[at:]]))


def _table(cls: Class) -> str:
    return f'table = "{cls.name.lower()}"'


def _is_pass(line: cst.BaseStatement) -> bool:
    return isinstance(line, cst.SimpleStatementLine) and all(isinstance(one, cst.Pass) for one in line.body)
