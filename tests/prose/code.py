"""The code that prose may speak of: what blocks, examples, the tree and the installed packages say.

Comments and docstrings are left out: they are prose themselves.
"""

from __future__ import annotations

import fnmatch
import importlib.util
import io
import os
import re
import tokenize
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from prose.reading import Prose
from tortoise_dev.pages.page import Block
from tortoise_dev.pages.reading import read_page

WORD = re.compile(r"[A-Za-z_]\w*")
TOKEN = re.compile(r"\w+")
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)*(?!\w)")
NUMBER_IN_CODE = re.compile(r"(?<![\w.])\d[\d_]*(?:\.\d+)*")
TEXT = {".toml", ".yml", ".yaml", ".sh", ".tpl", ".dockerignore", ".gitignore"}
FOLDERS_LEFT_OUT = {
    ".git",
    ".venv",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    "dist",
}
_QUIET = {
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.COMMENT,
    tokenize.ENCODING,
}


@cache
def without_comments(source: str) -> str:
    """Python without comments and docstrings; what can't be read loses what follows a `#`."""
    code = readable_code(source)
    return re.sub(r"(?m)#.*$", "", source) if code is None else code


@cache
def readable_code(source: str) -> str | None:
    """Python without comments and docstrings, or None where it can't be read."""
    lines = source.split("\n")
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return None
    before = tokenize.NEWLINE
    for token, after in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
        alone = before in _QUIET and after.type == tokenize.NEWLINE
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and alone):
            for number in range(token.start[0] - 1, token.end[0]):
                begin = token.start[1] if number == token.start[0] - 1 else 0
                lines[number] = lines[number][:begin]
        before = token.type
    return "\n".join(lines)


def numbers_in(code: str) -> frozenset[str]:
    """The numbers of a text of code; `1_000` is 1000, `15m` is 15."""
    return frozenset(number.replace("_", "") for number in NUMBER_IN_CODE.findall(code))


@cache
def code_of_file(path: Path) -> str:
    source = path.read_text(encoding="utf-8")
    return without_comments(source) if path.suffix == ".py" else re.sub(r"(?m)(^|\s)#(?!!).*$", "", source)


@cache
def words_of_file(path: Path) -> frozenset[str]:
    return frozenset(TOKEN.findall(code_of_file(path)))


def code_of_block(block: Block) -> str:
    """A block with its attributes; what is only shown (text that no run is compared with) is code, too."""
    attributes = " ".join(f'{key}="{value}"' if value else key for key, value in block.attributes.items())
    if block.kind in ("python", "session"):
        source = without_comments(block.source)
    elif block.kind == "prose":
        source = block.source
    else:
        source = re.sub(r"(?m)(^|\s)#(?!!).*$", "", block.source)
    return f"{attributes}\n{source}"


