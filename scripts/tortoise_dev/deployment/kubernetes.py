"""Kubernetes objects of charts and kustomizations: Jobs, init containers, pods that migrate at start."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..folders import own_files
from .image import Image, is_infrastructure
from .manifest import PGBOUNCER, PROBES, STOP, Manifest
from .project import Project
from .shell_commands import Work
from .starts import problems_of_shell
from .work_problems import is_pooled, problems_at_start, problems_of, through_pooler
from .yaml_nodes import Node

_WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "Rollout"}
_ENVIRONMENTS = {
    "dev",
    "development",
    "test",
    "qa",
    "stage",
    "staging",
    "preview",
    "prod",
    "production",
}
_ARGO_HOOK = "argocd.argoproj.io/hook"
_HELM_HOOK = "helm.sh/hook"


@dataclass(frozen=True)
class Object:
    """One object and the file that it stands in."""

    file: Path
    node: Node

    @property
    def kind(self) -> str:
        return self.node.text_at("kind")

    @property
    def name(self) -> str:
        return self.node.text_at("metadata", "name")

    def annotation(self, name: str) -> Node | None:
        """One of its annotations, whose names contain dots."""
        annotations = self.node.get("metadata", "annotations")
        return annotations.get(name) if annotations else None

    @property
    def pod(self) -> Node | None:
        """The specification of its pods."""
        if self.kind == "CronJob":
            return self.node.get("spec", "jobTemplate", "spec", "template", "spec")
        return self.node.get("spec", "template", "spec")

    @property
    def labels(self) -> Node | None:
        """The labels of its pods."""
        return self.node.get("spec", "template", "metadata", "labels")

    def is_selected_by(self, service: Object) -> bool:
        """Does a Service send requests to its pods?"""
        labels, selector = self.labels, service.node.get("spec", "selector")
        pairs = {(key, value.text) for key, _, value in labels.entries()} if labels else set()
        wanted = {(key, value.text) for key, _, value in selector.entries()} if selector else set()
        return bool(wanted) and wanted <= pairs

    def containers(self, key: str = "containers") -> list[Node]:
        pod = self.pod
        listed = pod.get(key) if pod else None
        return listed.items() if listed is not None and listed.is_list else []

    @property
    def application(self) -> Node | None:
        """The container of a workload that runs the project's code: the first that is no bought-in server."""
        found = self.containers() if self.kind in _WORKLOADS else []
        return next((one for one in found if not is_infrastructure(one.text_at("image"))), None)


