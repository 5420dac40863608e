"""What `helm template … | grep …` prints on a page, where no Helm is: the chart's templates with its values.

The templates of the example's chart have `{{ NAME }}`, and `{{- if NAME }}` or `{{- if not NAME }}` with
`{{- end }}` on own lines.
`tests/test_manifests.py` compares this with Helm's own answer, where there is one.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from prose.code import Tree
from prose.reading import Prose

COMMAND = re.compile(
    r"helm template (?P<name>\S+) (?P<chart>\S+) --show-only (?P<file>\S+) \| (?P<grep>grep .+)"
)

CONDITION = re.compile(
    r"^ *\{\{- if (?P<no>not )?(?P<name>\S+) \}\}\n(?P<then>(?:(?! *\{\{- ).*\n)*) *\{\{- end \}\}\n",
    re.MULTILINE,
)


def rendered(template: Path, name: str = "shop", **other: Any) -> str:
    """A template of a chart with the chart's values in it, or with other ones."""
    chart = template.parents[1]
    values = yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8")) | other
    names = {".Release.Name": name}
    names |= {f".Values.image.{key}": value for key, value in values["image"].items()}
    names |= {f".Values.{key}": value for key, value in values.items() if key != "image"}
    source = template.read_text(encoding="utf-8")
    source = CONDITION.sub(
        lambda match: "" if bool(names[match["name"]]) is bool(match["no"]) else match["then"], source
    )
    return re.sub(r"\{\{ (\S+) \}\}", lambda match: str(names[match[1]]), source)


def problems(page: Prose, tree: Tree) -> Iterator[str]:
    """Blocks that need Helm, and whose output is not what the chart gives, one line each."""
    for block, output in pairwise([*page.blocks, None]):
        if block is None or block.attributes.get("needs") != "helm":
            continue
        command = COMMAND.fullmatch(block.source.strip())
        if not command or output is None or "output" not in output.attributes:
            yield f"line {block.line}: expected one command `helm template … | grep …`, then its output"
            continue
        template = tree.root / "examples" / "billing" / command["chart"] / command["file"]
        if not template.is_file():
            yield f"line {block.line}: {command['file']} is no template of {command['chart']}"
            continue
        printed = _grep(command["grep"], rendered(template, command["name"]))
        shown = [re.escape(line).replace(r"\.\.\.", ".*") for line in output.source.rstrip("\n").split("\n")]
        if not re.fullmatch("\n".join(shown), "\n".join(printed)):
            yield f"line {block.line}: the chart gives {printed}"


def _grep(command: str, text: str) -> list[str]:
    """The lines that `grep [-E] PATTERN` passes; without -E a `|` is a letter."""
    *options, pattern = shlex.split(command)[1:]
    if options != ["-E"]:
        pattern = re.escape(pattern)
    return [line for line in text.split("\n") if re.search(pattern, line)]
