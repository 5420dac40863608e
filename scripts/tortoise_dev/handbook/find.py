"""Which sections answer some words, a name, an error message or a rule's code: a ranking by BM25.

Words of headings count more than those of the text, and words in blocks of code count less. An identifier
counts as a whole and by its parts, a word in capitals (RETURNING) also as it is written. What stands in the
query as it stands in a section (a part of an error message) lifts that section. A section that is far behind
the best one is left out.
"""

from __future__ import annotations

import builtins
import functools
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .sections import EXAMPLE, MESSAGES, Section

_HEADING_WEIGHT, _PAGE_WEIGHT = 4, 2
_SATURATION, _LENGTH_WEIGHT = 1.2, 0.6  # BM25's usual k1, and a little less than its usual b
_PHRASE_WEIGHT = 2.5
_ASKED_WEIGHT, _UNASKED = 2.0, 0.25
_HEADING_SHARE = 0.7  # a heading says less than what people type
_CODE_WEIGHT = 0.5  # a block's names and data are often those of another topic
_LEAST_SHARE = 0.4  # of the best score: what has less is noise

_LONGEST_VALUE = 200  # characters that stand for a `…` of a message
_LEAST_CUT = 12  # characters of a message that was pasted in part, without the asker's own values

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d+")
_E_MAIL = re.compile(r"\be-(?=mail)", re.IGNORECASE)
_KEYWORD = re.compile(r"[A-Z]{2,}")
_FENCED = re.compile(r"^[ \t>]*(`{3,}|~{3,}).*?^[ \t>]*\1[^\n]*$", re.MULTILINE | re.DOTALL)
_DOUBLED = re.compile(r"([bdgmnprt])\1$")  # as in running, dropped
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")

_COMMON = frozenset(
    "a an and are as at be by can do does doesn t for from has have how i if in into is it its me my not of"
    " on or s so that the their them then there this to use used using was what when where which why will"
    " with you your want need get make we error exception raised raises please help"
    " safely properly correctly way handle problem any tortoise orm"
    " already around best could else just like only really should some something still would".split()
)

_FILLERS = frozenset(
    "a an and at by for from i in is it my of on or the to with how do can there tortoise orm".split()
)

SYNONYMS: dict[str, str] = {
    "fk": "foreign key",
    "m2m": "many to many",
    "o2o": "one to one",
    "pk": "primary key",
    "n1": "prefetch related queries relations",
    "slow": "fast queries fetch n",
    "new": "add",
    "create": "add new",
    "fixture": "test database",
    "csv": "import file",
    "bulk": "many rows",
    "cron": "job nightly",
    "scheduled": "job nightly",
    "race": "once",
    "concurrency": "race once",
    "concurrent": "race once",
    "transfer": "lost update lock",
    "cursor": "keyset",
    "idempotent": "again once",
    "duplicates": "distinct unique",
    "tenancy": "tenants",
    "archive": "soft delete",
    "rollout": "job before deploy",
    "crud": "create update delete",
    "ddl": "schema table",
    "mock": "fake",
    "mocks": "fakes",
    "pagination": "pages limit offset keyset",
    "paginate": "pages limit offset keyset",
    "upsert": "update or create conflict",
    "timezone": "time use tz",
    "datetime": "time",
    "k8s": "kubernetes",
    "soft": "deleted",
    "through": "link many columns",
    "deadlock": "lock locks",
    "decrement": "stock counter number",
    "increment": "stock counter number",
    "inventory": "stock",
    "balance": "stock counter number",
    "fts": "full text search",
    "rename": "renamed renames",
    "upgrade": "upgrading",
    "deploy": "deployment",
    "async": "await",
    "master": "primary replica",
    "slave": "replica",
    "secondary": "replica",
    "replication": "replica",
    "reconnect": "expect connections die",
    "failover": "expect connections die",
    "stream": "read parts large",
    "memory": "read parts large",
    "iterator": "read parts large",
    "chunks": "read parts batches",
    "parallel": "gather tasks",
    "ide": "annotate type mypy",
    "completion": "annotate type mypy",
    "autocomplete": "annotate type mypy",
    "legacy": "existing tables",
    "introspect": "existing tables inspectdb",
    "repl": "shell",
    "ipython": "shell",
    "number": "count",
    "print": "show log",
    "see": "show log",
    "echo": "log",
    "logging": "log",
    "litestar": "framework asgi",
    "falcon": "framework asgi",
    "quart": "framework asgi",
    "developers": "branches merge",
    "colleague": "branches merge",
    "join": "relation related",
    "price": "money decimal",
    "currency": "money decimal",
    "revert": "downgrade back",
    "undo": "downgrade back",
    "rollback": "roll back downgrade",
    "health": "probe ready",
    "healthcheck": "probe ready",
    "eager": "fetch relations prefetch",
    "lazy": "fetch relations",
    "joinedload": "fetch relations select related",
    "selectinload": "fetch relations prefetch",
    "serializer": "schema pydantic",
    "dto": "schema pydantic",
    "savepoint": "nested transaction",
    "ilike": "icontains search",
    "insensitive": "icontains search",
    "sort": "order",
    "optional": "null",
    "twice": "once",
    "double": "once",
    "overselling": "stock",
    "seed": "data rows",
    "history": "audit",
    "reserved": "name attribute method",
}
"""What people type, and the words of the pages for it."""


