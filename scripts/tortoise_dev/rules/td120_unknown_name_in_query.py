"""# TD120 unknown-name-in-query

## What it does
A name in a query that leads to no field, relation or lookup of the model. It reads the keywords of
`filter`, `exclude`, `get`, `get_or_none`, `get_or_create`, `update_or_create`, `Model.exists`, `update` and
`Q`. It reads the strings of `values`, `values_list`, `only`, `order_by`, `latest`, `earliest`, `group_by`,
`select_related`, `prefetch_related` and `fetch_related`, and those of `save(update_fields=[…])`,
`bulk_update(rows, fields=[…])` and `refresh_from_db(fields=[…])`. In all of them and in `annotate` it reads
the string of `F`, and of `Count`, `Sum`, `Lower` and the like.

It follows relations over all models of the project. The rule is silent if the code does not show all names: a
base class or a manager that it cannot read, `annotate(**names)`, a query that another function made.

Two mistakes are frequent. A foreign key has no lookups: `customer__isnull=True` fails,
`customer_id__isnull=True` is right. `pk` is a name for filters only: `order_by("pk")` fails.

## Why is this bad
The query raises `FieldError` or `KeyError`. No type checker sees it.

## Fix safety
Not fixed by `--fix`: only you know which name was meant.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis import tortoise_api
from ..analysis.models import metas_of
from ..analysis.modules import Class, External
from ..analysis.query_names import Miss, QueryNames, Use
from ..analysis.syntax import argument, called
from .base import Context, Hit, Rule
from .example_models import INVOICE
from .origins import Origin, origin
from .queries import calls

BAD = (
    INVOICE
    + """\
# file: apps/billing/services.py
from apps.billing.models import Invoice


async def unpaid():
    return await Invoice.filter(payed=False)
"""
)

GOOD = BAD.replace("payed=", "paid=")

_FILTERS = ("filter", "exclude", "get", "get_or_none", "exists", "get_or_create", "update_or_create")
_OPTIONS = {
    **dict.fromkeys(["filter", "exclude"], ("join_type",)),
    **dict.fromkeys(["get", "get_or_none", "exists"], ("join_type", "using_db")),
    **dict.fromkeys(["get_or_create", "update_or_create"], ("join_type", "using_db", "defaults")),
}
"""Keywords that are no names: each keyword makes a ``Q``, and that knows ``join_type``."""
_KEYWORDS: dict[str, Use] = {**dict.fromkeys(_FILTERS, "filter"), "update": "update"}
_FUNCTIONS = frozenset("F Count Sum Avg Max Min Lower Upper Length Trim Coalesce".split())
"""Expressions whose first argument is a name."""
_STRINGS: dict[str, Use] = {
    **dict.fromkeys(["values", "values_list", "only", "group_by"], "values"),
    **dict.fromkeys(["order_by", "latest", "earliest"], "order"),
    **dict.fromkeys(["select_related", "prefetch_related", "fetch_related"], "relation"),
}
_LISTS = {"save": ("update_fields", 1), "bulk_update": ("fields", 1), "refresh_from_db": ("fields", 0)}
"""Arguments that list names of columns: their keyword and their place."""

_COUNTED = ("count", "exists", "delete", "update")
_FORGET = {
    "only": _COUNTED,
    "group_by": _COUNTED,
    "select_related": (*_COUNTED, "values", "values_list"),
}
"""Methods whose names are never looked at where one of these ends the query."""

_MANAGERS = ("tortoise.manager.Manager", "tortoise.Manager")

_Named = tuple[str, ast.AST, Use]


def check(context: Context) -> Iterator[Hit]:
    """At the keyword or the string."""
    for call in calls(context, *_KEYWORDS, *_STRINGS, *_LISTS, "annotate"):
        named = [*_named(context, call)] if not _is_dropped(context, call) else []
        model = _model(context, call) if named else None
        if model is None:
            continue
        names = context.project.once(QueryNames)
        for name, node, use in named:
            if not names.is_strange(model, name, use) or _adds_names(context, model):
                continue
            made = _origin(context, call)
            if made is None or any(name == one or name.startswith(f"{one}__") for one in made.names):
                continue
            if any(_other_side(context, relation) is not model for relation in made.relations):
                continue
            miss = names.miss(model, name, use)
            if miss is not None:
                yield Hit(node, _message(miss))


def _named(context: Context, call: ast.Call) -> Iterator[_Named]:
    """The names that a call says literally."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if method == "annotate":
        yield from _in_annotations(context, call)
        return
    if method in _KEYWORDS:
        for keyword in call.keywords:
            yield from _in_expression(context, keyword.value)
            if keyword.arg is not None and keyword.arg not in _OPTIONS.get(method, ()):
                yield keyword.arg, keyword, _KEYWORDS[method]
        if method in _FILTERS:
            for argument in call.args:
                yield from _in_q(context, argument)
        return
    if method in _LISTS:
        yield from _listed(call, *_LISTS[method])
        return
    names = list(call.args)
    if method == "values":
        names += [keyword.value for keyword in call.keywords if keyword.arg is not None]
    for argument in names:
        use = _STRINGS[method]
        if method == "prefetch_related" and isinstance(argument, ast.Call) and argument.args:
            name = context.module.tortoise_name(argument.func)
            if name is not None and tortoise_api.short(name) == "Prefetch":
                argument = argument.args[0]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value:
            text = argument.value.removeprefix("-") if use == "order" else argument.value
            yield text, argument, use


