"""``scaffold.py``: a new project, a sub-application or a model in the handbook's layout."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..report.findings import to_json
from ..report.paths import shown_path
from . import common
from .common import UnusableError, show

if TYPE_CHECKING:
    from ..scaffold.changes import Plan
    from ..scaffold.survey import Survey

_EXAMPLES = """\
examples:
  %(prog)s project shop                              FastAPI, Aerich, docker files, charts, CI
  %(prog)s project shop --minimal --migrations builtin
  %(prog)s project . --name shop                     the same in the current folder, e.g. a new repository
  %(prog)s app billing                               a sub-application of the project in the current folder
  %(prog)s model billing Customer name:char:100 email:char:254:unique
  %(prog)s model billing Invoice number:char:32:unique customer:fk:billing.Customer due_at:datetime:null
  %(prog)s model billing Note text:text status:enum:draft,sent --service crud
  %(prog)s model --help                              the types of fields and their defaults

It overwrites no file. A second run changes nothing, or completes a first one that was interrupted.

exit status: 0 done or nothing to do · 1 refused, or (--dry-run) there are changes · 2 wrong input"""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    return common.run(_parser(prog), _run, arguments)


def _run(options: argparse.Namespace) -> int:
    from ..scaffold.changes import Plan, RefusedError, apply

    try:
        plan: Plan = options.plan(options)
        if not options.dry_run:
            apply(plan)
    except RefusedError as error:
        plan = Plan(refused=[error.refusal])
    show(_json(plan) if options.format == "json" else _text(plan, options.dry_run))
    return 1 if plan.refused or (options.dry_run and plan.changes) else 0


def _project(options: argparse.Namespace) -> Plan:
    from ..scaffold.manifest import manifest_in
    from ..scaffold.new_project import FRAMEWORKS, MIGRATIONS, NAME, NewProject, plan_project

    if not options.path:
        raise UnusableError("the folder of the project is empty: write a name, or . for this folder")
    folder = Path.cwd() / options.path
    manifest = manifest_in(folder)
    name = options.name or folder.name
    if not options.name and folder == Path.cwd() and manifest is not None:
        name = manifest.name or name
    if not NAME.fullmatch(name):
        raise UnusableError(f"{name}: a project's name has small letters and digits, as in my-shop")
    if options.framework not in FRAMEWORKS:
        raise UnusableError(
            f"{options.framework}: known are {' and '.join(FRAMEWORKS)}; "
            "examples/frameworks has a proven application for each of the others"
        )
    if options.migrations not in MIGRATIONS:
        raise UnusableError(f"{options.migrations}: known are {' and '.join(MIGRATIONS)}")
    asked = NewProject(folder, name, options.framework, options.migrations, options.minimal)
    return plan_project(asked, manifest)


def _app(options: argparse.Namespace) -> Plan:
    from ..scaffold.app_plan import plan_app
    from ..scaffold.names import BadNameError, app_name

    try:
        name = app_name(options.app)
    except BadNameError as error:
        raise UnusableError(str(error)) from None
    return plan_app(_survey(options), name)


def _model(options: argparse.Namespace) -> Plan:
    from ..scaffold.field_specs import FieldError, parse_columns, parse_fields
    from ..scaffold.model_plan import plan_model
    from ..scaffold.names import BadNameError, app_name, entity_name

    try:
        app, name = app_name(options.app), entity_name(options.model)
        fields = parse_fields(options.fields)
        ordering = parse_columns("--ordering", options.ordering, 1) if options.ordering else ()
        together = [parse_columns("--unique-together", one, 2) for one in options.unique_together]
    except (BadNameError, FieldError) as error:
        raise UnusableError(str(error)) from None
    crud = options.service == "crud"
    if crud and options.no_schemas:
        raise UnusableError("--service crud needs the schemas: leave out --no-schemas")
    return plan_model(
        _survey(options),
        app,
        name,
        fields,
        ordering=ordering,
        together=together,
        crud=crud,
        schemas=not options.no_schemas,
    )


def _survey(options: argparse.Namespace) -> Survey:
    from ..scaffold.survey import Survey

    return Survey(common.existing_folder(options.project))


def _shown(path: Path) -> str:
    """A path as it is told: from the current folder."""
    return shown_path(path, Path.cwd())


def _json(plan: Plan) -> str:
    base = common.base_of_diff([one.path for one in plan.changes], Path.cwd())
    files: list[dict[str, Any]] = [
        {"path": _shown(one.path), "action": one.action, "diff": one.diff(shown_path(one.path, base))}
        for one in plan.changes
    ]
    refused = [
        {"code": one.code, "path": _shown(one.path), "line": one.line, "message": one.message}
        for one in plan.refused
    ]
    return to_json({"version": 1, "files": files, "refused": refused, "next": plan.next})


def _text(plan: Plan, dry_run: bool) -> str:
    if plan.refused:
        return "\n".join(f"{_shown(one.path)}:{one.line}: {one.code}: {one.message}" for one in plan.refused)
    if not plan.changes:
        return "nothing to do: all of it is there"
    if dry_run:
        base = common.base_of_diff([one.path for one in plan.changes], Path.cwd())
        return "".join(one.diff(shown_path(one.path, base)) for one in plan.changes).rstrip("\n")
    did = {"create": "created", "edit": "changed"}
    lines = [f"{did[one.action]} {_shown(one.path)}" for one in plan.changes]
    return "\n".join([*lines, *(["next:"] if plan.next else []), *(f"  {one}" for one in plan.next)])


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = common.command_parser(
        prog, "Write a new project, a sub-application or a model in the handbook's layout.", _EXAMPLES
    )
    kinds = parser.add_subparsers(metavar="project|app|model", required=True)
    _add_project(kinds)
    _add_app(kinds)
    _add_model(kinds)
    return parser


def _add_project(kinds: Any) -> None:
    project = kinds.add_parser("project", help="a new project, ready to run")
    project.add_argument(
        "path",
        metavar="NAME",
        help="the folder, whose name the project gets; . is the current one",
    )
    project.add_argument("--name", metavar="NAME", help="another name of the project than the folder's")
    project.add_argument("--framework", default="fastapi", help="fastapi (default) or starlette")
    project.add_argument("--migrations", default="aerich", help="aerich (default) or builtin")
    project.add_argument("--minimal", action="store_true", help="no docker files, charts and CI")
    _add_common(project, _project)


def _add_app(kinds: Any) -> None:
    app = kinds.add_parser("app", help="a sub-application of an existing project")
    app.add_argument("app", metavar="APP", help="its name, as in billing")
    _add_project_option(app)
    _add_common(app, _app)


def _add_model(kinds: Any) -> None:
    from ..scaffold.field_specs import HELP

    model = kinds.add_parser(
        "model",
        help="a model of an existing project",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    model.add_argument("app", metavar="APP", help="the folder of a sub-application; a missing one is made")
    model.add_argument("model", metavar="MODEL", help="its name, as in OrderLine")
    model.add_argument("fields", nargs="*", metavar="FIELD", help="see below")
    model.add_argument(
        "--ordering",
        metavar="COLUMN,…",
        help="the order of the rows, as in --ordering=-due_at,number (with =, because of the -)",
    )
    model.add_argument(
        "--unique-together",
        action="append",
        default=[],
        metavar="COLUMN,…",
        help="no two rows have the same values in these columns, as in --unique-together=customer,number; "
        "can be repeated",
    )
    model.add_argument("--service", choices=("crud",), help="write a service and routes, too")
    model.add_argument(
        "--no-schemas",
        action="store_true",
        help="write no Pydantic schemas; the default where there is no FastAPI, and no app has the package",
    )
    _add_project_option(model)
    _add_common(model, _model)


def _add_project_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--project",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="the project (default: the current folder)",
    )


def _add_common(parser: argparse.ArgumentParser, plan: Any) -> None:
    parser.add_argument("--dry-run", action="store_true", help="print what would change as a diff")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )
    parser.set_defaults(plan=plan)


if __name__ == "__main__":
    sys.exit(main())
