"""Which sections answer some words, a name, an error message or a rule's code: a ranking by BM25.

Words of headings count more than those of the text. An identifier counts as a whole and by its parts. What
stands in the query as it stands in a section (a part of an error message) lifts that section.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .sections import Section

_HEADING_WEIGHT, _PAGE_WEIGHT = 4, 2
_SATURATION, _LENGTH_WEIGHT = 1.2, 0.6  # BM25's usual k1, and a little less than its usual b
_PHRASE_WEIGHT = 3.0

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")

_COMMON = frozenset(
    "a an and are as at be by can do does doesn t for from has have how i if in into is it its me my not of"
    " on or s so that the their them then there this to use used using was what when where which why will"
    " with you your want need get make we error exception raised raises please help tortoise orm".split()
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
    "rename": "renamed renames",
    "upgrade": "upgrading",
    "deploy": "deployment",
    "async": "await",
}
"""What people type, and the words of the pages for it."""


@dataclass(frozen=True)
class Found:
    """A section and its score; only scores of one search can be compared."""

    section: Section
    score: float


def find(words: str, sections: Iterable[Section], limit: int) -> list[Found]:
    """The ``limit`` sections that answer the words best, best first; empty where no word is in any."""
    documents = [(section, _weighted(section)) for section in sections]
    wanted = _wanted(words)
    counts = {term: sum(term in document for _, document in documents) for term in wanted}
    length = sum(document.total() for _, document in documents) / max(1, len(documents))
    found = []
    for section, document in documents:
        score = sum(
            weight * _bm25(document[term], document.total() / length, counts[term], len(documents))
            for term, weight in wanted.items()
        )
        if score:
            found.append(Found(section, _trust(section) * (score + _phrase_bonus(words, section))))
    found.sort(key=lambda one: (-one.score, one.section.path, one.section.line))
    return found[:limit]


def _trust(section: Section) -> float:
    """How much a place counts: an example proves one thing at length, the list of rules names everything, the
    top of a page names its sections, and SKILL.md has been read already.
    """
    if section.path == "SKILL.md" and section.heading == "Frequent tasks":
        return 0.2  # it has the words of every task
    is_long_or_known = section.path.startswith(("examples/", "SKILL.md")) or section.path.endswith(
        "/rules.md"
    )
    return 0.6 if is_long_or_known or section.heading == section.page else 1.0


def _bm25(frequency: int, relative_length: float, documents_with_it: int, documents: int) -> float:
    if not frequency:
        return 0.0
    rarity = math.log(1 + (documents - documents_with_it + 0.5) / (documents_with_it + 0.5))
    damped = frequency + _SATURATION * (1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * relative_length)
    return rarity * frequency * (_SATURATION + 1) / damped


def _wanted(words: str) -> dict[str, float]:
    """The terms of a query with their weights; what a synonym adds counts half."""
    terms = dict.fromkeys(_terms(words), 1.0)
    for typed in re.findall(r"\w+", words.lower().replace("n+1", "n1")):
        for term in _terms(SYNONYMS.get(typed, "")):
            terms.setdefault(term, 0.5)
    return terms


@functools.cache
def _weighted(section: Section) -> Counter[str]:
    counts = Counter(_terms(section.text))
    name = section.path.rpartition("/")[2].removesuffix(".md")
    for text, weight in ((section.heading, _HEADING_WEIGHT), (f"{section.page} {name}", _PAGE_WEIGHT)):
        for term in _terms(text):
            counts[term] += weight
    return counts


def _terms(text: str) -> list[str]:
    """The words of a text in lower case: identifiers as a whole and by their parts, without endings."""
    terms: list[str] = []
    for word in _WORD.findall(text):
        lower = word.lower()
        parts = [part.lower() for part in _PART.findall(word)]
        terms += [lower] if len(parts) > 1 else []
        terms += [_stem(part) for part in parts if part not in _COMMON]
    return terms


def _stem(word: str) -> str:
    """A word without the endings of the plural and of the verb."""
    for ending, rest in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: len(word) - len(ending)] + rest
    return word


def _phrase_bonus(words: str, section: Section) -> float:
    """Lift a section that holds several words of the query in a row, as an error message does."""
    text = _flat(f"{section.heading}\n{section.text}")
    pieces: Sequence[str] = _flat(words).split()
    longest = 0
    for start in range(len(pieces)):
        while start + longest < len(pieces) and " ".join(pieces[start : start + longest + 1]) in text:
            longest += 1
    return _PHRASE_WEIGHT * (longest - 1) if longest > 1 else 0.0


def _flat(text: str) -> str:
    return re.sub(r"[^\w.]+", " ", text.lower())
