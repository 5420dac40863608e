"""Helm charts: a Job that is a hook before install and upgrade."""

from __future__ import annotations

from pathlib import Path

from .image import Image
from .job_draft import job_of, new_file
from .kubernetes import Judge, Object, objects_in
from .manifest import Manifest
from .project import Project
from .yaml_nodes import UnreadableError, read_template, read_text

_HOOK = [
    "helm.sh/hook: pre-install,pre-upgrade",
    'helm.sh/hook-weight: "-5"',
    "helm.sh/hook-delete-policy: before-hook-creation",
]
_NAME = '"{{ .Release.Name }}-migrate"'


def read_chart(project: Project, path: Path, name: str, image: Image) -> Manifest:
    """What a chart does about migrations; ``path`` is its Chart.yaml, ``image`` what its image starts."""
    manifest = Manifest(name, "helm")
    objects: list[Object] = []
    for file in _templates(path.parent / "templates"):
        try:
            objects += objects_in(file, read_template(read_text(file)))
        except UnreadableError as error:
            manifest.add(1, f"{file.relative_to(project.root).as_posix()} was not read: {error}")
    judge = Judge(project, manifest, image)
    manifest.migrates = judge.is_right(objects, is_chart=True)
    target = path.parent / "templates" / "migrate-job.yaml"
    if not manifest.migrates and not target.exists():
        lines = job_of(objects, project, _NAME, _HOOK)
        manifest.draft = new_file(project, target, lines) if lines else None
    return manifest


def _templates(folder: Path) -> list[Path]:
    """The files that make objects; those that begin with an underscore only define pieces."""
    return [
        file
        for file in sorted(folder.rglob("*"))
        if file.suffix in (".yaml", ".yml", ".tpl") and not file.name.startswith("_") and file.is_file()
    ]
