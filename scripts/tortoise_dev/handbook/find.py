"""Which sections answer some words, a name, an error message or a rule's code: a ranking by BM25.

Words of headings count more than those of the text, and words in blocks of code count less. What stands in
the query as it stands in a section (a part of an error message) lifts that section. A section that is far
behind the best one is left out.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .pasted import message_bonus, message_in, raised, without_values
from .sections import EXAMPLE, MESSAGES, Section
from .terms import WORD, stem, terms_in, wanted_terms

_HEADING_WEIGHT, _PAGE_WEIGHT = 4, 2
_SATURATION, _LENGTH_WEIGHT = 1.2, 0.6  # BM25's usual k1, and a little less than its usual b
_PHRASE_WEIGHT = 2.5
_ASKED_WEIGHT, _UNASKED = 2.0, 0.25
_HEADING_SHARE = 0.7  # a heading says less than what people type
_CODE_WEIGHT = 0.5  # a block's names and data are often those of another topic
_LEAST_SHARE = 0.4  # of the best score: what has less is noise

_FENCED = re.compile(r"^[ \t>]*(`{3,}|~{3,}).*?^[ \t>]*\1[^\n]*$", re.MULTILINE | re.DOTALL)
_FILLERS = frozenset(
    "a an and at by for from i in is it my of on or the to with how do can there tortoise orm".split()
)


@dataclass(frozen=True)
class Found:
    """A section and its score; only scores of one search can be compared."""

    section: Section
    score: float


class Search:
    """A question to some sections of the handbook."""

    def __init__(self, words: str, sections: Iterable[Section]) -> None:
        self._sections = list(sections)
        self._pasted = raised(words)
        rows = [section for section in self._sections if section.page.startswith(MESSAGES)]
        self._lower = self._pasted.lower()
        self._messages = {section: message_in(section.heading, self._pasted) for section in rows}
        self._words = without_values(self._pasted, filter(None, self._messages.values()), self._is_known)

    def best(self, limit: int) -> list[Found]:
        """The ``limit`` sections that answer it best, best first; empty where no word is in any."""
        documents = [_weighted(section) for section in self._sections]
        sizes = [_size(section) for section in self._sections]
        wanted = wanted_terms(self._words)
        rarity = {term: _rarity(term, documents) for term in wanted}
        length = sum(sizes) / max(1, len(sizes))
        most = sum(weight * rarity[term] for term, weight in wanted.items())
        pieces = _flat(self._words).split()
        found = []
        for section, document, size in zip(self._sections, documents, sizes, strict=True):
            score = sum(
                weight * rarity[term] * _bm25(document.get(term, 0.0), size / length)
                for term, weight in wanted.items()
            )
            is_row = section in self._messages
            message = message_bonus(self._lower, section, self._messages[section]) if is_row else 0.0
            if score or message:
                bonus = max(_phrase_bonus(pieces, section), message)
                asked = _asked_bonus(wanted, rarity, most, section)
                found.append(Found(section, _trust(section) * (score + bonus + asked)))
        found.sort(key=lambda one: (-one.score, one.section.path, one.section.line))
        return [one for one in found[:limit] if one.score >= _LEAST_SHARE * found[0].score]

    def _is_known(self, name: str) -> bool:
        """Does a section have this name as a whole?"""
        forms = {name.lower(), stem(name.lower())}
        return any(form in _weighted(section) for section in self._sections for form in forms)

    def unknown_words(self) -> list[str]:
        """Its words that are in no section, not even by a synonym, as they were typed."""
        known = set().union(*(_weighted(section) for section in self._sections))
        typed = dict.fromkeys(WORD.findall(self._words))
        return [word for word in typed if (terms := wanted_terms(word)) and known.isdisjoint(terms)]


def _trust(section: Section) -> float:
    """How much a place counts: an example proves one thing at length, the list of rules names everything, the
    top of a page names its sections, and SKILL.md has been read already.
    """
    if section.path == "SKILL.md" and section.heading == "Frequent tasks":
        return 0.2  # it has the words of every task
    if section.path.startswith("examples/error_messages"):
        return 0.2  # references/errors.md has its messages, with what to do
    is_long_or_known = section.path.startswith(("examples/", "SKILL.md", "references/rules.md"))
    return 0.6 if is_long_or_known or section.heading == section.page else 1.0


def _rarity(term: str, documents: Sequence[dict[str, float]]) -> float:
    with_it = sum(term in document for document in documents)
    return math.log(1 + (len(documents) - with_it + 0.5) / (with_it + 0.5))


def _bm25(frequency: float, relative_length: float) -> float:
    damped = frequency + _SATURATION * (1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * relative_length)
    return frequency * (_SATURATION + 1) / damped


def _asked_bonus(wanted: dict[str, float], rarity: dict[str, float], most: float, section: Section) -> float:
    """Lift a section by the most similar phrase that people type for it, or by its heading: by the rare words
    that both have, and by the share of both that these are. ``most`` is the sum of all words.
    """
    best = 0.0
    for share, phrase in _phrases(section):
        both = phrase & wanted.keys()
        if not both:
            continue
        shared = sum(wanted[term] * rarity[term] for term in both)
        unshared = len(phrase) - len(both)
        best = max(best, share * shared * shared / (most * (1 + unshared * _UNASKED)))
    return _ASKED_WEIGHT * best


@functools.cache
def _phrases(section: Section) -> list[tuple[float, frozenset[str]]]:
    """What is asked for a section, by its terms, and how much each phrase counts."""
    phrases = [(1.0, phrase) for phrase in _asked_terms(section)]
    if _has_a_task(section):
        phrases.append((_HEADING_SHARE, frozenset(terms_in(section.heading))))
    return phrases


def _has_a_task(section: Section) -> bool:
    """Whether the heading says what the section is for: that of a page, a message and an example does not."""
    is_named = section.heading == section.page or section.page.startswith((MESSAGES, EXAMPLE))
    return not is_named and section.path.startswith("references/")


@functools.cache
def _asked_terms(section: Section) -> list[frozenset[str]]:
    return [frozenset(terms_in(phrase)) for phrase in section.asked]


@functools.cache
def _weighted(section: Section) -> dict[str, float]:
    counts = _counted(section)
    name = section.path.rpartition("/")[2].removesuffix(".md")
    for text, weight in ((section.heading, _HEADING_WEIGHT), (f"{section.page} {name}", _PAGE_WEIGHT)):
        for term in terms_in(text):
            counts[term] = counts.get(term, 0.0) + weight
    for term in frozenset[str]().union(*_asked_terms(section)):
        counts[term] = counts.get(term, 0.0) + 1
    return counts


@functools.cache
def _size(section: Section) -> float:
    """How much text it has: the sum of its terms' weights."""
    return sum(_weighted(section).values())


def _counted(section: Section) -> dict[str, float]:
    """How often each term stands in the text; a block of code counts less, but not in an example."""
    counts = Counter(terms_in(section.text))
    if section.page == EXAMPLE:
        return dict(counts)
    outside = Counter(terms_in(_FENCED.sub("", section.text)))
    return {term: outside[term] + _CODE_WEIGHT * (count - outside[term]) for term, count in counts.items()}


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


@functools.cache
def _flat_text(section: Section) -> str:
    return _flat(f"{section.heading}\n{section.text}")


def _flat(text: str) -> str:
    return re.sub(r"[^\w.]+", " ", text.lower())