def _in_annotations(context: Context, call: ast.Call) -> Iterator[_Named]:
    """The names that annotations ask, but those of one another: ``n=Count("lines"), m=F("n") + 1``."""
    given = {keyword.arg for keyword in call.keywords}
    for one in call.keywords if None not in given else ():
        for named in _in_expression(context, one.value):
            if named[0].split("__")[0] not in given:
                yield named


def _in_expression(context: Context, node: ast.expr) -> Iterator[_Named]:
    """The names in ``F("total") + 1`` and ``Count("lines", _filter=Q(…))``, but not those of a subquery."""
    waiting = [node]  # a long sum is nested too deeply for recursion
    while waiting:
        match waiting.pop():
            case ast.BinOp(left=left, right=right):
                waiting += [right, left]
            case ast.Call(args=args, keywords=keywords) as call if called(call) in _FUNCTIONS:
                if context.module.tortoise_name(call.func) is None:
                    continue
                for keyword in keywords:
                    yield from _in_q(context, keyword.value)
                match args:
                    case [ast.Constant(value=str(name)) as first, *_]:
                        yield name, first, "values"
                    case [inner, *_]:
                        waiting.append(inner)


def _is_dropped(context: Context, call: ast.Call) -> bool:
    """Does what follows in the chain forget the names: ``select_related("owner").count()``?"""
    kinds = _FORGET.get(getattr(call.func, "attr", ""), ())
    around: ast.AST = call
    for parent in context.module.ancestors(call) if kinds else ():
        if isinstance(parent, ast.Attribute):
            if parent.attr in kinds:
                return True
        elif not (isinstance(parent, ast.Call) and parent.func is around):
            return False
        around = parent
    return False


def _origin(context: Context, call: ast.Call) -> Origin | None:
    """What made the query; rows have only the names of their model."""
    assert isinstance(call.func, ast.Attribute)
    if call.func.attr in (*_LISTS, "fetch_related"):
        return Origin()
    return origin(context, call.func.value)


def _listed(call: ast.Call, keyword: str, place: int) -> Iterator[_Named]:
    """The names in a list that is an argument."""
    given = argument(call, keyword, place)
    for one in given.elts if isinstance(given, (ast.List, ast.Tuple, ast.Set)) else ():
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value, one, "update"


