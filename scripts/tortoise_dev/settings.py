"""``[tool.tortoise-dev]`` in pyproject.toml: how the table is found, and how its values are read.

rule_settings.py says what the checker takes from it, and snippet_settings.py what the harness takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

from .toml_text import TomlError, parse_toml


class SettingsError(Exception):
    """A pyproject.toml that cannot be used: which key, what was expected. ``key`` leads to it through the
    tables.
    """

    def __init__(self, message: str, key: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.key = key


def read_table(file: Path) -> SettingsTable | None:
    """The table of a pyproject.toml; None where it has none. Raises SettingsError."""
    try:
        document = parse_toml(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file}: not UTF-8: save it as UTF-8") from None
    except TomlError as error:
        raise SettingsError(f"{file}: {error}") from None
    return table_in(document, file)


def table_in(document: Mapping[str, Any], file: Path) -> SettingsTable | None:
    """The table in a pyproject.toml that was parsed already. Raises SettingsError."""
    tool = document.get("tool")
    if not isinstance(tool, dict) or "tortoise-dev" not in tool:
        return None
    return SettingsTable(file, tool["tortoise-dev"])


class SettingsTable:
    """The values of a table. Each method raises SettingsError for a value of another type."""

    def __init__(self, file: Path, values: Any, name: str = "tool.tortoise-dev") -> None:
        self.file = file
        self.name = name
        if not isinstance(values, dict):
            raise SettingsError(f"{file}: [{name}] must be a table", tuple(name.split(".")))
        self.values: dict[str, Any] = values

    def within(self, key: str) -> SettingsTable:
        """A table in this one."""
        return SettingsTable(self.file, self.values.get(key, {}), f"{self.name}.{key}")

    def error(self, key: str, message: str) -> SettingsError:
        return SettingsError(f"{self.file}: [{self.name}] {key} {message}", (*self.name.split("."), key))

    def refuse_unknown(self, known: frozenset[str]) -> None:
        """Raises SettingsError for a key that is none of these."""
        unknown = sorted(set(self.values) - known)
        if unknown:
            import difflib  # only a mistake needs it

            near = difflib.get_close_matches(unknown[0], sorted(known), n=1)
            hint = f": did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"
            raise self.error(unknown[0], f"is not a setting{hint}")

    def text(self, key: str) -> str | None:
        value = self.values.get(key)
        if value is not None and not _is_text(value):
            raise self.error(key, "takes a string")
        return value

    def texts(self, key: str) -> list[str] | None:
        value = self.values.get(key)
        if value is not None and not _is_texts(value):
            raise self.error(key, "takes a list of strings")
        return value

    def flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.error(key, "takes true or false")
        return value

    def texts_by_name(self, key: str) -> dict[str, list[str]]:
        """A table of lists."""
        value = self.values.get(key, {})
        if not isinstance(value, dict) or not all(map(_is_texts, value.values())):
            raise self.error(key, "takes a table: pattern = list of rules")
        return value

    def names(self, key: str) -> dict[str, str]:
        """A table of names by other names, in lower case."""
        value = self.values.get(key, {})
        if not isinstance(value, dict) or not _is_texts([*value.values()]):
            raise self.error(key, "takes a table: name = name")
        return {alias.lower(): name.lower() for alias, name in value.items()}

    def models(self) -> dict[str, list[str]] | None:
        """A list of modules (Tortoise's app label is then "models"), or a table of lists by app label."""
        value = self.values.get("models")
        if value is None or value == []:
            return None
        by_label = value if isinstance(value, dict) else {"models": value}
        if not all(map(_is_texts, by_label.values())):
            raise self.error("models", "takes a list of modules, or a table of such lists by app label")
        return by_label

    def seconds(self, key: str, default: float) -> float:
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 3600:
            raise self.error(key, "takes a number of seconds, above 0 and at most 3600")
        return float(value)

    def mebibytes(self, key: str, default: int) -> int:
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 64 <= value <= 1 << 20:
            raise self.error(key, "takes a whole number of MiB from 64 to 1048576")
        return value


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_text(value: object) -> TypeGuard[str]:
    """A text that can be a name or a path."""
    return isinstance(value, str) and value != "" and "\0" not in value
