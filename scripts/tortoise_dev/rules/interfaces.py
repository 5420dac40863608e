"""Which abstract class belongs to which concrete model."""

from __future__ import annotations

from ..analysis.models import interface_names
from ..analysis.modules import Class
from .base import Context


def interface_of(context: Context, cls: Class) -> Class | str | None:
    """The abstract base that belongs to a concrete model, where it has one.

    A string is the name of one that other packages define: it cannot be looked at.
    """
    names = interface_names(cls.name)
    for one in context.models.ancestors(cls):
        if not isinstance(one, Class):
            if one.name.rpartition(".")[2] in names:
                return one.name
        elif context.models.is_model(one) and context.models.is_abstract(one) is not False:
            fits = one.name.startswith("Base") if context.options.any_interface else one.name in names
            if fits:
                return one
    return None
