"""What an existing project looks like: where its sub-applications are, its labels, its habits."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ..about import command
from ..analysis.migrations.facts import Tool
from ..analysis.migrations.tool import migration_tool
from ..analysis.modules import Class, External
from ..analysis.project import Project, load_project
from ..analysis.relation_graph import RelationGraph
from ..analysis.syntax import called, is_true, keyword
from ..folders import project_root
from ..toml_text import tool_table
from .changes import RefusedError, read
from .config_file import ConfigFile, Label, find_config
from .manifest import manifest_in

_RUFF_WIDTH = 88


@dataclass(frozen=True)
class Key:
    """The primary key of a model: its attribute, and its type in annotations."""

    name: str
    type: Literal["UUID", "int", "str"]


class Survey:
    """A project as its text tells it. Nothing of it is imported. Raises RefusedError."""

    def __init__(self, folder: Path) -> None:
        self.root = project_root(folder.resolve())
        self.project: Project = load_project([self.root], here=self.root)
        self.models = self.project.models
        manifest = manifest_in(self.root)
        self._tables = manifest.tables if manifest is not None else {}
        self.width = self._line_length()
        aerich, tortoise = self.tool_table("aerich"), self.tool_table("tortoise")
        named = aerich.get("tortoise_orm") or tortoise.get("tortoise_orm")
        self.config: ConfigFile | None = find_config(self.project.files.values(), self.root, named)
        self.imports, self.package = self._where_apps_are()

    # --- places

    @property
    def apps_folder(self) -> Path:
        """The folder that holds the sub-applications."""
        return self.imports.joinpath(*self.package.split(".")) if self.package else self.imports

    @cached_property
    def own_modules(self) -> frozenset[str]:
        """The first parts of the names of the project's modules, as ruff sees them."""
        folders = [self.root, self.root / "src"]
        entries = [entry for folder in folders if folder.is_dir() for entry in folder.iterdir()]
        return frozenset(
            entry.stem
            for entry in entries
            if entry.suffix == ".py" or (entry.is_dir() and "." not in entry.name)
        )

    def dotted(self, path: Path) -> str:
        """The dotted name of a module or package of the project."""
        parts = path.relative_to(self.imports).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def app(self, name: str) -> str:
        """The dotted name of a sub-application."""
        return f"{self.package}.{name}" if self.package else name

    def _where_apps_are(self) -> tuple[Path, str]:
        """The folder that imports start in, and the dotted name of the package with the sub-applications."""
        roots = [folder for folder in (self.root, self.root / "src") if folder.is_dir()]
        found: Counter[tuple[Path, str]] = Counter()
        modules = [name for label in self.config.labels for name in label.modules] if self.config else []
        for module in modules:
            app, _, last = module.rpartition(".")
            for root in roots:
                if last == "models" and app and root.joinpath(*module.split("."), "__init__.py").is_file():
                    found[root, app.rpartition(".")[0]] += 1
        if not found:
            for file in self.project.files.values():
                folder = file.path.parent
                if file.path.name == "__init__.py" and folder.name == "models":
                    top = next((root for root in reversed(roots) if folder.is_relative_to(root)), self.root)
                    parts = folder.relative_to(top).parts[:-2]
                    if len(folder.relative_to(top).parts) >= 2:
                        found[top, ".".join(parts)] += 1
        if not found:
            raise RefusedError(
                "no-models-package",
                self.root,
                "no sub-application with a models package is here: begin with "
                f"{command('scaffold')} project NAME, or split a models.py with {command('split')} PATH",
            )
        return found.most_common(1)[0][0]

    # --- habits

    @property
    def has_schemas(self) -> bool:
        """Has one of its sub-applications a package of schemas?"""
        return any(self.apps_folder.glob("*/schemas/*.py"))

    @cached_property
    def migrations(self) -> Tool | None:
        """The tool that makes its migrations."""
        return migration_tool(self.project)

    @cached_property
    def framework(self) -> str | None:
        """The web framework that its files import: fastapi or starlette."""
        for name in ("fastapi", "starlette"):
            pattern = re.compile(rf"(?m)^[ \t]*(?:from|import)[ \t]+{name}\b".encode())
            if any(pattern.search(file.data) for file in self.project.files.values()):
                return name
        return None

    @property
    def runner(self) -> str:
        """What stands before its commands: ``uv run`` with a space, or nothing."""
        has_uv = bool(self.tool_table("uv")) or (self.root / "uv.lock").exists()
        return "uv run " if has_uv else ""

    @property
    def tests_are_async(self) -> bool:
        """Does pytest await tests without a mark?"""
        options = self.tool_table("pytest").get("ini_options", {})
        return isinstance(options, dict) and options.get("asyncio_mode") == "auto"

    def fixture(self) -> str | None:
        """The fixture of tests/conftest.py that gives a test a database of its own."""
        file = self.project.files.get(str(self.root / "tests" / "conftest.py"))
        if file is None or not re.search(
            rb"tortoise_test_context|generate_schemas|TortoiseContext", file.data
        ):
            return None
        names = re.findall(r"(?m)^(?:async )?def (\w+)\(", file.text)
        usual = ("database", "tables", "db", "migrated")
        known = ("migrated", *usual) if self.circle is not None else usual
        return next((name for name in known if name in names), None)

    @cached_property
    def circle(self) -> str | None:
        """Foreign keys that lead from a model back to it: no table of these can be made from the models."""
        graph = self.project.once(RelationGraph)
        for edge in (edge for cls in self.concrete for edge in graph.edges(cls)):
            circle = graph.circle(edge)
            if circle is not None and not any(one.is_many for one in circle):
                return " → ".join(
                    [*(f"{one.source.name}.{one.field}" for one in circle), circle[0].source.name]
                )
        return None

    @property
    def lints_migrations(self) -> bool:
        """Does it use ruff, and not leave out a folder of migrations?"""
        files = [self.root / name for name in ("ruff.toml", ".ruff.toml")]
        texts = [read(file) for file in files if file.is_file()]
        texts += [str(self.tool_table("ruff"))] if self.tool_table("ruff") else []
        return bool(texts) and not any("migration" in text for text in texts)

    def has_migrations(self, label: Label) -> bool:
        """Is there a file of the built-in tool for a label? True where its package is not written out."""
        if label.migrations is None:
            return True
        folders = [base.joinpath(*label.migrations.split(".")) for base in {self.imports, self.root}]
        return any(file.stem != "__init__" for folder in folders for file in folder.glob("*.py"))

    def base_of(self, app: str) -> Class | None:
        """What the abstract bases extend: the habit of the app, where it has one, or of the project."""
        near, far = Counter[Class](), Counter[Class]()
        outside = 0
        for cls in self.concrete:
            for base in self.models.bases(cls):
                if not isinstance(base, Class) or base.name != f"Base{cls.name}":
                    continue
                for one in self.models.bases(base):
                    if isinstance(one, Class) and self.models.is_model(one):
                        far[one] += 1
                        near[one] += self.dotted_of(cls).startswith(f"{self.app(app)}.")
                    outside += isinstance(one, External)
        usual = far.most_common(1)[0][0] if far else None
        for one, times in near.most_common(1):
            if times > 1 or (times and usual not in self.models.ancestors(one)):
                return one
        if usual is not None and far[usual] >= outside:
            return usual
        named = [cls for cls in self.project.models_named("BaseModel") if self.models.is_abstract(cls)]
        return named[0] if len(named) == 1 and not outside else None

    # --- models

    @cached_property
    def concrete(self) -> list[Class]:
        """Its models with tables, without those of tests."""
        return [
            cls
            for cls in self.project.all_models
            if self.models.is_abstract(cls) is False
            and cls.module.path.is_relative_to(self.imports)
            and "tests" not in cls.module.path.relative_to(self.imports).parts
        ]

    def dotted_of(self, cls: Class) -> str:
        """The dotted name of the module that defines a class."""
        return self.dotted(cls.module.path)

    def public_module(self, cls: Class) -> str:
        """The module to import a class from: its package, where that re-exports it."""
        package = cls.module.path.parent / "__init__.py"
        module = self.project.resolver.module(str(package))
        if module is not None and cls in module.exported(cls.name):
            return self.dotted(package)
        return self.dotted_of(cls)

    def fields_of(self, cls: Class) -> Iterable[tuple[Class, str, ast.Call]]:
        """The fields of a model with those that it inherits: who defines it, its name, its call.

        Of one that is defined again the last definition counts.
        """
        ancestors = [one for one in self.models.ancestors(cls) if isinstance(one, Class)]
        owners = (*reversed(ancestors), cls)
        found = {name: (owner, name, call) for owner in owners for name, call in self.models.fields(owner)}
        return found.values()

    def key_of(self, cls: Class | None) -> Key:
        """The primary key of a model."""
        for _, name, call in self.fields_of(cls) if cls is not None else ():
            if any(is_true(keyword(call, option)) for option in ("primary_key", "pk")):
                kind = called(call)
                return Key(name, "UUID" if kind == "UUIDField" else "str" if kind == "CharField" else "int")
        return Key("id", "int")

    def label_of_class(self, cls: Class) -> str | None:
        """The label that a model is registered under."""
        for label in self.config.labels if self.config else ():
            for module in label.modules:
                path = self.imports.joinpath(*module.split("."))
                if cls.module.path.is_relative_to(path) or cls.module.path == path.with_suffix(".py"):
                    return label.name
        return None

    # --- settings

    def tool_table(self, name: str) -> dict[str, Any]:
        """The table ``[tool.NAME]`` of pyproject.toml; empty without one."""
        return tool_table(self._tables, name) or {}

    def _line_length(self) -> int:
        length = self.tool_table("ruff").get("line-length") or self.tool_table("black").get("line-length")
        if length is None:
            for name in ("ruff.toml", ".ruff.toml"):
                file = self.root / name
                match = re.search(r"(?m)^line-length\s*=\s*(\d+)", read(file)) if file.is_file() else None
                length = int(match[1]) if match else length
        return length if isinstance(length, int) and length > 40 else _RUFF_WIDTH
