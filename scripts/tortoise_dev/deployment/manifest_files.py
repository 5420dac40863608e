"""Which files of a project may be deployment manifests, by their names. So it needs no other package."""

from __future__ import annotations

import re
from pathlib import Path

from ..folders import own_files

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_NAMES = {"Chart.yaml", "Procfile", "render.yaml", "app.yaml", ".gitlab-ci.yml", *KUSTOMIZATIONS}
_PATTERNS = (
    re.compile(r"(?:docker-)?compose\.ya?ml"),
    re.compile(r"fly(?:\.[\w-]+)?\.toml"),
    re.compile(r"Dockerfile.*"),
)


_OBJECT = re.compile(
    rb"^kind: *[\"']?(?:Deployment|StatefulSet|DaemonSet|Rollout|Job|Service)\b", re.MULTILINE
)


def plain_files(root: Path) -> list[Path]:
    """Files with Kubernetes objects that belong to no chart and to no kustomization around them."""
    return sorted(
        path
        for path in own_files(root)
        if path.suffix in (".yaml", ".yml")
        and path.is_file()
        and not _is_part(path, root)
        and _OBJECT.search(path.read_bytes())
    )


def _is_part(path: Path, root: Path) -> bool:
    """Is there a chart or a kustomization in its folder, or above?"""
    folders = [folder for folder in path.parents if folder == root or root in folder.parents]
    return any((folder / name).exists() for folder in folders for name in ("Chart.yaml", *KUSTOMIZATIONS))


def manifest_files(root: Path) -> list[Path]:
    """The files below a folder whose names are those of manifests and Dockerfiles, sorted."""
    return sorted(path for path in own_files(root) if _is_manifest(path) and path.is_file())


def is_compose_file(path: Path) -> bool:
    """Is it a base compose file? An override (``compose.NAME.yaml``) is none."""
    return _PATTERNS[0].fullmatch(path.name) is not None


def _is_manifest(path: Path) -> bool:
    is_workflow = path.parent.name == "workflows" and path.parent.parent.name == ".github"
    return (
        path.name in _NAMES
        or any(pattern.fullmatch(path.name) for pattern in _PATTERNS)
        or (is_workflow and path.suffix in (".yml", ".yaml"))
    )
