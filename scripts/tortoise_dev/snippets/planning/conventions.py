"""How a project writes its fences, from its settings."""

from __future__ import annotations

import difflib

from ...pages.fence_info import ATTRIBUTES, Conventions
from ...pages.languages import kind_of
from ...settings import SettingsError
from ...snippet_settings import SnippetSettings


def conventions_of(settings: SnippetSettings) -> Conventions:
    """The settings ``languages`` and ``ignore-attributes``, for the reader of pages.

    Raises SettingsError for an alias of no known language, and for an attribute that is ours.
    """
    for alias, language in settings.languages.items():
        if kind_of(language) == "unknown":
            near = difflib.get_close_matches(language, ("python", "bash", "text", "console", "yaml"), n=1)
            hint = f": did you mean {near[0]}?" if near else ""
            raise SettingsError(f"{settings.source}: languages: {alias} = {language!r} is no language{hint}")
    for attribute in settings.ignore_attributes:
        if attribute in ATTRIBUTES:
            reason = f"{attribute} is this harness' own mark: it cannot be ignored"
            raise SettingsError(f"{settings.source}: ignore-attributes: {reason}")
    return Conventions(settings.languages, frozenset(settings.ignore_attributes))
