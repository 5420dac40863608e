"""The files of the examples, each on a page of its own, and a page that lists them as a tree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path, PurePosixPath

from ...pages.fingerprints import files_of
from .block_html import bar_html, code_html, proof_html
from .navigation import Entry
from .proof import Run

FOLDER = "examples"
INDEX = f"{FOLDER}/index.md"
_LONGEST = 60_000
_LANGUAGES = {"Dockerfile": "docker", "Procfile": "yaml", "yml": "yaml", "sh": "bash", "py": "python"}


def example_files(root: Path) -> list[PurePosixPath]:
    """The examples' files that can be read on a page, relative to the handbook. Raises OSError."""
    found = []
    for file in files_of(root / FOLDER):
        if file.stat().st_size <= _LONGEST and file.name != "uv.lock":
            found.append(PurePosixPath(file.relative_to(root).as_posix()))
    return sorted(found)


def page_file(path: PurePosixPath) -> str:
    """The page of an example's file among the sources. Hidden names would be left out: their dot goes."""
    return "/".join(part.lstrip(".") for part in path.parts) + ".md"


def example_page(path: PurePosixPath, source: str, runs: Sequence[Run]) -> str:
    """The text of an example's page."""
    up = "../" * (len(path.parts) - 1)
    folders = " / ".join(escape(part) for part in path.parts[1:-1])
    crumbs = f'<a href="{up}{FOLDER}/index.html">Examples</a>{" / " + folders if folders else ""}'
    bar = bar_html(path.as_posix())
    about = first_line(source) if path.suffix == ".py" else ""
    proof = proof_html(runs) if runs or _runs_by_itself(path) else ""
    parts = [
        f"# {path.name.replace('_', chr(92) + '_')}",
        f'<p class="td-crumbs">{crumbs}</p>',
        f'<div class="td-text"><p>{escape(about)}</p></div>' if about else "",
        f'<div class="td-block" id="file">{bar}{code_html(source, language_of(path))}{proof}</div>',
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def index_page(files: Sequence[PurePosixPath], titles: dict[PurePosixPath, str]) -> str:
    """The page that lists all examples: the projects as trees, and the scripts with what they prove."""
    scripts = [path for path in files if len(path.parts) == 2]
    projects = sorted({path.parts[1] for path in files if len(path.parts) > 2})
    parts = [
        "# Examples",
        '<div class="td-text"><p>Projects that pages show parts of, and scripts that prove one thing each. '
        "All of them run in CI.</p></div>",
    ]
    for project in projects:
        inner = [path for path in files if len(path.parts) > 2 and path.parts[1] == project]
        parts += [
            f"## {project.replace('_', chr(92) + '_')} {{#{project}}}",
            f'<div class="td-tree">{_tree(inner, 2)}</div>',
        ]
    rows = "".join(
        f'<li><a href="{path.name}.html">{path.name}</a> <span>{escape(titles.get(path, ""))}</span></li>'
        for path in scripts
    )
    parts += ["## Scripts", f'<ul class="td-scripts">{rows}</ul>']
    return "\n\n".join(parts) + "\n"


def entries_of(files: Sequence[PurePosixPath], depth: int = 1) -> tuple[Entry, ...]:
    """The files for the navigation: folders first, each with what is in it."""
    folders, here = _split(files, depth)
    below = (
        Entry("/".join((*paths[0].parts[2:depth], name)) + "/", children=entries_of(paths, depth + 1))
        for name, paths in folders.items()
    )
    return (*below, *(Entry(path.name, page_file(path)) for path in here))


def first_line(source: str) -> str:
    """The first line of a module's docstring."""
    match = re.search(r'^"""(.*?)(?:\n|""")', source, re.MULTILINE)
    return match[1].strip() if match and source[: match.start()].count("\n") < 3 else ""


def language_of(path: PurePosixPath) -> str:
    """The language that a file's colours follow."""
    return _LANGUAGES.get(path.name) or _LANGUAGES.get(path.suffix[1:], path.suffix[1:] or "text")


def _runs_by_itself(path: PurePosixPath) -> bool:
    return len(path.parts) == 2 and path.suffix == ".py"


def _tree(files: Sequence[PurePosixPath], depth: int) -> str:
    folders, here = _split(files, depth)
    inner = "".join(
        f"<li><span>{escape(name)}/</span>{_tree(paths, depth + 1)}</li>" for name, paths in folders.items()
    )
    own = "".join(f'<li><a href="{_address(path)}">{escape(path.name)}</a></li>' for path in here)
    return f"<ul>{inner}{own}</ul>"


def _split(
    files: Sequence[PurePosixPath], depth: int
) -> tuple[dict[str, list[PurePosixPath]], list[PurePosixPath]]:
    """Files by the folder that they are in at this depth, and those that are in none."""
    folders: dict[str, list[PurePosixPath]] = {}
    here: list[PurePosixPath] = []
    for path in files:
        if len(path.parts) - depth == 1:
            here.append(path)
        else:
            folders.setdefault(path.parts[depth], []).append(path)
    return folders, here


def _address(path: PurePosixPath) -> str:
    return page_file(path).removeprefix(f"{FOLDER}/").removesuffix(".md") + ".html"
