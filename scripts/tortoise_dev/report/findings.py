"""Findings as GitHub annotations and SARIF, for every command alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..about import TOOL

FORMATS = ("text", "json", "sarif", "github")


class Finding(NamedTuple):
    """One place that a command complains about: a relative POSIX path, line and column from 1.

    ``detail`` is more of it, in several lines: a traceback, for example.
    """

    path: str
    line: int
    code: str
    message: str
    column: int = 1
    detail: str = ""

    @property
    def text(self) -> str:
        """The message, and below it the detail."""
        return f"{self.message}\n\n{self.detail}".rstrip()


def to_json(document: Mapping[str, Any]) -> str:
    """A JSON document for people and machines: UTF-8 as it is, two spaces.

    A result of a command, whose ``version`` is the number of its format, also says which release made it.
    """
    import json  # a report as text needs none of it

    if isinstance(document.get("version"), int):
        document = {"version": document["version"], "tool": TOOL, **document}
    return json.dumps(document, indent=2, ensure_ascii=False)


def to_github(findings: Iterable[Finding]) -> str:
    """GitHub's workflow commands, one a line: they become annotations of the diff."""
    lines = [
        f"::error file={_property(f.path)},line={f.line},col={f.column},"
        f"title={_property(f.code)}::"
        f"{_data(f'{f.path}:{f.line}: {f.text}')}"
        for f in findings
    ]
    return "\n".join(lines)


def to_sarif(
    findings: Iterable[Finding],
    tool: str,
    version: str,
    rules: Mapping[str, str],
    pages: Mapping[str, str] | None = None,
) -> str:
    """A SARIF 2.1.0 log with one run; ``rules`` maps each code to a sentence that describes it.

    ``pages`` has more about some of the codes, as Markdown.
    """
    run = {
        "tool": {
            "driver": {
                "name": tool,
                "version": version,
                "rules": [_sarif_rule(code, text, (pages or {}).get(code)) for code, text in rules.items()],
            }
        },
        "columnKind": "utf16CodeUnits",
        "results": [_sarif_result(finding, list(rules)) for finding in findings],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return to_json({"$schema": schema, "version": "2.1.0", "runs": [run]})


def _sarif_rule(code: str, text: str, page: str | None) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": code, "shortDescription": {"text": text}}
    if page is not None:
        rule["help"] = {"text": page, "markdown": page}
    return rule


def _sarif_result(finding: Finding, codes: list[str]) -> dict[str, Any]:
    from urllib.parse import quote  # the other formats need none of it

    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": "error",
        "message": _sarif_message(finding),
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(finding.path, errors="surrogateescape")},
                    "region": {"startLine": finding.line, "startColumn": finding.column},
                }
            }
        ],
    }


def _sarif_message(finding: Finding) -> dict[str, str]:
    if not finding.detail:
        return {"text": finding.message}
    longest = max(map(len, re.findall("`+", finding.detail)), default=0)
    fence = "`" * max(3, longest + 1)
    markdown = f"{_escaped(finding.message)}\n\n{fence}text\n{finding.detail.rstrip()}\n{fence}"
    return {"text": finding.text, "markdown": markdown}


def _escaped(text: str) -> str:
    """A text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~&])", r"\\\1", text)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
