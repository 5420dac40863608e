"""``plan_deploy.py``: where a project is deployed, and which places lack a migration step."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ..deployment.manifest_files import manifest_files, workloads_not_judged
from ..folders import own_files
from ..report.findings import to_json
from . import common
from .common import UnusableError, show

if TYPE_CHECKING:
    from ..deployment.manifest import Manifest
    from ..deployment.plan import Plan

_EXAMPLES = """\
examples:
  %(prog)s                      the project in the current folder
  %(prog)s shop                 the project in another folder
  %(prog)s --format json shop   for an assistant: verdicts, problems, drafts, the question to ask

Nothing is executed or written. Ask the owner of the files first, then apply a draft with `git apply`.

exit status: 0 every manifest migrates before the new code · 1 one does not · 2 unreadable input"""
_NOTHING_FOUND = (
    "no deployment manifests found. Looked for: compose files, Chart.yaml, kustomization.yaml, Procfile, "
    "fly.toml, render.yaml, app.yaml, .github/workflows, .gitlab-ci.yml, a Dockerfile that migrates."
)
_PLAIN = (
    "not judged, because it belongs to no chart or kustomization. Check that a Job migrates before "
    "`kubectl apply`: see kustomize.md"
)
_NO_MANIFESTS: dict[str, object] = {"manifests": [], "question": None, "advice": None}


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    return common.run(_parser(prog), _run, arguments, extra="refactor")


def _run(options: argparse.Namespace) -> int:
    root = common.existing_folder(options.path)
    files = [*own_files(root)]
    plan = _plan_of(root, manifest_files(files))
    plain = [path.relative_to(root).as_posix() for path in workloads_not_judged(root, files)]
    if options.format == "json":
        found = asdict(plan) if plan else _NO_MANIFESTS
        show(to_json({"version": 1} | found | {"not_judged": plain}))
    else:
        parts = [_text(plan)] if plan and plan.manifests else [] if plain else [_NOTHING_FOUND]
        show("\n".join([*parts, *(f"{name}: {_PLAIN}" for name in plain)]))
    return 1 if plan and plan.question else 0


def _plan_of(root: Path, files: list[Path]) -> Plan | None:
    """The plan of a project with these manifests, None if it has none: only to read one needs PyYAML."""
    if not files:
        return None
    try:
        from ..deployment.plan import ManifestError, plan_for
    except ModuleNotFoundError as error:
        names = ", ".join(path.relative_to(root).as_posix() for path in files)
        way = f"{common.missing_package(error, 'refactor')}, or run `python3 -m pip install pyyaml`"
        raise UnusableError(f"{way}, to read {names}") from None
    try:
        return plan_for(root, files)
    except ManifestError as error:
        raise UnusableError(str(error)) from None


def _text(plan: Plan) -> str:
    parts = [_entry(manifest) for manifest in plan.manifests]
    question = f"An assistant asks the owner of the files: {plan.question}" if plan.question else None
    return "\n".join([*parts, *(f"\n{text}" for text in (plan.advice, question) if text)])


def _entry(manifest: Manifest) -> str:
    verdict = "migrates before the new code" if manifest.migrates else "no migration before the new code"
    lines = [f"{manifest.path} ({manifest.platform}): {verdict}"]
    lines += [f"  {problem.path}:{problem.line}: {problem.message}" for problem in manifest.problems]
    if manifest.draft:
        lines += ["", manifest.draft.rstrip("\n"), ""]
    return "\n".join(lines)


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = common.command_parser(
        prog,
        "Say which deployment manifests run no migration before the new code, and draft that step.",
        _EXAMPLES,
    )
    parser.add_argument(
        "path", nargs="?", type=Path, default=Path(), metavar="PATH", help="the project's folder"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
