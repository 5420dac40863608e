"""Names that the module only imported, and that the package goes on giving: who takes them from there."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ..analysis.import_paths import module_name
from ..analysis.modules import Module
from ..analysis.project import Project
from .imports import Imports
from .statements import Statement


def notes_on_passed_on(
    module: Module, statements: Sequence[Statement], imports: Imports, project: Project, *, starred: bool
) -> Iterator[str]:
    """What the user may delete, and what ``import *`` outside of the project no longer gives.

    The lines stay, because code outside of the project (a notebook, a shell, a template) cannot be read.
    """
    names = sorted(name for name, found in imports.by_name.items() if not all(one.typing for one in found))
    if starred or not names or any("__all__" in one.binds for one in statements):
        return
    kept = imports.places.set_elsewhere
    unused = [name for name in names if name not in kept and not _is_taken(module, name, project)]
    if unused:
        yield (
            f"no file of the project imports {', '.join(unused)} from the package: "
            "delete these lines of __init__.py, if nothing outside does either"
        )
    yield (
        f"__all__ is new and lacks {', '.join(names)}: "
        "if code outside of the project uses `import *`, add them, and keep their lines"
    )


def _is_taken(module: Module, name: str, project: Project) -> bool:
    """Does a file of the project take this name from the module, by an import, an attribute or a text?"""
    dotted = f"{module_name(module.key)}.{name}"
    return any(
        dotted.encode() in other.file.data
        or any(_imports(other, node, module, name, project) for node in other.of_type(ast.ImportFrom))
        or any(
            node.attr == name and module in other.meanings(node.value)
            for node in other.of_type(ast.Attribute)
        )
        for other in project.users_of(module, name)
        if other is not module
    )


def _imports(other: Module, node: ast.ImportFrom, module: Module, name: str, project: Project) -> bool:
    has_name = any(alias.name == name for alias in node.names)
    return has_name and module in project.resolver.imported(other, node.module, node.level)


def is_starred(module: Module, project: Project) -> bool:
    """Does a file of the project import ``*`` from the module?"""
    name = module_name(module.key).encode()
    for key, file in project.files.items():
        if b"import *" in file.data and name in file.data and key != module.key:
            other = project.resolver.module(key)
            for star in other.scope.stars if other is not None else ():
                assert other is not None
                if module in project.resolver.imported(other, star.module, star.level):
                    return True
    return False