class Judge:
    """What the objects of one chart or one kustomization do about migrations.

    A problem that stands in another file names that file, and has the line there.
    """

    def __init__(self, project: Project, manifest: Manifest, image: Image) -> None:
        self.project = project
        self.manifest = manifest
        self.image = image
        """What the project's image starts."""
        self.races = False
        """Do pods migrate at their start without a lock? Known once the objects were judged."""

    def add(self, one: Object, node: Node | None, message: str, section: str | None = None) -> None:
        place = one.file.relative_to(self.project.root).as_posix()
        self.manifest.add((node or one.node).line, message, place, section)

    def work(self, container: Node) -> Work:
        """What a container runs: ``command`` stands for the image's entrypoint, ``args`` for its command."""
        command, args = container.get("command"), container.get("args")
        return self.image.work(
            self.project.root,
            entrypoint=command.text if command else None,
            command=args.text if args else None,
        )

    def is_right(self, objects: list[Object], *, is_chart: bool) -> bool:
        """Does a migration run before the new code, once or under a lock? Notes what is wrong."""
        servers = [one for one in objects if one.application is not None]
        jobs = [one for one in objects if one.kind == "Job" and self.migrates(one)]
        before = [self._is_before(job, is_chart=is_chart, alone=not servers) for job in jobs]
        for job in jobs:
            self.judge_labels(job, [one for one in objects if one.kind == "Service"])
        inside = [self._starts_migrate(one) for one in servers]
        initial = [self._init_migrates(one) for one in servers]
        for one in servers:
            self._judge_probes(one)
            self._judge_stop(one)
            self._judge_shell(one)
        self.races = any(found is False for found in (*inside, *initial))
        if self.races:
            return False
        return any(before) or (bool(servers) and any(found is True for found in (*inside, *initial)))

    def migrates(self, job: Object) -> bool:
        """Is it a Job that migrates and ends?"""
        return any(self.work(container).migrates_only for container in job.containers())

    def _is_before(self, job: Object, *, is_chart: bool, alone: bool) -> bool:
        """Does a Job run before the pods are replaced?"""
        self._judge_job(job)
        argo = job.annotation(_ARGO_HOOK)
        if argo is not None:
            if argo.text == "PreSync":
                return True
            self.add(job, argo, f"Argo CD runs a {argo.text} hook after the new pods; write PreSync.")
            return False
        hook = job.annotation(_HELM_HOOK)
        if not is_chart:
            if not alone:
                self.add(
                    job,
                    None,
                    "The Job starts together with the new pods. Put it into a folder of its own, apply that "
                    "first, and wait for the Job.",
                )
            return alone
        if hook is None:
            self.add(
                job,
                None,
                "The Job is no hook: it runs beside the new pods, and an upgrade cannot change it. Add the "
                "annotation helm.sh/hook: pre-install,pre-upgrade.",
            )
            return False
        phases = {phase.strip() for phase in hook.text.split(",")}
        missing = {"pre-install", "pre-upgrade"} - phases
        if missing:
            late = (
                " Only if the database is a subchart, keep post-install." if "post-install" in phases else ""
            )
            self.add(
                job,
                hook,
                f"The hook runs at {hook.text}. It must also run at {' and '.join(sorted(missing))}, so that "
                f"the migration is done before the new pods start.{late}",
            )
        return not missing

    def _judge_job(self, job: Object) -> None:
        limit = job.node.get("spec", "backoffLimit")
        if limit is None or limit.text != "0":
            again = "6 times by default" if limit is None else f"{limit.text} times"
            self.add(job, limit, f"A broken migration is run again {again}; write backoffLimit: 0.")
        pod = job.pod
        restart = pod.get("restartPolicy") if pod else None
        if restart is None or restart.text != "Never":
            self.add(job, restart, "A failed container starts again; write restartPolicy: Never.")
        for key in ("parallelism", "completions"):
            count = job.node.get("spec", key)
            if count is not None and count.text not in ("0", "1"):
                self.add(job, count, f"{key}: {count.text} runs the migration more than once.")
        policy = job.annotation("helm.sh/hook-delete-policy")
        keeps = policy is not None and not re.search("before-hook-creation|hook-failed", policy.text)
        if keeps and "Revision" not in job.name:
            self.add(
                job,
                policy,
                "A failed Job stays, and the next release cannot make it again; add before-hook-creation to "
                "helm.sh/hook-delete-policy.",
            )
        for container in job.containers():
            self._tell(job, container, problems_of(self.work(container)))
        self.judge_url(job)

    def judge_labels(self, job: Object, services: Iterable[Object]) -> None:
        """Tell of a Service that would send requests to the pod of a Job."""
        for service in services:
            if job.is_selected_by(service):
                self.add(
                    job,
                    job.labels,
                    f"The Service {service.name} also sends requests to the pod of this Job. Remove the "
                    "labels that it selects.",
                )

    def judge_url(self, one: Object) -> None:
        """Tell of a migration through PgBouncer, also of one that a draft makes with the same variables."""
        for container in one.containers():
            listed = container.get("env")
            for item in listed.items() if listed is not None and listed.is_list else []:
                if is_pooled(item.text_at("value")):
                    self.add(one, item, through_pooler(item.text_at("name")), PGBOUNCER)

    def _tell(self, one: Object, container: Node, messages: Iterable[str]) -> None:
        node = container.get("command") or container.get("args") or container
        for message in messages:
            self.add(one, node, message[0].upper() + message[1:])

    def _starts_migrate(self, one: Object) -> bool | None:
        """Do its containers migrate when they start? True under a lock, False without, None if not."""
        found: bool | None = None
        for container in one.containers():
            work = self.work(container)
            if not work.migrates:
                continue
            self._tell(one, container, problems_at_start(work, "replica"))
            found = work.locked and not work.late and found is not False
        return found

    def _init_migrates(self, one: Object) -> bool | None:
        """The same for its init containers."""
        found: bool | None = None
        for container in one.containers("initContainers"):
            work = self.work(container)
            if not work.migrates:
                continue
            if not work.locked:
                self.add(
                    one,
                    container,
                    "Each new pod runs this init container, and the command takes no lock. Run migrate.py, "
                    "which takes one, or migrate in a Job.",
                )
            self._tell(one, container, problems_of(work))
            found = work.locked and found is not False
        return found

    def _judge_probes(self, one: Object) -> None:
        for container in one.containers():
            path = container.get("livenessProbe", "httpGet", "path")
            if path is not None and asks_database(path.text, self.project.root):
                self.add(
                    one,
                    path,
                    f"The liveness probe {path.text} asks the database: when the database is down, "
                    "all pods are restarted. Name a path that sends no query.",
                )

    def judge_served(self, one: Object) -> None:
        """Tell of a pod behind a Service that gets requests too early and, without preStop, too late."""
        container = one.application
        if container is None or container.get("readinessProbe") is not None:
            return
        early = "The Service sends requests to a new pod before it can answer. Add a readinessProbe."
        self.add(one, container, early, PROBES)
        if container.get("lifecycle") is None:
            self.add(one, container, _TOO_LATE, STOP)

    def _judge_shell(self, one: Object) -> None:
        for container in one.containers():
            self._tell(one, container, problems_of_shell(container, self.project.root))

    def _judge_stop(self, one: Object) -> None:
        """Does a pod that gets requests wait with SIGTERM until they go to other pods?"""
        grace = one.pod.get("terminationGracePeriodSeconds") if one.pod else None
        seconds = _GRACE if grace is None else _number(grace)
        for container in one.containers():
            ready = container.get("readinessProbe")
            stop = container.get("lifecycle", "preStop")
            if ready is not None and container.get("lifecycle") is None:
                self.add(one, ready, _TOO_LATE, STOP)
            pause = _pause(stop)
            if pause is not None and seconds is not None and pause >= seconds:
                self.add(
                    one,
                    grace or stop,
                    f"preStop sleeps for {pause} seconds, and after {seconds} the pod is killed. Set "
                    "terminationGracePeriodSeconds to more than preStop and the server need together.",
                    STOP,
                )


