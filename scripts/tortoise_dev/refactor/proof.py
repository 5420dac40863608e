"""Compares the models before and after the split, in the user's interpreter, on a copy of their project."""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..analysis.project import Project
from ..folders import LEFT_OUT, has_marker
from ..report.counted import counted
from .orm_settings import dotted_name, settings_of
from .plan import SplitPlan
from .refusals import refused

_CHILD = Path(__file__).with_name("proof_child.py")
_LARGEST = 10_000_000
"""Bytes; larger files are no code, and are not copied."""
_PATIENCE = 180


@dataclass(frozen=True)
class _Place:
    """The copy of a project, and what to ask of it."""

    copy: Path
    module: str
    paths: list[str]
    settings: list[dict[str, Any]]


@dataclass(frozen=True)
class Proof:
    """What was compared and found the same."""

    dialects: list[str]
    """Of the connections that the statements were made for."""
    models: int
    schemas: int
    reordered: list[str]
    """The names of schemas whose properties come in another order."""
    missing: list[str]
    """What SQLite stood in for: the drivers of the project's connections."""
    reason: str
    """Why it did."""
    has_settings: bool = True
    """Are they the project's own settings of Tortoise, and not a guess?"""

    def notes(self) -> list[str]:
        """What the user is to know of it."""
        on = " and ".join(self.dialects)
        if self.missing:
            on += f" in place of {' and '.join(self.missing)} ({self.reason})"
        parts = [f"CREATE statements on {on}", counted(self.models, "model")]
        parts.append(counted(self.schemas, "JSON schema") if self.schemas else "no JSON schema")
        notes = [f"the same as before: {', '.join(parts)}"]
        if self.reordered:
            names = ", ".join(self.reordered)
            changed = "the same properties come in another order, because fields of a base class come first"
            notes.append(f"{changed}: JSON schema of {names}")
        return notes


