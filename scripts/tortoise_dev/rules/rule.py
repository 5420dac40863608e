"""What a rule is: a code, a name, a page (its module's docstring) and a function that finds hits."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType

from ..project.attributes import Attributes
from ..project.models import Models
from ..project.modules import Class, Module
from ..project.picture import Picture
from ..project.values import Values


@dataclass(frozen=True)
class Hit:
    """A place that breaks a rule: a node of the module's tree, or line 1 for None."""

    node: ast.AST | None
    message: str
    fixable: bool = False


@dataclass(frozen=True)
class RuleOptions:
    """What a project sets about the rules."""

    any_interface: bool = False
    """``base-interface = "any"``: an abstract ``Base…`` of any name will do for TD002."""


@dataclass
class Context:
    """A module that is being judged, and the project around it."""

    picture: Picture
    module: Module
    options: RuleOptions = field(default_factory=RuleOptions)

    @property
    def models(self) -> Models:
        """The models of the whole project."""
        return self.picture.models

    @property
    def attributes(self) -> Attributes:
        """What the attributes of the models are."""
        return self.picture.attributes

    @cached_property
    def own(self) -> list[Class]:
        """The models that this module defines, in the order of the text."""
        return [cls for cls in self.module.classes if self.models.is_model(cls)]

    @property
    def values(self) -> Values:
        """The values of the module's expressions."""
        return self.picture.values(self.module)

    @cached_property
    def location(self) -> Path:
        """The file's path below the project's folder."""
        path, root = self.module.path, self.picture.root
        return path.relative_to(root) if path.is_relative_to(root) else path


@dataclass(frozen=True)
class Rule:
    """A rule; ``check`` looks at a parsed module, ``check_path`` at nothing but a file's path."""

    code: str
    name: str
    check: Callable[[Context], Iterator[Hit]] | None = None
    check_path: Callable[[Path], Iterator[Hit]] | None = None
    fixable: bool = False
    module: ModuleType = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        module = inspect.getmodule(self.check or self.check_path)
        assert module is not None
        object.__setattr__(self, "module", module)

    @property
    def page(self) -> str:
        """The whole page of the rule, Markdown."""
        return inspect.cleandoc(self.module.__doc__ or "")

    @property
    def summary(self) -> str:
        """The first sentence of what it does."""
        return self.section("What it does").split("\n\n")[0].replace("\n", " ")

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


def example_files(example: str) -> dict[str, str]:
    """An example as files: a line ``# file: PATH`` starts each."""
    parts = re.split(r"(?m)^# file: (\S+)\n", example)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