_TOO_LATE = "Requests still arrive after SIGTERM, and the server refuses them. Let preStop sleep first."
_GRACE = 30
"""What Kubernetes takes without terminationGracePeriodSeconds."""


def _number(node: Node | None) -> int | None:
    return int(node.text) if node is not None and node.text.isdecimal() else None


def _pause(stop: Node | None) -> int | None:
    """How long a preStop sleeps, if it does only this."""
    if stop is None:
        return None
    command = stop.get("exec", "command")
    words = [word.text for word in command.items()] if command is not None and command.is_list else []
    if len(words) == 2 and words[0].rpartition("/")[2] == "sleep":
        return _number(command.items()[1]) if command else None
    return _number(stop.get("sleep", "seconds"))


_QUERY = re.compile(
    r"execute_query|get_connection|\bconnections\b|\.(?:exists|count|first|all|filter|get)\(\)|SELECT 1"
)


def asks_database(path: str, root: Path) -> bool:
    """Does the function behind a route of the application send a query?"""
    route = re.compile(rf"\(\s*[\"']{re.escape(path.rstrip('/') or '/')}/?[\"']")
    for file in sorted(own_files(root)):
        if file.suffix != ".py" or "tests" in file.relative_to(root).parts or not file.is_file():
            continue
        text = file.read_text("utf-8", "replace")
        for match in route.finditer(text):
            body = re.search(r"\n(?:async )?def \w+.*?(?=\n\S|\Z)", text[match.end() :], re.DOTALL)
            if body and body.start() < 400 and _QUERY.search(body[0]):
                return True
    return False


def objects_in(file: Path, documents: list[Node]) -> Iterator[Object]:
    """The objects of a file; those of a List are objects too."""
    for node in documents:
        if not node.is_mapping:
            continue
        items = node.get("items") if node.text_at("kind").endswith("List") else None
        for one in items.items() if items is not None and items.is_list else [node]:
            if one.is_mapping:
                yield Object(file, one)


def images_of(objects: list[Object]) -> set[str]:
    """The images of the pods, without tags and digests."""
    texts = [node.text for one in objects for box in one.containers() if (node := box.get("image"))]
    return {re.sub(r"@.*|:[^/]*$", "", text) for text in texts}


def environment_of(path: str) -> str | None:
    """The environment that a folder is named after: prod, staging, ..."""
    return next((part for part in path.split("/") if part.lower() in _ENVIRONMENTS), None)