def _in_q(context: Context, node: ast.expr) -> Iterator[_Named]:
    """The names in ``Q(…)``, and in what combines several."""
    match node:
        case ast.BinOp(left=left, right=right):
            yield from _in_q(context, left)
            yield from _in_q(context, right)
        case ast.UnaryOp(operand=operand):
            yield from _in_q(context, operand)
        case ast.Call(func=function):
            name = context.module.tortoise_name(function)
            if name is None or tortoise_api.short(name) != "Q":
                return
            for argument in node.args:
                yield from _in_q(context, argument)
            for keyword in node.keywords:
                if keyword.arg not in (None, "join_type"):
                    yield str(keyword.arg), keyword, "filter"


def _model(context: Context, call: ast.Call) -> Class | None:
    """The model that a call asks, where it is Tortoise's own method."""
    assert isinstance(call.func, ast.Attribute)
    method, owner = call.func.attr, context.inference.of(call.func.value)
    if owner is None or owner.model is None or owner.mixed:
        return None
    match owner.kind:
        case "query":
            # exists() of a queryset takes no names at all
            known = owner.gives != "other" and method in tortoise_api.QUERYSET_CALLS and method != "exists"
        case "relation":
            return _other_side(context, call.func.value) if method in tortoise_api.RELATION_CALLS else None
        case "class":
            known = method in tortoise_api.MODEL_CALLS and not context.models.defines(owner.model, method)
        case "row":
            is_own = method in ("fetch_related", "save", "refresh_from_db")
            known = is_own and not context.models.defines(owner.model, method)
        case "manager":
            known = False  # which class of manager it is, is another question
        case _:
            known = False
    return owner.model if known else None


def _other_side(context: Context, node: ast.expr) -> Class | None:
    """The model on the other side of ``row.relation`` by the field that makes it. An annotation may lie."""
    row = context.inference.of(node.value) if isinstance(node, ast.Attribute) else None
    if not isinstance(node, ast.Attribute) or row is None or row.model is None or row.mixed:
        return None
    return context.project.once(QueryNames).target(row.model, node.attr)


def _adds_names(context: Context, model: Class) -> bool:
    """Does the Meta of a model name a manager whose queries have annotations, or may it?"""
    for meta in metas_of(model.node):
        if not isinstance(meta, ast.ClassDef):
            return True
        for statement in meta.body:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            if any(isinstance(target, ast.Name) and target.id == "manager" for target in targets):
                return not _is_plain_manager(context, model, getattr(statement, "value", None))
    return False


def _is_plain_manager(context: Context, model: Class, manager: ast.expr | None) -> bool:
    """Is it a manager whose text can be read, and annotates nothing?"""
    entities = model.module.meanings(manager.func, model.body) if isinstance(manager, ast.Call) else []
    if len(entities) != 1:
        return False
    entity = entities[0]
    if isinstance(entity, External):
        return entity.name in _MANAGERS
    if not isinstance(entity, Class):
        return False
    above = context.models.ancestors(entity)
    texts = [ast.unparse(one.node) for one in (entity, *above) if isinstance(one, Class)]
    is_whole = all(one.name in _MANAGERS for one in above if isinstance(one, External))
    return is_whole and not any("annotate" in text for text in texts)


def _message(miss: Miss) -> str:
    import difflib  # most runs have nothing to say

    model = miss.model.name
    match miss.reason:
        case "foreign key":
            right = f"{miss.before}_id__{miss.part}"
            return f"{miss.before} is a foreign key and knows no lookup {miss.part}: write {right}"
        case "alias":
            return "pk is a name for filters only: the query fails, so write the name of the key"
        case "plain":
            return f"{miss.part} of {model} is no relation: the query fails"
        case "lookup":
            problem = f"{miss.part} is no lookup of {model}.{miss.before}"
        case _:
            problem = f"{miss.part} is no field or relation of {model}"
    near = difflib.get_close_matches(miss.part, miss.known, n=1, cutoff=0.7)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{problem}: the query fails{hint}"


RULE = Rule("TD120", "unknown-name-in-query", check)
