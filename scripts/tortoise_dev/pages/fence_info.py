"""The words after a fence's language, and what each of them may stand on.

The grammar is ``words, key=value, key="quoted value"``. Braces (``{.python title="x"}``, pandoc's and
PyMdown's form) are read too. Words that belong to other tools are let be; everything else that is not ours is
a problem, because an attribute that is silently ignored is a check that silently does not happen.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .languages import Kind, kind_of

_RUNS: frozenset[Kind] = frozenset({"python", "session", "shell", "console"})
_CHECKED: frozenset[Kind] = _RUNS | {"sql", "data"}
_SHOWN: frozenset[Kind] = frozenset({"prose", "sql", "data", "unchecked", "unknown"})
_ANY: frozenset[Kind] = _CHECKED | _SHOWN


@dataclass(frozen=True)
class _Rule:
    """An attribute's shape (``flag``, ``value`` or ``optional``) and the kinds it has a meaning on."""

    shape: str
    kinds: frozenset[Kind]
    example: str


ATTRIBUTES: dict[str, _Rule] = {
    "title": _Rule("value", _ANY, 'title="apps/billing/models/invoice.py"'),
    "continues": _Rule("optional", _RUNS, "continues or continues=NAME"),
    "name": _Rule("value", _RUNS, "name=NAME"),
    "prelude": _Rule("flag", frozenset({"python", "shell"}), "prelude"),
    "xfail": _Rule("value", _CHECKED, 'xfail="why it must fail"'),
    "raises": _Rule("value", frozenset({"python"}), "raises=DoesNotExist"),
    "breaks": _Rule("value", frozenset({"python"}), "breaks=TD003"),
    "queries": _Rule("value", frozenset({"python", "session"}), "queries=2"),
    "needs": _Rule("value", _CHECKED, 'needs="postgres"'),
    "output": _Rule("flag", frozenset({"prose", "data"}), "output"),
    "sql": _Rule("flag", frozenset({"prose", "sql"}), "sql"),
    "norun": _Rule("value", _ANY - {"prose"}, 'norun="why it cannot run"'),
}
# Presentation only: MkDocs Material, PyMdown, Sphinx and GitHub renderers' own words.
_LET_BE = frozenset({"hl_lines", "linenums", "linenostart", "lineno", "emphasize-lines", "annotate", "copy"})

# A block that breaks a rule is looked at, not run.
_OF_WHAT_RUNS = ("norun", "raises", "xfail", "queries", "continues", "name", "prelude")

_TOKEN = re.compile(
    r"""(?P<key>[^\s="'{}]+)\s*=\s*(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<plain>[^\s{}]*))"""
    r"""|(?P<range>\{[\d,\s-]+\})|(?P<word>[^\s{}]+)|[{}]"""
)


@dataclass(frozen=True)
class Info:
    """A fence's language (lower case, empty if bare), its attributes, and what is wrong with them."""

    language: str
    attributes: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """What can be done with the language."""
        return kind_of(self.language)


def parse_info(info: str, directive: str = "") -> Info:
    """Read an info string, and the attributes of a ``<!-- snippet: … -->`` comment above its fence.

    Never raises: what cannot be read is among ``problems``.
    """
    tokens = [match for match in _TOKEN.finditer(info.strip()) if match.group(0) not in "{}"]
    language = ""
    if tokens and tokens[0]["word"]:
        language = tokens.pop(0)["word"].removeprefix(".").lower()
    words = [*tokens, *(m for m in _TOKEN.finditer(directive.strip()) if m.group(0) not in "{}")]
    return _interpret(language, words)


def _interpret(language: str, words: Iterable[re.Match[str]]) -> Info:
    attributes: dict[str, str] = {}
    problems: list[str] = []
    kind = kind_of(language)
    for match in words:
        key = match["key"] or match["word"]
        if key is None or key in _LET_BE or key.startswith((".", "#")):
            continue
        value = _value(match)
        rule = ATTRIBUTES.get(key)
        if rule is None:
            problems.append(_unknown(key))
        elif key in attributes:
            problems.append(f"attribute {key!r} stands twice")
        elif value and value[0] in "\"'":
            problems.append(f"attribute {key!r}: the quote is never closed")
        elif rule.shape == "value" and not value:
            problems.append(f"attribute {key!r} needs a value: {rule.example}")
        elif rule.shape == "flag" and value is not None:
            problems.append(f"attribute {key!r} takes no value")
        elif kind not in rule.kinds:
            problems.append(f"attribute {key!r} means nothing on a {language or 'bare'} block")
        else:
            attributes[key] = value or ""
    problems += _contradictions(attributes)
    return Info(language, attributes, tuple(problems))


def _value(match: re.Match[str]) -> str | None:
    quoted = match["double"] if match["double"] is not None else match["single"]
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted)
    return match["plain"]


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key, ATTRIBUTES, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(ATTRIBUTES))}"
    return f"unknown attribute {key[:60]!r}: {hint}"


def _contradictions(attributes: dict[str, str]) -> Iterable[str]:
    if "queries" in attributes and not re.fullmatch(r"[0-9]{1,6}", attributes["queries"]):
        yield f"queries= takes a whole number, not {attributes['queries']!r}"
    if "raises" in attributes and not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", attributes["raises"]):
        yield f"raises= takes the name of one exception class, not {attributes['raises']!r}"
    if "breaks" in attributes and not re.fullmatch(r"TD[0-9]{3}", attributes["breaks"]):
        yield f"breaks= takes the code of one rule, such as TD003, not {attributes['breaks']!r}"
    for one, other in (
        *(("breaks", other) for other in _OF_WHAT_RUNS),
        ("norun", "raises"),
        ("norun", "xfail"),
        ("xfail", "raises"),
        ("prelude", "continues"),
    ):
        if one in attributes and other in attributes:
            yield f"attributes {one!r} and {other!r} contradict each other"
