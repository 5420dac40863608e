"""``plan_deploy.py``: where a project is deployed, and which places lack a migration step."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ..about import command
from ..deployment.manifest import Manifest
from ..deployment.plan import ManifestError, Plan, plan_for
from ..report.findings import to_json
from . import common
from .common import UnusableError, show

_EXAMPLES = """\
examples:
  %(prog)s                      the project in the current folder
  %(prog)s shop                 the project in another folder
  %(prog)s --format json shop   for an assistant: verdicts, problems, drafts, the question to ask

Nothing is executed or written. Ask the owner of the files first, then apply a draft with `git apply`.

exit status: 0 every manifest migrates before the new code · 1 one does not · 2 unreadable input"""
_NOTHING_FOUND = (
    "no deployment manifests found. Looked for: compose files, Chart.yaml, kustomization.yaml, plain "
    "Kubernetes manifests, Procfile, fly.toml, render.yaml, app.yaml, .github/workflows, .gitlab-ci.yml, "
    "a Dockerfile that migrates."
)
_NOT_JUDGED = "not judged, because it is no YAML"


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    return common.run(_parser(prog), _run, arguments, extra="refactor")


def _run(options: argparse.Namespace) -> int:
    plan = _plan_of(common.existing_folder(options.path))
    show(to_json({"version": 1} | asdict(plan)) if options.format == "json" else _text(plan))
    return 1 if plan.question else 0


def _plan_of(root: Path) -> Plan:
    try:
        return plan_for(root)
    except ManifestError as error:
        raise UnusableError(str(error)) from None


def _text(plan: Plan) -> str:
    if not plan.manifests and not plan.not_judged:
        return _NOTHING_FOUND
    question = f"An assistant asks the owner of the files: {plan.question}" if plan.question else None
    told = any(manifest.problems or not manifest.migrates for manifest in plan.manifests)
    read = f"To read a section: {command('find')} PAGE.md#SECTION" if told else None
    return "\n".join(
        [
            *(_entry(manifest) for manifest in plan.manifests),
            *(f"{name}: {_NOT_JUDGED}" for name in plan.not_judged),
            *(f"\n{text}" for text in (read, plan.advice, question) if text),
        ]
    )


def _entry(manifest: Manifest) -> str:
    verdict = "migrates before the new code" if manifest.migrates else "no migration before the new code"
    is_right = manifest.migrates and not manifest.problems
    lines = [f"{manifest.path} ({manifest.platform}): {verdict}"]
    lines += [] if is_right else [f"  explained in {manifest.section}"]
    for problem in manifest.problems:
        section = f" See {problem.section}" if problem.section != manifest.section else ""
        lines.append(f"  {problem.path}:{problem.line}: {problem.message}{section}")
    if manifest.draft:
        lines += ["", manifest.draft.rstrip("\n")]
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
