"""Words as the search compares them: a question and a section become terms.

An identifier counts as a whole and by its parts, a word in capitals (RETURNING) also as it is written. Words
lose the endings of the plural and of the verb. What people type in place of the pages' words has synonyms.
"""

from __future__ import annotations

import builtins
import functools
import re

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d+")
_E_MAIL = re.compile(r"\be-(?=mail)", re.IGNORECASE)
_KEYWORD = re.compile(r"[A-Z]{2,}")
_DOUBLED = re.compile(r"([bdgmnprt])\1$")  # as in running, dropped
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")

_COMMON = frozenset(
    "a an and are as at be by can do does doesn t for from has have how i if in into is it its me my not of"
    " on or s so that the their them then there this to use used using was what when where which why will"
    " with you your want need get make we error exception raised raises please help"
    " safely properly correctly way handle problem any tortoise orm"
    " already around best could else just like only really should some something still would".split()
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
    "bigger": "longer larger length",
    "letters": "text length",
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


def wanted_terms(words: str) -> dict[str, float]:
    """The terms of a query with their weights: a name_like_this counts twice.

    Half counts what a synonym adds, a part of an identifier, and a class of Python's own errors.
    """
    terms: dict[str, float] = {}
    for word in WORD.findall(_E_MAIL.sub("e", words)):
        found = terms_in(word)
        is_common_error = isinstance(getattr(builtins, word, None), type)  # many messages have RuntimeError
        for term in found[:1] if is_common_error else found:
            is_part = len(found) > 1 and term.lower() != word.lower()
            weight = 2.0 if "_" in term else 0.5 if is_part or is_common_error else 1.0
            terms[term] = max(weight, terms.get(term, 0.0))
    for typed in re.findall(r"\w+", words.lower().replace("n+1", "n1")):
        for term in terms_in(SYNONYMS.get(typed, "")):
            terms.setdefault(term, 0.5)
    return terms


def terms_in(text: str) -> list[str]:
    """The words of a text in lower case: identifiers as a whole and by their parts, without endings."""
    return [term for word in WORD.findall(_E_MAIL.sub("e", text)) for term in _terms_of(word)]


@functools.cache
def _terms_of(word: str) -> tuple[str, ...]:
    """The same of one word. A lookup that is a common word, as in ``id__in``, counts with its underscores."""
    parts = [part.lower() for part in _PART.findall(word)]
    return (
        *([word.lower()] if len(parts) > 1 else ()),
        *([word] if _KEYWORD.fullmatch(word) else ()),
        *(stem(part) for part in parts if part not in _COMMON),
        *([f"__{parts[-1]}"] if "__" in word and parts and parts[-1] in _COMMON else ()),
    )


def stem(word: str) -> str:
    """A word without the endings of the plural and of the verb; e-mail, email and mail are one word."""
    if word.startswith("email"):
        word = word[1:]
    for ending, rest in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            short = word[: len(word) - len(ending)] + rest
            return short[:-1] if ending in ("ing", "ed") and _DOUBLED.search(short) else short
    return word