@cache
def package_code(name: str) -> str:
    """The source of an installed package, or of a single module."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None, name
    origin = Path(spec.origin)
    files = sorted(origin.parent.rglob("*.py")) if origin.name == "__init__.py" else [origin]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


@dataclass(frozen=True)
class Tree:
    """The repository: its files, and the code of its example."""

    root: Path

    @cached_property
    def files(self) -> frozenset[str]:
        found = []
        for folder, folders, files in os.walk(self.root):
            folders[:] = [name for name in folders if name not in FOLDERS_LEFT_OUT]
            found += [(Path(folder) / name).relative_to(self.root).as_posix() for name in files]
        return frozenset(found)

    @cached_property
    def folders(self) -> frozenset[str]:
        return frozenset(parent.as_posix() for file in self.files for parent in Path(file).parents) - {"."}

    @cached_property
    def file_names(self) -> frozenset[str]:
        return frozenset(file.rsplit("/", 1)[-1] for file in self.files)

    def under(self, prefix: str, suffixes: tuple[str, ...] = ()) -> list[Path]:
        return [
            self.root / file
            for file in sorted(self.files)
            if file.startswith(prefix) and (not suffixes or file.endswith(suffixes))
        ]

    @cached_property
    def example_words(self) -> frozenset[str]:
        """The names of the running example, without its tests."""
        files = [
            file
            for file in self.under("examples/billing/", (".py", ".toml", ".yml", ".yaml"))
            if "/tests/" not in file.as_posix()
        ]
        return frozenset().union(*map(words_of_file, files))

    @cached_property
    def messages(self) -> list[str]:
        """What the pages of error messages are made of: errors of `facts.toml`, and outputs of pages."""
        facts = tomllib.loads((self.root / "tests" / "facts.toml").read_text(encoding="utf-8"))
        pages = self.under("references/", (".md",))
        blocks = (block for page in pages for block in read_page(page, page.name).blocks)
        outputs = [block.source for block in blocks if "output" in block.attributes]
        return [fact["error"] for fact in facts.values() if "error" in fact] + outputs

    @cached_property
    def examples(self) -> str:
        """All scripts under examples/, with what they print and say of themselves."""
        return "\n".join(file.read_text(encoding="utf-8") for file in self.under("examples/", (".py",)))

    def words_of_tools(self, page: str) -> frozenset[str]:
        """The names of this repository's own code, for the pages that speak of it."""
        folders = {
            "README.md": ("scripts/",),
            "references/checker.md": ("scripts/",),
            "references/harness.md": ("scripts/",),
            "CONTRIBUTING.md": ("scripts/", "tests/cases.toml", "tests/cases/pyproject.toml"),
            "references/rules.md": ("scripts/tortoise_dev/rules/", "scripts/tortoise_dev/analysis/"),
        }
        files = (file for folder in folders.get(page, ()) for file in self.under(folder, (".py", ".toml")))
        return frozenset().union(*map(words_of_file, files))

    @cached_property
    def configuration(self) -> str:
        """What configures this repository and the example, as one text, without what only classifies."""
        names = ("pyproject.toml", ".github/", ".ci/", ".pre-commit-hooks.yaml", "examples/billing/")
        text = "\n".join(
            code_of_file(file)
            for name in names
            for file in self.under(name)
            if file.suffix in TEXT or file.name in ("Procfile", "Dockerfile", "run", "servers")
        )
        return re.sub(r".* :: .*", "", text)


@dataclass(frozen=True)
class PageCode:
    """The code that one page's prose may speak of: its blocks, and the files that it links to."""

    page: Prose
    tree: Tree

    @cached_property
    def blocks(self) -> str:
        return "\n".join(map(code_of_block, self.page.blocks))

    @cached_property
    def linked_files(self) -> list[Path]:
        """The examples that the page links to, or names: `examples/error_messages*.py`."""
        spans = {span.text for _, piece in self.page.pieces for span in piece.spans}
        patterns = [span for span in spans if re.fullmatch(r"examples/[\w/]+\*?\.py", span)]
        named = {file for pattern in patterns for file in fnmatch.filter(self.tree.files, pattern)}
        return self.files_at(self.page.links | named)

    def files_at(self, targets: set[str]) -> list[Path]:
        """The example files that links lead to; a folder stands for its files."""
        found: list[Path] = []
        for target in sorted(targets):
            if not target.startswith("examples"):
                continue
            path = self.tree.root / target
            if path.is_file():
                found.append(path)
            elif target in self.tree.folders and target != "examples/billing":
                found += self.tree.under(target + "/", (".py", ".toml", ".yml", ".yaml"))
        return found

    @cached_property
    def text(self) -> str:
        messages = self.tree.messages if self.page.name.startswith("references/errors") else []
        return "\n".join([self.blocks, *map(code_of_file, self.linked_files), *messages])

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(TOKEN.findall(self.text))

    @cached_property
    def numbers(self) -> frozenset[str]:
        return numbers_in(self.text)
