"""Workflows of GitHub and GitLab that deploy: a migration before the step that brings the new code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .manifest import Draft, Manifest
from .project import Project
from .shell_commands import NOTHING, Work, work_of
from .yaml_nodes import Node, first_document

_BACKING = r"(?:db|database|postgres\w*|pgbouncer|mysql\w*|mariadb|redis\S*|rabbitmq\S*|docker|nginx|caddy)"
"""Services that are no code of the project."""
_OPTIONS = r"(?:\s+-\S+|\s+\d+)*"
_ONLY_BACKING = rf"(?!{_OPTIONS}(?:\s+{_BACKING}(?:\.service)?{_OPTIONS})+\s*(?:$|[\n;&|\"'>]))"
_STARTS = re.compile(
    r"\b(?:kubectl\s+(?:apply|rollout|set|replace)|helm(?:file)?\s+(?:upgrade|install|apply|sync)|kustomize\s+build|"
    r"fly(?:ctl)?\s+deploy|docker(?:-|\s+)compose\s+(?:-\S+\s+\S+\s+)*"
    rf"(?:up|(?:re)?start){_ONLY_BACKING}|"
    rf"docker\s+(?:stack\s+deploy|service\s+update|(?:re)?start{_ONLY_BACKING}|"
    rf"run(?![^\n]*\s(?:[\w.-]+/)*{_BACKING}(?::\S*)?(?:\s|$))\s+(?:-\S+\s+(?:[^-\s]\S*\s+)?)*?(?:-d|--detach))|"
    r"gcloud\s+(?:run|app)\s+deploy|aws\s+ecs\s+update-service|aws\s+deploy|eb\s+deploy|az\s+(?:webapp|containerapp)|"
    r"doctl\s+apps|railway\s+up|git\s+push\s+(?:-\S+\s+)*(?:heroku|dokku|production)|heroku\s+container:release|"
    rf"ansible-playbook|systemctl\s+(?:--user\s+)?(?:restart|reload|start){_ONLY_BACKING}|"
    r"supervisorctl\s+(?:re)?start|"
    rf"pm2\s+(?:restart|reload|start)|service\s+(?!{_BACKING}\s)\S+\s+(?:restart|reload|start)|"
    r"argocd\s+app\s+sync|kamal\s+deploy|"
    r"curl\s.*(?:deploy|render\.com))\b"
)
"""Commands that start the new code."""
_SENDS = re.compile(r"\b(?:rsync|scp|ssh)\b")
"""Commands that bring it to a server, where something else may start it."""
_MIGRATES = re.compile(r"\b(?:aerich\b.*\bupgrade|tortoise\b.*\b(?:migrate|upgrade)|\S*migrat\S*)")
_DEPLOY_ACTIONS = re.compile(
    r"(?:deploy|ssh-action|flyctl-actions|helm|k8s|kubernetes|heroku|ecs|cloudrun|render|railway|app_action)",
    re.IGNORECASE,
)
_NO_DEPLOY_ACTIONS = re.compile(
    r"^(?:actions/|docker/|astral-sh/|azure/setup-|hashicorp/setup|superfly/flyctl-actions/setup)"
)
_GITLAB_KEYS = {
    "stages",
    "default",
    "variables",
    "include",
    "workflow",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
    "pages",
    "spec",
}


@dataclass(frozen=True)
class _Step:
    """One command of a job, in the order in which they run."""

    job: str
    line: int
    node: Node | None
    deploys: bool
    starts: bool
    """Does it certainly start the new code? What only sends it may be followed by what starts it."""
    migrates: bool
    locked: bool


@dataclass(frozen=True)
class _Pipeline:
    """The jobs of a workflow."""

    steps: list[_Step]
    """The steps of each job in their order."""
    needs: dict[str, set[str]]
    """The jobs that each job waits for."""
    environments: set[str]
    """The jobs that say themselves where they deploy to."""
    alone: bool
    """Does a run wait for the end of the run before?"""

    def runs_before(self, step: _Step, other: _Step) -> bool:
        """Has one step ended when the other begins?"""
        if step.job == other.job:
            return self.steps.index(step) < self.steps.index(other)
        return step.job in self._all_needs(other.job)

    def is_apart(self, step: _Step, deploying: list[_Step]) -> bool:
        """Is it a job beside the deployment, such as the tests, that has a database of its own?"""
        return all(
            step.job != other.job and other.job not in self._all_needs(step.job) for other in deploying
        )

    def _all_needs(self, job: str) -> set[str]:
        found: set[str] = set()
        waiting = [job]
        while waiting:
            for other in self.needs.get(waiting.pop(), set()) - found:
                found.add(other)
                waiting.append(other)
        return found


def read_workflow(
    project: Project, path: Path, name: str, *, platform_migrates: bool | None
) -> Manifest | None:
    """What a GitHub workflow does before it deploys; None for one that does not deploy.

    ``platform_migrates``: do the platforms that it deploys to migrate? None where there are no manifests.
    """
    document = first_document(path)
    jobs = document.get("jobs") if document else None
    if document is None or jobs is None or not jobs.is_mapping:
        return None
    needs = {job: _needs(node) for job, _, node in jobs.entries()}
    steps = [step for job, _, node in jobs.entries() for step in _github_steps(project, job, node)]
    names = {job for job, _, node in jobs.entries() if node.get("environment") is not None}
    alone = document.get("concurrency") is not None or any(
        node.get("concurrency") is not None for _, _, node in jobs.entries()
    )
    pipeline = _Pipeline(steps, needs, names, alone)
    return _judged(project, path, Manifest(name, "github"), pipeline, platform_migrates)


def read_gitlab(
    project: Project, path: Path, name: str, *, platform_migrates: bool | None
) -> Manifest | None:
    """The same for .gitlab-ci.yml."""
    document = first_document(path)
    if document is None or not document.is_mapping:
        return None
    listed = document.get("stages")
    order = [item.text for item in listed.items()] if listed is not None else ["build", "test", "deploy"]
    jobs = [
        (job, line, node)
        for job, line, node in document.entries()
        if job not in _GITLAB_KEYS and not job.startswith(".") and node.is_mapping
    ]
    rank = {job: _rank(order, node.text_at("stage") or "test") for job, _, node in jobs}
    needs = {
        job: {other for other in rank if rank[other] < rank[job]} | _needs(node) for job, _, node in jobs
    }
    steps = [step for job, _, node in jobs for step in _gitlab_steps(project, job, node)]
    names = {
        job
        for job, _, node in jobs
        if node.get("environment") is not None or node.text_at("stage") == "deploy"
    }
    alone = any(node.get("resource_group") is not None for _, _, node in jobs)
    pipeline = _Pipeline(steps, needs, names, alone)
    return _judged(project, path, Manifest(name, "gitlab"), pipeline, platform_migrates)


def _judged(
    project: Project, path: Path, manifest: Manifest, pipeline: _Pipeline, platform_migrates: bool | None
) -> Manifest | None:
    steps, environments = pipeline.steps, pipeline.environments
    starting = {step.job for step in steps if step.starts}
    deploying = [step for step in steps if step.starts or (step.deploys and step.job not in starting)]
    releasing = [step for step in steps if step.migrates and step.job in environments]
    if not deploying and not releasing:
        return None
    migrations = [step for step in steps if step.migrates and (step.job in environments or deploying)]
    before = [step for step in migrations if all(pipeline.runs_before(step, other) for other in deploying)]
    for step in migrations:
        if step in before and not step.locked and not pipeline.alone:
            manifest.add(
                step.line,
                "Two pushes can migrate at the same time, and nothing locks. Add a concurrency group "
                "(GitHub) or a resource_group (GitLab).",
            )
        if step not in before and not pipeline.is_apart(step, deploying):
            manifest.add(step.line, "The migration does not run before the new code is deployed.")
    manifest.migrates = bool(before) or bool(platform_migrates)
    if platform_migrates is False and before:
        manifest.add(
            before[0].line,
            "The pipeline migrates, but the container platform does not: a deployment by hand "
            "runs the new code on the old tables. Migrate on the platform, too.",
        )
    if not manifest.migrates and deploying and platform_migrates is None:
        manifest.draft = _draft(project, path, deploying[0])
    return manifest


def _needs(node: Node) -> set[str]:
    listed = node.get("needs")
    if listed is None:
        return set()
    return {item.text_at("job") or item.text for item in listed.items()}


def _github_steps(project: Project, job: str, node: Node) -> Iterator[_Step]:
    listed = node.get("steps")
    has_services = node.get("services") is not None
    for step in listed.items() if listed is not None and listed.is_list else []:
        run, uses = step.get("run"), step.get("uses")
        action = uses.text if uses else ""
        script = (step.get("with") or step).text_at("script") if uses else ""
        text = run.text if run else script
        acts = bool(_DEPLOY_ACTIONS.search(action)) and not _NO_DEPLOY_ACTIONS.match(action)
        work = NOTHING if has_services else work_of(text, project.root)  # services are a database for tests
        yield from _split(_Command(job, step, (run or step).line, text), work, acts=acts)


@dataclass(frozen=True)
class _Command:
    """What one step of a job runs, and where it stands."""

    job: str
    node: Node
    line: int
    text: str

    def step(
        self, *, deploys: bool = False, starts: bool = False, migrates: bool = False, locked: bool = False
    ) -> _Step:
        return _Step(self.job, self.line, self.node, deploys, starts, migrates, locked)


def _split(command: _Command, work: Work, *, acts: bool) -> Iterator[_Step]:
    """One step, or two in their order where one script migrates and deploys. ``acts``: an action deploys.

    Where no command is known to start the new code, what stands below the migration does.
    """
    text, locked = command.text, work.locked
    start, sent = _STARTS.search(text), _SENDS.search(text)
    migration = _MIGRATES.search(text) if work.migrates else None
    deploys = acts or start is not None or sent is not None
    if migration is None or not deploys:
        starts = start is not None or (acts and not text)
        yield command.step(deploys=deploys, starts=starts, migrates=work.migrates, locked=locked)
        return
    followed = text[migration.end() :].partition("\n")[2].strip() != ""
    is_first = migration.start() < start.start() if start is not None else followed
    migrating = command.step(migrates=True, locked=locked)
    deploying = command.step(deploys=True, starts=start is not None, locked=locked)
    yield from (migrating, deploying) if is_first else (deploying, migrating)


def _gitlab_steps(project: Project, job: str, node: Node) -> Iterator[_Step]:
    has_services = node.get("services") is not None
    for key in ("before_script", "script"):
        listed = node.get(key)
        for item in listed.items() if listed is not None else []:
            work = NOTHING if has_services else work_of(item.text, project.root)
            yield from _split(_Command(job, item, item.line, item.text), work, acts=False)


def _rank(order: list[str], stage: str) -> int:
    return order.index(stage) if stage in order else len(order)


def _draft(project: Project, path: Path, before: _Step) -> str | None:
    """A step with the migration before the step that deploys."""
    if before.node is None:
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    line = before.node.line
    text = lines[line - 1]
    indent = text[: len(text) - len(text.lstrip())]
    if not text.lstrip().startswith("- "):
        return None
    draft = Draft(project.root, path)
    if path.name == ".gitlab-ci.yml":
        draft.insert_above(line, [f"{indent}- {project.line}"])
    else:
        url = "${{ secrets.DATABASE_URL }}"
        draft.insert_above(
            line,
            [
                f"{indent}- name: Migrate",
                f"{indent}  run: {project.line}",
                f"{indent}  env:",
                f"{indent}    DATABASE_URL: {url}",
            ],
        )
    return draft.diff()
