"""The words after a fence's language, and what each of them may stand on.

The grammar is ``words, key=value, key="quoted value"``. Braces (``{.python title="x"}``, pandoc's and
PyMdown's form) are read too. Words that belong to other tools are let be; everything else that is not ours is
a problem, because an attribute that is silently ignored is a check that silently does not happen.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .kinds import Kind
from .languages import kind_of
from .other_tools import (
    CODE_DIRECTIVES,
    DIRECTIVE,
    DIRECTIVE_LANGUAGES,
    LABEL,
    LET_BE,
    TEXT_DIRECTIVES,
    peer_hint,
)

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
# A block that breaks a rule is looked at, not run.
_OF_WHAT_RUNS = ("norun", "raises", "xfail", "queries", "continues", "name", "prelude")

_TOKEN = re.compile(
    r"""(?P<key>[^\s="'{},][^\s="'{}]*)\s*=\s*(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<plain>[^\s{}]*?)(?=,?(?:[\s{}]|$)))"""
    r"""|(?P<range>\{[\d,\s-]+\})|(?P<word>[^\s{},][^\s{}]*)|[{}]"""
)


@dataclass(frozen=True)
class Conventions:
    """How a project writes its fences: other names for languages, and attributes of other tools that are let
    be.
    """

    languages: Mapping[str, str] = field(default_factory=dict)
    ignored_attributes: frozenset[str] = frozenset()


FIXTURE = re.compile(r"fixture:([^\W\d]\w*)")
"""A fixture of pytest that a block wants, as pytest-markdown-docs writes it: ``fixture:NAME``."""


@dataclass(frozen=True)
class Info:
    """A fence's language (lower case, empty if bare), its attributes, and what is wrong with them.

    ``directive`` is MyST's word in braces, if the fence has one in place of a language.
    """

    language: str
    attributes: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    directive: str = ""

    @property
    def kind(self) -> Kind:
        """What can be done with the language."""
        return kind_of(self.language)


def parse_info(info: str, comment: str = "", conventions: Conventions | None = None) -> Info:
    """Read an info string, and the attributes of a ``<!-- snippet: … -->`` comment above its fence.

    Never raises: what cannot be read is among ``problems``.
    """
    conventions = conventions or Conventions()
    directive, text = _directive(info.strip(), conventions)
    tokens, words = _tokens(text), _tokens(comment)
    if directive and (language := _directive_language(directive, conventions)):
        # the words are the directive's own argument, unless they are marks of ours
        words = [token for token in tokens if (token["key"] or token["word"]) in ATTRIBUTES] + words
        return _interpret(language, words, conventions.ignored_attributes, directive)
    language = ""
    if tokens and tokens[0]["word"]:
        language = tokens.pop(0)["word"].removeprefix(".").lower()
    language = conventions.languages.get(language, language)
    if directive and language.startswith("ipython"):
        language = "python"
    return _interpret(language, [*tokens, *words], conventions.ignored_attributes, directive)


def _directive(info: str, conventions: Conventions) -> tuple[str, str]:
    """MyST's directive of an info string and what follows it; no directive is a language in braces."""
    match = DIRECTIVE.fullmatch(info)
    if match is None:
        return "", info
    name = match["name"].lower()
    is_language = kind_of(name) != "unknown" or name in conventions.languages
    is_alias = f"{{{name}}}" in conventions.languages
    if is_language and not is_alias and name not in CODE_DIRECTIVES | TEXT_DIRECTIVES:
        return "", info
    return name, match["rest"].strip()


def _directive_language(directive: str, conventions: Conventions) -> str | None:
    """The language of a directive's content; None where the word behind the directive names it."""
    alias = conventions.languages.get(f"{{{directive}}}")
    if alias is not None or directive in CODE_DIRECTIVES:
        return alias
    return DIRECTIVE_LANGUAGES.get(directive, f"{{{directive}}}")


def _tokens(text: str) -> list[re.Match[str]]:
    return [match for match in _TOKEN.finditer(text.strip()) if match.group(0) not in "{}"]


def _interpret(
    language: str, words: Iterable[re.Match[str]], ignored: frozenset[str], directive: str
) -> Info:
    attributes: dict[str, str] = {}
    problems: list[str] = []
    unknown: list[str] = []
    kind = kind_of(language)
    for match in words:
        key = match["key"] or match["word"]
        if key is None or key in LET_BE or key in ignored or key.startswith((".", "#")):
            continue
        if key == match["word"] and LABEL.fullmatch(key):
            continue
        if kind == "python" and (fixture := FIXTURE.fullmatch(match.group(0))):
            attributes["fixtures"] = f"{attributes.get('fixtures', '')} {fixture[1]}".strip()
            continue
        rule = ATTRIBUTES.get(key)
        if rule is None:
            unknown.append(key)
            continue
        value = _value(match)
        problem = _problem(key, value, rule, language, kind, attributes)
        if problem:
            problems.append(problem)
        else:
            attributes[key] = value or ""
    if unknown:
        problems.insert(0, _unknown(unknown))
    problems += _contradictions(attributes)
    return Info(language, attributes, tuple(problems), directive)


def _problem(
    key: str, value: str | None, rule: _Rule, language: str, kind: Kind, attributes: dict[str, str]
) -> str | None:
    """What is wrong with one of our own attributes, or None."""
    if key in attributes:
        return f"attribute {key!r} stands twice"
    if value and value[0] in "\"'":
        return f"attribute {key!r}: the quote is never closed"
    if rule.shape == "value" and not value:
        return f"attribute {key!r} needs a value: {rule.example}"
    if rule.shape == "flag" and value is not None:
        return f"attribute {key!r} takes no value"
    if kind not in rule.kinds:
        return f"attribute {key!r} means nothing on a {language or 'bare'} block"
    return None


def _value(match: re.Match[str]) -> str | None:
    quoted = match["double"] if match["double"] is not None else match["single"]
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted)
    return match["plain"]


def _unknown(keys: list[str]) -> str:
    """One message for all unknown words of a fence: the list of the known ones stands in it once at most."""
    by_hint: dict[str, list[str]] = {}
    for key in dict.fromkeys(keys):
        near = difflib.get_close_matches(key, ATTRIBUTES, n=1, cutoff=0.6)
        hint = peer_hint(key) or (f"did you mean {near[0]!r}?" if near else "")
        by_hint.setdefault(hint, []).append(repr(key[:60]))
    told = [f"{', '.join(names)} ({hint})" if hint else ", ".join(names) for hint, names in by_hint.items()]
    plural = "s" if len({*keys}) > 1 else ""
    tail = f"; known are {', '.join(sorted(ATTRIBUTES))}" if "" in by_hint else ""
    return f"unknown attribute{plural} {', '.join(told)}{tail}"


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
