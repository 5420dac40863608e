"""What a fence's language means to the harness: run it, check it, let it be, or admit that nothing can."""

from __future__ import annotations

import difflib
import re
from typing import Literal

Kind = Literal["python", "session", "shell", "console", "sql", "data", "prose", "unchecked", "unknown"]

RUNNABLE: frozenset[Kind] = frozenset({"python", "session", "shell", "console"})

IN_SHELL: frozenset[Kind] = frozenset({"shell", "console"})

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("python", "py", "python3", "py3"), "python"),
    **dict.fromkeys(("pycon", "python-console", "pycon3", "python-repl"), "session"),
    **dict.fromkeys(("bash", "sh", "shell"), "shell"),
    **dict.fromkeys(
        ("console", "shell-session", "shellsession", "shell_session", "sh-session", "bash-session"), "console"
    ),
    **dict.fromkeys(("sql", "sqlite", "sqlite3"), "sql"),
    **dict.fromkeys(("toml", "yaml", "yml", "json", "ini", "cfg"), "data"),
    **dict.fromkeys(("", "text", "txt", "plain", "plaintext", "markdown", "md", "mermaid"), "prose"),
    # Real languages that nothing here can check. They are named so that a typo is told from a language.
    **dict.fromkeys(
        (
            *("asciidoc", "awk", "bat", "batch", "c", "c#", "c++", "cmake", "cmd", "cpp", "cs"),
            *("csharp", "css", "csv", "cython", "dart", "diff", "django", "docker", "dockerfile", "dot"),
            *("elixir", "env", "fish", "go", "gherkin", "graphql", "graphviz", "groovy", "haskell", "hcl"),
            *("html", "http", "ipython", "java", "javascript", "jinja", "jinja2", "js", "json5", "jsonc"),
            *("jsonl", "jsx", "julia", "kotlin", "latex", "less", "log", "lua", "make", "makefile", "mysql"),
            *("nginx", "nix", "objc", "patch", "perl", "pgsql", "php", "plpgsql", "postgres", "postgresql"),
            *(
                "powershell",
                "properties",
                "proto",
                "protobuf",
                "ps1",
                "psql",
                "pyi",
                "pytb",
                "r",
                "rb",
                "rst",
            ),
            *("ruby", "rust", "rs", "sass", "scala", "scss", "swift"),
            *("tcl", "terraform", "tex", "tf", "ts", "tsx", "typescript", "vim", "vue", "xml", "xonsh"),
            *("zig", "zsh"),
        ),
        "unchecked",
    ),
}
_PYTHON_VERSION = re.compile(r"(python|py)\d+(\.\d+)*")


def kind_of(language: str) -> Kind:
    """Tell what can be done with a fence of this (lower-case) language."""
    if _PYTHON_VERSION.fullmatch(language):
        return "python"
    return _KINDS.get(language, "unknown")


def why_unchecked(language: str) -> str:
    """Explain why a block of a language without a checker proves nothing, naming the nearest known one."""
    if kind_of(language) == "unchecked":
        return f'nothing here can check {language}; use text, or norun="why" if it is only shown'
    checked = [name for name, kind in _KINDS.items() if name and kind != "unchecked"]
    near = difflib.get_close_matches(language, checked, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "use text if it is no code"
    return f"unknown language {language!r}: {hint}"
