"""Names of one thing in its forms: the class, the table, the plural, the words of a sentence."""

from __future__ import annotations

import builtins
import hashlib
import keyword
import re

from ..analysis.file_names import snake_case

LONGEST = 63
"""Characters that PostgreSQL keeps of the name of an index or a table."""

_LONGEST_ENTITY, _LONGEST_FIELD = 28, 40

TAKEN = frozenset(
    (
        "Meta all annotate bulk_create bulk_update clone construct create delete describe earliest exclude "
        "exists fetch_for_list fetch_related filter first get get_or_create get_or_none get_table in_bulk "
        "last latest pk raw refresh_from_db register_listener save select_for_update update_from_dict "
        "update_or_create"
    ).split()
)
"""What every model has already. tests/scaffold/test_fields.py holds it against the installed library."""

TAKEN_BY_SCHEMAS = frozenset(
    (
        "construct copy dict from_orm json parse_file parse_obj parse_raw schema schema_json "
        "update_forward_refs validate"
    ).split()
)
"""What every Pydantic model has already."""

_TYPES = frozenset("bool date datetime fields float int str timedelta".split())
"""Names of types, and of what the files import."""

_CLASSES = frozenset(
    "Any AsyncIterator Decimal DoesNotExist Index IntegrityError StrEnum TortoiseContext UUID".split()
)
"""Classes that the files import beside the model."""

_ARGUMENTS = frozenset({"cls", "join_type", "self", "using_db"})
"""Arguments of Tortoise's own functions, beside the fields."""


class BadNameError(ValueError):
    """A name that cannot be used; the message says why and what would do."""


def entity_name(text: str) -> str:
    """The name of a model. Raises BadNameError."""
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", text) or keyword.iskeyword(text):
        raise BadNameError(f"{text}: a model's name begins with a capital letter, as in OrderLine")
    if len(text) > _LONGEST_ENTITY:
        raise BadNameError(f"{text}: a model's name has at most {_LONGEST_ENTITY} characters")
    if text.startswith("Base") and text != "Base":
        raise BadNameError(f"{text}: name the concrete model, its abstract Base{text[4:]} comes with it")
    if text == "Model":
        raise BadNameError(
            "Model: its abstract base would be BaseModel, which the project has; choose another name"
        )
    if text in _CLASSES:
        raise BadNameError(f"{text}: the files import a class of this name, choose another one")
    return text


def app_name(text: str) -> str:
    """The name of a sub-application. Raises BadNameError."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", text) or keyword.iskeyword(text) or text == "common":
        raise BadNameError(
            f"{text}: choose a name like billing or order_lines, but not common or a keyword of Python"
        )
    return text


def attribute_name(text: str) -> str:
    """The name of a field. Raises BadNameError."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", text) or keyword.iskeyword(text) or "__" in text:
        raise BadNameError(
            f"{text}: a field's name is like due_at: small letters, digits, single underscores"
        )
    if len(text) > _LONGEST_FIELD:
        raise BadNameError(f"{text}: a field's name has at most {_LONGEST_FIELD} characters")
    if text in TAKEN | TAKEN_BY_SCHEMAS or text.startswith("model_"):
        raise BadNameError(f"{text}: every model or schema has an attribute of this name, choose another one")
    if text in _ARGUMENTS:
        raise BadNameError(f"{text}: functions of Tortoise have an argument of this name, choose another one")
    if text in _TYPES:
        raise BadNameError(
            f"{text}: it would hide the type of this name, choose one like due_on or starts_at"
        )
    return text


def variable(name: str) -> str:
    """A name for a variable that hides no builtin: ``type`` becomes ``type_``."""
    return f"{name}_" if keyword.iskeyword(name) or hasattr(builtins, name) else name


def camel(name: str) -> str:
    """``order_line`` as ``OrderLine``."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def words(name: str) -> str:
    """``OrderLine`` as ``order line``."""
    return snake_case(name).replace("_", " ")


_IRREGULAR = {"child": "children", "man": "men", "person": "people", "woman": "women"}


def plural(name: str) -> str:
    """The plural of a name in small letters: ``step_child`` becomes ``step_children``.

    The name's words are separated by ``_`` or a space.
    """
    last = re.split("[_ ]", name)[-1]
    if last in _IRREGULAR:
        return name.removesuffix(last) + _IRREGULAR[last]
    if re.search(r"[^aeiou]y$", name):
        return f"{name[:-1]}ies"
    return f"{name}es" if re.search(r"(s|x|z|ch|sh)$", name) else f"{name}s"


def with_article(phrase: str) -> str:
    """``invoice`` as ``an invoice``."""
    return f"{'an' if phrase[0] in 'aeio' else 'a'} {phrase}"


def short_name(name: str) -> str:
    """A name of an index that every database keeps as it is."""
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
