"""What a rule is: a code, a name, a page (its module's docstring) and a function that finds hits."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from ..analysis.inference import Inference
from ..analysis.models import Models
from ..analysis.modules import Class, Entity, External, Module
from ..analysis.pins import bound_for, exactly
from ..analysis.project import Project
from ..analysis.relations import Relations
from .fixes import Fix


class Hit(NamedTuple):
    """A place that breaks a rule: a node of the module's tree, or line 1 for None."""

    node: ast.AST | None
    message: str
    fix: Fix | None = None
    around: tuple[ast.AST, ...] = ()
    """Where a ``noqa`` counts as well: on the first and last line of an operation, and of its SQL."""

    code: str = ""
    """What it is about, where the node does not tell."""


class RuleOptions(NamedTuple):
    """What a project sets about the rules."""

    any_interface: bool = False
    """``base-interface = "any"``: an abstract ``Base…`` of any name will do for TD002."""

    release: str | None = None
    """``tortoise-version``: the release of Tortoise that the project uses; None: what its files pin."""

    released: frozenset[Path] | None = None
    """The files of the commit that ``--against`` names; None without it."""


class Context:
    """A module that is being judged, and the project around it."""

    def __init__(self, project: Project, module: Module, options: RuleOptions) -> None:
        self.project = project
        self.module = module
        self.options = options

    @property
    def models(self) -> Models:
        """The models of the whole project."""
        return self.project.models

    @property
    def relations(self) -> Relations:
        """What the attributes of the models are."""
        return self.project.relations

    @cached_property
    def own(self) -> list[Class]:
        """The models that this module defines, in the order of the text."""
        return self.models.of(self.module)

    @cached_property
    def known_calls(self) -> list[tuple[ast.Call, list[Entity]]]:
        """The calls of the module, each with what is called, where that is known at all."""
        calls = ((call, self.module.meanings(call.func)) for call in self.module.of_type(ast.Call))
        return [(call, entities) for call, entities in calls if entities]

    @cached_property
    def external_calls(self) -> list[tuple[ast.Call, str]]:
        """The calls of what is not the project's own, each with its dotted name."""
        return [
            (call, entity.name)
            for call, entities in self.known_calls
            for entity in entities
            if isinstance(entity, External)
        ]

    @cached_property
    def tortoise_calls(self) -> list[tuple[ast.Call, str]]:
        """The calls of what is Tortoise's, each with its dotted name."""
        found: dict[ast.Call, str] = {}
        for call, name in self.external_calls:
            if name.startswith("tortoise."):
                found.setdefault(call, name)
        return list(found.items())

    @cached_property
    def inference(self) -> Inference:
        """What the module's expressions evaluate to."""
        return self.project.inference(self.module)

    def is_older_than(self, *release: int) -> bool:
        """Does the project allow older releases of Tortoise only? False where nothing says so."""
        given = self.options.release
        bound = exactly(given) if given is not None else bound_for(self.module.path.parent, self.project.root)
        return bound is not None and bound.excludes(release)

    @cached_property
    def location(self) -> Path:
        """The file's path below the project's folder."""
        path, root = self.module.path, self.project.root
        return path.relative_to(root) if path.is_relative_to(root) else path


class Rule(NamedTuple):
    """A rule; ``check`` looks at a parsed module, ``check_path`` at nothing but a file's path."""

    code: str
    name: str
    check: Callable[[Context], Iterator[Hit]] | None = None
    check_path: Callable[[Path], Iterator[Hit]] | None = None
    fixable: bool = False
    """Does ``--fix`` repair it, where that is safe?"""
    unsafe_fix: bool = False
    """Does ``--unsafe-fixes`` repair it?"""
    judges_models: bool = False
    """Is it about migrations, and yet judges the files of models?"""
    preview: bool = False
    """Is its precision not shown yet? It then runs only where somebody asks for it."""
    home: str = ""
    """The name of its module; needed only where neither function says it."""

    @property
    def module(self) -> ModuleType:
        """The module that describes it."""
        return sys.modules[self.home or (self.check or self.check_path).__module__]

    @property
    def page(self) -> str:
        """The whole page of the rule, Markdown."""
        import inspect  # it takes longer than a file, and pages are read on request only

        return inspect.cleandoc(self.module.__doc__ or "")

    @property
    def summary(self) -> str:
        """The first paragraph of what it does."""
        return self.first_paragraph("What it does")

    @property
    def in_one_line(self) -> str:
        """What it reports, up to the first colon, semicolon or full stop outside of code."""
        return _up_to(".:;", self.summary)

    @property
    def reason(self) -> str:
        """The first sentence of why it is bad."""
        return f"{_up_to('.', self.first_paragraph('Why is this bad'))}."

    @property
    def bad(self) -> str:
        """An example that breaks this rule and no other."""
        return str(self.module.BAD)

    @property
    def good(self) -> str:
        """The same, as it should be."""
        return str(self.module.GOOD)

    def section(self, title: str) -> str:
        """The text under one heading of the page."""
        match = re.search(rf"(?ms)^## {re.escape(title)}\n+(.*?)(?=^## |\Z)", self.page)
        return match[1].strip() if match else ""

    def first_paragraph(self, title: str) -> str:
        """The first paragraph under one heading of the page, on one line."""
        return " ".join(self.section(title).split("\n\n")[0].split())


def _up_to(ends: str, text: str) -> str:
    """A text up to the first of these signs that ends a part of it, outside of code and quotes."""
    match = re.match(rf'(?:`[^`]*`|"[^"]*"|[^`".:;]|[.:;](?! |$)|(?![{ends}])[.:;])*', text)
    return match[0] if match else text


def example_files(example: str) -> dict[str, str]:
    """An example as files: a line ``# file: PATH`` starts each."""
    parts = re.split(r"(?m)^# file: (\S+)\n", example)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
