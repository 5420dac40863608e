"""What the harness does with a fence, by its language: run it, check it, leave it, or call it unknown."""

from __future__ import annotations

import ast
import difflib
import re
import textwrap
import warnings

from .kinds import Kind
from .other_tools import NO_CODE_DIRECTIVES, split_tail

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("python", "py", "python3", "py3"), "python"),
    **dict.fromkeys(("pycon", "python-console", "pycon3", "python-repl"), "session"),
    **dict.fromkeys(("bash", "sh", "shell"), "shell"),
    **dict.fromkeys(
        ("console", "shell-session", "shellsession", "shell_session", "sh-session", "bash-session"), "console"
    ),
    **dict.fromkeys(("sql", "sqlite", "sqlite3"), "sql"),
    **dict.fromkeys(("toml", "yaml", "yml", "json", "ini", "cfg", "dockerfile", "docker"), "data"),
    **dict.fromkeys(("", "text", "txt", "plain", "plaintext", "markdown", "md", "mermaid"), "prose"),
    # Real languages that nothing here can check. They are named so that a typo is told from a language.
    **dict.fromkeys(
        (
            *("asciidoc", "awk", "bat", "batch", "c", "c#", "c++", "cmake", "cmd", "cpp", "cs"),
            *("csharp", "css", "csv", "cython", "dart", "diff", "django", "dot"),
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
    if language.strip("{}") in NO_CODE_DIRECTIVES and language.startswith("{"):
        return "prose"
    return _KINDS.get(language, "unknown")


def why_unchecked(language: str) -> str:
    """Explain why a block of a language without a checker proves nothing, naming the nearest known one."""
    if kind_of(language) == "unchecked":
        return f'nothing here can check {language}; use text, or norun="why" if it is only shown'
    if language.startswith("{"):
        return _why_no_directive(language)
    parts = split_tail(language)
    if parts and kind_of(parts[0]) != "unknown":
        head, tail = parts
        return (
            f"unknown language {language!r}: {tail!r} is another tool's mark; write {head}, a space and "
            f"marks of this harness, or set languages = {{{language!r} = {head!r}}}"
        )
    checked = [name for name, kind in _KINDS.items() if name and kind != "unchecked"]
    near = difflib.get_close_matches(language, checked, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "use text if it is no code"
    return f"unknown language {language!r}: {hint}"


def _why_no_directive(language: str) -> str:
    use = "use a plain fence"
    if language == "{testoutput}":
        use = "use ```text output"
    elif language in ("{include}", "{literalinclude}"):
        use = "name the file itself in paths"
    return (
        f"{language} is a MkDocs / MyST directive that is not read here: {use}, "
        f'or let it be with languages = {{"{language}" = "text"}} in the settings'
    )


def looks_like_python(source: str) -> bool:
    """Tell whether a block without a language is Python that would do something, not prose or output."""
    code = textwrap.dedent(source)
    if code.lstrip().startswith(">>> "):
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return any(map(_acts, ast.walk(tree)))


def _acts(node: ast.AST) -> bool:
    if isinstance(node, ast.stmt):
        bare_annotation = isinstance(node, ast.AnnAssign) and node.value is None
        return not isinstance(node, ast.Expr) and not bare_annotation
    return isinstance(node, ast.Call | ast.Await)