@dataclass(frozen=True)
class Found:
    """A section and its score; only scores of one search can be compared."""

    section: Section
    score: float


class Search:
    """A question to some sections of the handbook."""

    def __init__(self, words: str, sections: Iterable[Section]) -> None:
        self._sections = list(sections)
        self._pasted = _raised(words)
        self._words = _without_values(self._pasted, self._sections)

    def best(self, limit: int) -> list[Found]:
        """The ``limit`` sections that answer it best, best first; empty where no word is in any."""
        documents = [_weighted(section) for section in self._sections]
        sizes = [sum(document.values()) for document in documents]
        wanted = _wanted(self._words)
        rarity = {term: _rarity(term, documents) for term in wanted}
        length = sum(sizes) / max(1, len(sizes))
        pieces = _flat(self._words).split()
        found = []
        for section, document, size in zip(self._sections, documents, sizes, strict=True):
            score = sum(
                weight * rarity[term] * _bm25(document.get(term, 0.0), size / length)
                for term, weight in wanted.items()
            )
            message = _message_bonus(self._pasted, section)
            if score or message:
                bonus = max(_phrase_bonus(pieces, section), message)
                asked = _asked_bonus(wanted, rarity, section)
                found.append(Found(section, _trust(section) * (score + bonus + asked)))
        found.sort(key=lambda one: (-one.score, one.section.path, one.section.line))
        return [one for one in found[:limit] if one.score >= _LEAST_SHARE * found[0].score]

    def unknown_words(self) -> list[str]:
        """Its words that are in no section, not even by a synonym, as they were typed."""
        known = set().union(*(_weighted(section) for section in self._sections))
        typed = dict.fromkeys(_WORD.findall(self._words))
        return [word for word in typed if (terms := _wanted(word)) and known.isdisjoint(terms)]


def _trust(section: Section) -> float:
    """How much a place counts: an example proves one thing at length, the list of rules names everything, the
    top of a page names its sections, and SKILL.md has been read already.
    """
    if section.path == "SKILL.md" and section.heading == "Frequent tasks":
        return 0.2  # it has the words of every task
    if section.path.startswith("examples/error_messages"):
        return 0.2  # references/errors.md has its messages, with what to do
    is_long_or_known = section.path.startswith(("examples/", "SKILL.md")) or section.path.endswith(
        "/rules.md"
    )
    return 0.6 if is_long_or_known or section.heading == section.page else 1.0


def _rarity(term: str, documents: Sequence[dict[str, float]]) -> float:
    with_it = sum(term in document for document in documents)
    return math.log(1 + (len(documents) - with_it + 0.5) / (with_it + 0.5))


def _bm25(frequency: float, relative_length: float) -> float:
    damped = frequency + _SATURATION * (1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * relative_length)
    return frequency * (_SATURATION + 1) / damped


def _asked_bonus(wanted: dict[str, float], rarity: dict[str, float], section: Section) -> float:
    """Lift a section by the most similar phrase that people type for it, or by its heading: by the rare words
    that both have, and by the share of both that these are.
    """
    asked = sum(weight * rarity[term] for term, weight in wanted.items())
    best = 0.0
    for share, phrase in _phrases(section):
        both = phrase & wanted.keys()
        shared = sum(wanted[term] * rarity[term] for term in both)
        unshared = len(phrase) - len(both)
        best = max(best, share * shared * shared / (asked * (1 + unshared * _UNASKED)))
    return _ASKED_WEIGHT * best


@functools.cache
def _phrases(section: Section) -> list[tuple[float, frozenset[str]]]:
    """What is asked for a section, by its terms, and how much each phrase counts."""
    phrases = [(1.0, phrase) for phrase in _asked_terms(section)]
    if _has_a_task(section):
        phrases.append((_HEADING_SHARE, frozenset(_terms(section.heading))))
    return phrases


