"""The draft of a Kubernetes Job that migrates with the image and the surroundings of a workload."""

from __future__ import annotations

from pathlib import Path

from ..report.diffs import unified_diff
from .copied_lines import lines_of
from .kubernetes import Object
from .project import Project
from .yaml_nodes import Node, is_yaml

_OF_POD = (
    "imagePullSecrets",
    "serviceAccountName",
    "securityContext",
    "nodeSelector",
    "tolerations",
)
_OF_CONTAINER = ("image", "imagePullPolicy", "envFrom", "env", "resources", "securityContext")


def job_of(objects: list[Object], project: Project, name: str, annotations: list[str]) -> list[str] | None:
    """The lines of a Job that migrates with the image and the environment of the first workload.

    A hook, which has annotations, runs before Helm makes a ServiceAccount of the same chart.
    None without a workload of the project's code, and where its lines make no YAML.
    """
    for one in objects:
        container = one.application
        if container is not None and one.pod is not None:
            is_late = bool(annotations) and any(other.kind == "ServiceAccount" for other in objects)
            keys = [key for key in _OF_POD if key != "serviceAccountName" or not is_late]
            lines = _job(one, one.pod, container, project, name, annotations, keys)
            return lines if is_yaml("\n".join(lines)) else None
    return None


def _job(
    one: Object,
    pod: Node,
    container: Node,
    project: Project,
    name: str,
    annotations: list[str],
    keys: list[str],
) -> list[str]:
    """It has no labels: by a label of the workload, a Service would send requests to the Job's pod."""
    lines = one.file.read_text(encoding="utf-8").splitlines()
    metadata = one.node.get("metadata")
    volumes = _volumes(pod, container)
    column = container.column if container.column in (8, 10) else 10  # so that `nindent` still fits
    dash, indent = " " * (column - 2), " " * column
    command = ", ".join(f'"{word}"' for word in project.command)
    copied = lines_of(lines, container, _OF_CONTAINER + (("volumeMounts",) if volumes else ()))
    return [
        "apiVersion: batch/v1",
        "kind: Job",
        "metadata:",
        f"  name: {name}",
        *(f"  {line}" for line in (lines_of(lines, metadata, ["namespace"]) if metadata else [])),
        *(["  annotations:", *(f"    {line}" for line in annotations)] if annotations else []),
        "spec:",
        "  backoffLimit: 0",
        "  activeDeadlineSeconds: 840",
        "  template:",
        "    spec:",
        "      restartPolicy: Never",
        *(f"      {line}" for line in lines_of(lines, pod, keys)),
        "      containers:",
        f"{dash}- name: migrate",
        *(f"{indent}{line}" for line in copied),
        f"{indent}{'args' if _keeps_entrypoint(container) else 'command'}: [{command}]",
        *(f"      {line}" for line in (lines_of(lines, pod, ["volumes"]) if volumes else [])),
    ]


def _volumes(pod: Node, container: Node) -> bool:
    """Are all volumes that the container mounts those of the pod? A StatefulSet makes some of its own."""
    mounts, volumes = container.get("volumeMounts"), pod.get("volumes")
    if mounts is None or volumes is None:
        return False
    return {one.text_at("name") for one in mounts.items()} <= {one.text_at("name") for one in volumes.items()}


def _keeps_entrypoint(container: Node) -> bool:
    return container.get("command") is None and container.get("args") is not None


def new_file(project: Project, path: Path, lines: list[str]) -> str:
    """A diff that makes a file."""
    return unified_diff(
        None, "".join(f"{line}\n" for line in lines), path.relative_to(project.root).as_posix()
    )
