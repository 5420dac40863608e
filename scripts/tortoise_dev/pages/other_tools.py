"""Marks of other documentation tools: let be, translated, or answered with what to write here instead.

They are never obeyed in silence: a block that another tool was told to skip would count as proven.
"""

from __future__ import annotations

import re

LET_BE = frozenset(
    "hl_lines linenums linenostart lineno emphasize-lines annotate copy showLineNumbers lineNumbers "
    "line-numbers numberLines startFrom startLine highlight wrap nowrap collapse caption icon".split()
)
"""Attributes that only change how a block looks, in MkDocs Material, PyMdown, Sphinx, VitePress, Docusaurus
and pandoc.
"""
LABEL = re.compile(r"\[[^\]]+\]")
"""VitePress' name of a tab, behind the language."""

_SKIP = 'norun="why" leaves a block out'
_PEERS = {
    **dict.fromkeys(("test", "lint", "upgrade", "group"), f"pytest-examples' mark; here {_SKIP}"),
    **dict.fromkeys(("notest", "fixture", "retry"), f"pytest-markdown-docs' mark; here {_SKIP}"),
    **dict.fromkeys(("skip", "ignore", "no_run", "no-run", "notrun"), f"another tool's mark; here {_SKIP}"),
    **dict.fromkeys(("continuation", "cont"), "another tool's mark; here it is continues"),
    **dict.fromkeys(
        ("exec", "source", "session", "result", "id", "idprefix", "html", "returncode", "tabs", "workdir"),
        "markdown-exec's mark: name it in ignore-attributes, or write norun",
    ),
    **dict.fromkeys(("install", "theme"), "Pyodide's mark: name it in ignore-attributes"),
    "should_panic": 'rustdoc\'s mark; here it is raises=Name or xfail="why"',
    "filename": 'another tool\'s mark; here it is title="PATH"',
}

_SKIP_COMMENT = re.compile(
    r"<!--+\s*(?P<mark>pytest\.mark\.\w+|(?:pytest-codeblocks|phmdoctest|pytest-markdown-docs)[\w-]*[.:]\s*[\w.-]+"
    r"|skip:\s*\w+|(?:mktestdocs|doccmd|blacken-docs|invisible-code-block|notest|no-?run)\b[^\n]*?)\s*-*-->"
)

HIGHLIGHT = re.compile(r"\{(?:%-?|\{[<%])\s*(?:highlight|code)\s+[\"']?(?P<language>[\w+#.-]+)")
"""Jekyll's ``{% highlight python %}`` and Hugo's ``{{< highlight python >}}``: code that is no fence."""

DIRECTIVE = re.compile(r"\{(?P<name>[A-Za-z][\w:+.-]*)\}(?P<rest>.*)", re.DOTALL)
"""MyST's ``{name} argument`` in place of a language."""
CODE_DIRECTIVES = frozenset({"code-block", "code", "code-cell", "sourcecode"})
DIRECTIVE_LANGUAGES = {
    "doctest": "pycon",
    "testcode": "python",
    "testsetup": "python",
    "testcleanup": "python",
}
"""Directives of Sphinx' doctest extension: they have a language of their own."""
SPHINX_FLAGS = ("ELLIPSIS", "IGNORE_EXCEPTION_DETAIL", "DONT_ACCEPT_TRUE_FOR_1")
"""The flags of doctest that Sphinx gives to each session in its directive."""
NO_CODE_DIRECTIVES = frozenset(
    "toctree module currentmodule py:module py:currentmodule image figure math raw contents list-table "
    "csv-table table index rubric bibliography tableofcontents video youtube automodule autoclass "
    "autofunction automethod autoexception autodata autoattribute autoproperty autosummary".split()
)
"""MyST's directives that show no code of the page: pictures, tables, lists of pages, docstrings."""
TEXT_DIRECTIVES = frozenset(
    "admonition attention caution danger error hint important note seealso tip warning versionadded "
    "versionchanged deprecated dropdown card grid grid-item grid-item-card tab-set tab-item sidebar topic "
    "epigraph div container details".split()
)
"""MyST's directives whose content is Markdown, with the words of its lookalikes."""
_OPTION = re.compile(r"\s*:(?P<name>[A-Za-z][\w-]*):")
_LOOKS = frozenset(
    "linenos lineno-start lineno-match number-lines emphasize-lines caption name class dedent force "
    "hide".split()
)
_RST_CODE = re.compile(
    r"(?m)>>> |^[ \t]*\.\. (code|source|doctest|test|prompt|literalinclude|include|ipython|plot)[\w-]*::"
    r"|^(?![ \t]*\.\. ).*::[ \t]*$"
)
_OTHER_TAIL = re.compile(r"(?P<language>[A-Za-z][\w+#.-]*)(?P<tail>[,:;|=(].*)")


def peer_hint(key: str) -> str | None:
    """Whose mark an attribute is, and what to write here; None for nobody's."""
    return _PEERS.get(key)


def skip_comment(html: str) -> str | None:
    """The mark of another tool in an HTML comment, if it is one that changes how a block is tested."""
    match = _SKIP_COMMENT.search(html)
    return match["mark"] if match else None


def split_tail(language: str) -> tuple[str, str] | None:
    """``python,ignore`` and ``python:main.py``: the language and what another tool's users hang on it."""
    match = _OTHER_TAIL.fullmatch(language)
    return (match["language"], match["tail"]) if match else None


def rst_has_code(source: str) -> bool:
    """May reStructuredText (in MyST's ``{eval-rst}``) show code, or include a file that does?"""
    return _RST_CODE.search(source) is not None


def without_options(source: str, *, is_session: bool) -> tuple[str, int, list[str]]:
    """A MyST directive's content without its ``:option:`` lines (or its YAML between ``---``): the content,
    how many lines were taken away, and the options that do more than change its looks.

    The flags of doctest (``:options: +SKIP``) stay: a session reads them.
    """
    lines = source.split("\n")
    count = 0
    if lines[0].strip() == "---" and "---" in map(str.strip, lines[1:]):
        count = [line.strip() for line in lines].index("---", 1) + 1
        names = [line.partition(":")[0].strip() for line in lines[1 : count - 1] if ":" in line]
    else:
        end = next((n for n, line in enumerate(lines) if not _OPTION.match(line)), len(lines))
        names = [match["name"] for line in lines[:end] if (match := _OPTION.match(line))]
        count = names.index("options") if "options" in names and is_session else end
    let_be = _LOOKS | {"options"} if count < len(names) else _LOOKS
    return "\n".join(lines[count:]), count, [name for name in names if name not in let_be]