def _has_a_task(section: Section) -> bool:
    """Whether the heading says what the section is for: that of a page, a message and an example does not."""
    is_named = section.heading == section.page or section.page.startswith((MESSAGES, EXAMPLE))
    return not is_named and section.path.startswith("references/")


@functools.cache
def _asked_terms(section: Section) -> list[frozenset[str]]:
    return [frozenset(_terms(phrase)) for phrase in section.asked]


def _wanted(words: str) -> dict[str, float]:
    """The terms of a query with their weights: a name_like_this counts twice.

    Half counts what a synonym adds, a part of an identifier, and a class of Python's own errors.
    """
    terms: dict[str, float] = {}
    for word in _WORD.findall(_E_MAIL.sub("e", words)):
        found = _terms(word)
        is_common_error = isinstance(
            getattr(builtins, word, None), type
        )  # RuntimeError: many messages have it
        for term in found[:1] if is_common_error else found:
            is_part = len(found) > 1 and term.lower() != word.lower()
            weight = 2.0 if "_" in term else 0.5 if is_part or is_common_error else 1.0
            terms[term] = max(weight, terms.get(term, 0.0))
    for typed in re.findall(r"\w+", words.lower().replace("n+1", "n1")):
        for term in _terms(SYNONYMS.get(typed, "")):
            terms.setdefault(term, 0.5)
    return terms


@functools.cache
def _weighted(section: Section) -> dict[str, float]:
    counts = _counted(section)
    name = section.path.rpartition("/")[2].removesuffix(".md")
    for text, weight in ((section.heading, _HEADING_WEIGHT), (f"{section.page} {name}", _PAGE_WEIGHT)):
        for term in _terms(text):
            counts[term] = counts.get(term, 0.0) + weight
    for term in frozenset[str]().union(*_asked_terms(section)):
        counts[term] = counts.get(term, 0.0) + 1
    return counts


def _counted(section: Section) -> dict[str, float]:
    """How often each term stands in the text; a block of code counts less, but not in an example."""
    counts = Counter(_terms(section.text))
    if section.page == EXAMPLE:
        return dict(counts)
    outside = Counter(_terms(_FENCED.sub("", section.text)))
    return {term: outside[term] + _CODE_WEIGHT * (count - outside[term]) for term, count in counts.items()}


def _terms(text: str) -> list[str]:
    """The words of a text in lower case: identifiers as a whole and by their parts, without endings."""
    return [term for word in _WORD.findall(_E_MAIL.sub("e", text)) for term in _terms_of(word)]


@functools.cache
def _terms_of(word: str) -> tuple[str, ...]:
    """The same of one word. A lookup that is a common word, as in ``id__in``, counts with its underscores."""
    parts = [part.lower() for part in _PART.findall(word)]
    return (
        *([word.lower()] if len(parts) > 1 else ()),
        *([word] if _KEYWORD.fullmatch(word) else ()),
        *(_stem(part) for part in parts if part not in _COMMON),
        *([f"__{parts[-1]}"] if "__" in word and parts and parts[-1] in _COMMON else ()),
    )


def _stem(word: str) -> str:
    """A word without the endings of the plural and of the verb; e-mail, email and mail are one word."""
    if word.startswith("email"):
        word = word[1:]
    for ending, rest in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            stem = word[: len(word) - len(ending)] + rest
            return stem[:-1] if ending in ("ing", "ed") and _DOUBLED.search(stem) else stem
    return word


def _phrase_bonus(pieces: Sequence[str], section: Section) -> float:
    """Lift a section that holds several words of the query in a row, as an error message does.

    Articles and prepositions do not count, as in "at the same time".
    """
    text = _flat_text(section)
    most = 0
    for start in range(len(pieces)):
        end = start
        while end < len(pieces) and " ".join(pieces[start : end + 1]) in text:
            end += 1
        most = max(most, sum(piece not in _FILLERS for piece in pieces[start:end]))
    return _PHRASE_WEIGHT * (most - 1) if most > 1 else 0.0


def _message_bonus(words: str, section: Section) -> float:
    """Lift the message that was pasted, whatever stands in place of its `…`: by the length of the rest.

    Half as much lifts another text of the same error: of an older release, of another driver. If the pasted
    text ends before the message does, only the pasted part counts.
    """
    if not section.page.startswith(MESSAGES):
        return 0.0
    if _message_pattern(section.heading).search(words):
        return float(sum(map(len, section.heading.split("…"))))
    if cut := _cut_message(section.heading, words):
        return float(cut[0])
    others = [text for text in section.asked if re.search(rf"(?<!\w){re.escape(text)}(?!\w)", words, re.I)]
    return max(map(len, others), default=0) / 2


