"""``plan_deploy.py``: where a project is deployed, and which places lack a migration step."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

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


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    return common.run(_parser(prog), _run, arguments, extra="refactor")


def _run(options: argparse.Namespace) -> int:
    from ..deployment.plan import ManifestError, plan_for

    try:
        plan = plan_for(common.existing_folder(options.path))
    except ManifestError as error:
        raise UnusableError(str(error)) from None
    if options.format == "json":
        manifests = [asdict(manifest) for manifest in plan.manifests]
        answer = {"version": 1, "manifests": manifests, "question": plan.question, "advice": plan.advice}
        show(to_json(answer))
    else:
        show(_text(plan))
    return 0 if plan.question is None else 1


def _text(plan: Plan) -> str:
    if not plan.manifests:
        return (
            "no deployment manifests found. Looked for: compose files, Chart.yaml, kustomization.yaml, "
            "Procfile, fly.toml, render.yaml, app.yaml, .github/workflows, .gitlab-ci.yml, "
            "a Dockerfile that migrates."
        )
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