def prove(plan: SplitPlan, project: Project, python: str) -> Proof:
    """Return if nothing changes: DDL, descriptions, JSON schemas, names and members of the models.

    Raises RefusedError with the difference, or where the interpreter cannot import the project.
    """
    with tempfile.TemporaryDirectory(prefix="split-") as folder:
        place = _copied(plan, project, Path(folder).resolve() / project.root.name)
        before = _ask(place, python, offline=None)
        inside = place.copy / plan.module.relative_to(project.root)
        inside.parent.chmod(0o700)  # the folder may be read-only in the project
        inside.unlink()
        for path, content in plan.files.items():
            target = place.copy / path.relative_to(project.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        after = _ask(place, python, offline=before.get("offline"), changed=True)
    _leave_out_unmade(before["schemas"], after["schemas"], project)
    difference = _difference(before, after, place.module, plan)
    if difference:
        raise refused("proof-differs", 1, f"the models would not be the same:\n{difference}")
    was, now = before["schemas"], after["schemas"]
    return Proof(
        dialects=before["dialects"],
        models=len(before["models"]),
        schemas=len(was),
        reordered=sorted(name for name in was if json.dumps(was[name]) != json.dumps(now[name])),
        missing=_missing(before),
        reason=before["failed"][0][1].partition(" (line ")[0] if before["failed"] else "",
        has_settings="config" not in place.settings[before["settings"]],
    )


def _missing(answer: dict[str, Any]) -> list[str]:
    """What SQLite stood in for: drivers, or all settings of the project, where they are of no use."""
    if "offline" in answer:
        return [one for one in answer["drivers"] if one != "sqlite"]
    return ["the project's own settings"] if answer["failed"] else []


_OLD_RELEASE = "Tortoise before 1.0 resolves annotations in the model's own file: update Tortoise first"


def _leave_out_unmade(before: dict[str, Any], after: dict[str, Any], project: Project) -> None:
    """Leave out schemas that could not be made before either, and those that nobody asks for.

    Raises RefusedError where the project makes schemas, and one cannot be made any more.
    """
    makes = project.mentions(re.compile(rb"pydantic_(model|queryset)_creator"))
    for name in list(before):
        lost = str(after.get(name)).startswith("NameError")
        if isinstance(before[name], dict) and lost and makes:
            raise refused("proof-differs", 1, f"{_OLD_RELEASE} ({name}: {after[name]})")
        if isinstance(before[name], str) or lost:
            before.pop(name)
            after.pop(name, None)


def _copied(plan: SplitPlan, project: Project, copy: Path) -> _Place:
    """The project copied, without environments, caches, what is larger than code and what nobody can read."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name in LEFT_OUT or not _is_needed(Path(folder, name))}

    if has_marker(project.root):
        shutil.copytree(project.root, copy, ignore=left_out)
    else:  # nothing tells where the project ends: it may lie in a home folder
        for file in project.files.values():
            if file.path.is_relative_to(project.root):
                target = copy / file.path.relative_to(project.root)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.data)
    name, start = dotted_name(plan.module, project)
    paths = [copy / start.relative_to(project.root), copy, copy / "src"]
    return _Place(copy, name, [str(path) for path in dict.fromkeys(paths)], settings_of(project, name))


def _is_needed(path: Path) -> bool:
    if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
        return False
    if path.is_dir():
        return not (path.is_symlink() or (path / "pyvenv.cfg").exists())
    return path.is_file() and path.stat().st_size <= _LARGEST


def _ask(place: _Place, python: str, *, offline: int | None, changed: bool = False) -> dict[str, Any]:
    """What the interpreter says of the models.

    Where it cannot make a connection's client (a missing driver), SQLite stands in for it. ``offline`` is
    then the number of the settings. So the project's own settings come before those that are a guess.
    """
    answer = _run(place, python, offline)
    if offline is None and not changed:
        for number, _ in answer.get("failed", ()):
            second = _run(place, python, number)
            if second.get("settings") == number:
                return {**second, "offline": number, "failed": answer["failed"]}
    if "error" in answer:
        state = "after the split" if changed else "as it is"
        message = f"{python} cannot import the project {state}: {answer['error']}"
        if changed and answer["error"].startswith("NameError"):
            message = f"{_OLD_RELEASE} ({answer['error']})"
        raise refused(
            "proof-differs" if changed else "not-importable", 1, message.replace(f"{place.copy}{os.sep}", "")
        )
    return answer


def _run(place: _Place, python: str, offline: int | None) -> dict[str, Any]:
    request = {
        "module": place.module,
        "folder": str(place.copy),
        "paths": place.paths,
        "settings": place.settings,
        "offline": offline,
    }
    question, reply = place.copy.with_name("question.json"), place.copy.with_name("reply.json")
    question.write_text(json.dumps(request), encoding="utf-8")
    reply.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    try:
        done = subprocess.run(
            [python, str(_CHILD), str(question), str(reply)],
            cwd=place.copy,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {_PATIENCE} seconds"}
    except OSError as error:
        return {"error": f"cannot be started: {error.strerror or error}"}
    if not reply.exists():
        last = done.stderr.strip().splitlines()[-1:] or ["no answer"]
        return {"error": last[0]}
    answer: dict[str, Any] = json.loads(reply.read_text(encoding="utf-8"))
    return answer


def _difference(before: dict[str, Any], after: dict[str, Any], module: str, plan: SplitPlan) -> str:
    """What is not the same, as a unified diff; the files of the package count as the module itself."""
    gone = sorted(set(before["names"]) - set(after["names"]) - {"annotations"})
    if gone:
        return f"{module} would lack {', '.join(gone)}"
    stems = "|".join(re.escape(path.stem) for path in plan.files if path.stem != "__init__")
    moved = re.compile(rf"\b{re.escape(module)}\.({stems})(?=\.)")
    first, second = (
        moved.sub(module, _text(facts)).replace("\\n", "\n").splitlines() for facts in (before, after)
    )
    lines = difflib.unified_diff(first, second, "before", "after", n=2, lineterm="")
    return "\n".join(list(lines)[:80])


def _text(facts: dict[str, Any]) -> str:
    """The facts as text. Descriptions keep their order, which is that of the columns; schemas have none."""
    parts = [
        {"ddl": facts["ddl"], "models": facts["models"]},
        {"schemas": facts["schemas"]},
        facts["members"],
    ]
    return "\n".join(
        json.dumps(part, indent=1, ensure_ascii=False, sort_keys=number > 0)
        for number, part in enumerate(parts)
    )