@functools.cache
def _message_pattern(message: str) -> re.Pattern[str]:
    """A message with anything in place of each `…`, which is a group. A shell may have eaten its quotes."""
    parts = message.split("…")
    literals = [re.sub(r"[\"'`]", "[\"'`]?", re.escape(part)) for part in parts]
    gap = rf"([^\n]{{0,{_LONGEST_VALUE}}}?)"  # bounded: a pasted log may be long
    gaps = [gap if part else r"(\S*)" for part in parts[1:]]  # the last value ends with its word
    return re.compile("".join(a + b for a, b in zip(literals, [*gaps, ""], strict=True)))


def _cut_message(message: str, words: str) -> tuple[int, list[tuple[int, int]]] | None:
    """How much of a message ends a pasted text that stops before the message does, on its last line.

    In characters that are the same for everybody, and where the asker's own values are.
    """
    text = words.rstrip(" .…\n")
    line = text.rfind("\n") + 1
    first, *rest = message.split("…")
    at, same, values = text.find(first, line), len(first), list[tuple[int, int]]()
    if at < 0:
        same = _length_at_the_end(first, text[line:])
        return (same, []) if same >= _LEAST_CUT else None
    at += len(first)
    for part in rest:
        found = text.find(part, at)
        ends = len(part) if found >= 0 else _length_at_the_end(part, text[at:])
        values.append((at, found if found >= 0 else len(text) - ends))
        same += ends
        if found < 0:
            break
        at = found + len(part)
    is_short = values and all(end - start <= _LONGEST_VALUE for start, end in values)
    return (same, values) if same >= _LEAST_CUT and is_short else None


def _length_at_the_end(part: str, text: str) -> int:
    """How many first characters of ``part`` end the text."""
    return next((size for size in range(len(part), 0, -1) if text.endswith(part[:size])), 0)


_FRAME = re.compile(r"""\bFile "[^"\n]+", line \d+(?:, in [\w.<>]+)?""")
_RAISED = re.compile(
    r"(?:^|[\s|])(?:(?:\w+\.)+[A-Z]\w+|[A-Z]\w*(?:Error|Exception|Warning)): \S"
    r"|^[\s|+E]*(?:[A-Z]\w*[a-z][A-Z]\w*: \S|[\w.]*(?:Error|Exception|Warning)\s*$)"
)
_NO_MESSAGE = re.compile(rf"^[\s|+E]*$|{_FRAME.pattern}|Traceback \(most recent call last\)")


def _raised(words: str) -> str:
    """Of a pasted traceback, log or report of tests only the errors, without files, functions and code.

    A text that names no error stays as it is.
    """
    kept, is_raised = list[str](), False
    for line in words.splitlines():
        is_raised = bool(_RAISED.search(line)) or (is_raised and not _NO_MESSAGE.search(line))
        if is_raised:
            kept.append(line)
    rest = _FRAME.sub(" ", "\n".join(kept) or words)
    return rest if _wanted(rest) else words


_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_OF_A_ROW = re.compile(r"(?<=\)=\()[^()]*(?=\))")  # PostgreSQL: Key (email)=(…) already exists
_QUOTED = re.compile(r"""(?<=['"`])[A-Za-z]\w*(?=['"`])""")
_ERROR = re.compile(r"\w+(?:Error|Exception|Warning): ")


def _without_values(words: str, sections: Sequence[Section]) -> str:
    """The words without what a pasted message says of the asker's own data: it names no topic.

    That is what stands for the `…` of a message; an address of a person; in an error, a name in quotes that
    no section has as a whole. If nothing else is left, the words stay as they are.
    """
    spans = [one.span() for pattern in (_EMAIL, _OF_A_ROW) for one in pattern.finditer(words)]
    for section in sections:
        if section.page.startswith(MESSAGES) and "…" in section.heading:
            found = _message_pattern(section.heading).search(words)
            groups = range(1, 1 + len(found.groups())) if found else ()
            spans += [found.span(group) for group in groups if found]
            if not found and (cut := _cut_message(section.heading, words)):
                spans += cut[1]
    if _ERROR.search(words):
        spans += [one.span() for one in _QUOTED.finditer(words) if not _is_known(one[0], sections)]
    kept = list(words)
    for start, end in spans:
        kept[start:end] = " " * (end - start)
    rest = "".join(kept)
    return rest if _wanted(rest) else words


def _is_known(name: str, sections: Sequence[Section]) -> bool:
    return any(
        name.lower() in _weighted(section) or _stem(name.lower()) in _weighted(section)
        for section in sections
    )


@functools.cache
def _flat_text(section: Section) -> str:
    return _flat(f"{section.heading}\n{section.text}")


def _flat(text: str) -> str:
    return re.sub(r"[^\w.]+", " ", text.lower())
