"""Why a module is not split."""

from __future__ import annotations

from dataclasses import dataclass

CODES = {
    "abstract-unknown": "the text does not tell whether a model is abstract",
    "base-name-taken": "the module has another thing of the name that the base needs",
    "class-keywords": "a model has keywords or type parameters besides its bases",
    "computed-names": "names are made or read in a way that the text does not tell",
    "conditional-model": "a model is defined in a branch",
    "encoding": "the file is not UTF-8",
    "file-name": "the file is not called models.py, and lies in no models folder",
    "global-state": "a function gives a new value to a name of the module",
    "import-circle": "the new files would import each other in a circle",
    "init-subclass": "a base class registers or changes its subclasses",
    "main-block": "the module is a program, too",
    "member-order": "the order of members cannot change without a change of meaning",
    "module-name": "the code uses the name of its module",
    "module-path": "the code uses the path of its file",
    "no-models": "the file defines no model",
    "not-importable": "the interpreter cannot import the project, so that nothing can be proved",
    "package-exists": "a package of that name is there",
    "proof-differs": "tables, descriptions or schemas would change",
    "redefined": "the same name is defined more than once",
    "set-elsewhere": "another file sets a name that a lambda reads",
}
"""The code of each refusal, and what it means."""


@dataclass(frozen=True)
class Refusal:
    """One reason, at a line of the module that was to be split."""

    code: str
    line: int
    message: str


class RefusedError(Exception):
    """The module is not split, for these reasons."""

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__("; ".join(one.message for one in refusals))
        self.refusals = refusals


def refused(code: str, line: int, message: str) -> RefusedError:
    """An error with one reason."""
    assert code in CODES, code
    return RefusedError(Refusal(code, line, message))
