"""Kustomize: a Job in a kustomization of its own that is applied first, or an init container with a lock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .copied_lines import lines_of
from .image import Image
from .job_draft import job_of, new_file
from .kubernetes import Judge, Object, environment_of, images_of, objects_in
from .manifest import Manifest
from .manifest_files import KUSTOMIZATIONS
from .project import Project
from .yaml_nodes import Node, UnreadableError, read_text, read_yaml


@dataclass(frozen=True)
class Kustomization:
    """A kustomization with all that it is made of, read and judged once.

    ``races``: its pods migrate when they start, without a lock. A Job that is applied first does not help.
    """

    path: Path
    manifest: Manifest
    objects: list[Object]
    races: bool
    judge: Judge

    @property
    def only_migrates(self) -> bool:
        """Is it nothing but a migrating Job, to be applied before another one?"""
        has_pods = any(one.pod is not None and one.kind != "Job" for one in self.objects)
        return not has_pods and self.manifest.migrates


def read_kustomization(project: Project, path: Path, name: str, image: Image) -> Kustomization:
    """What a kustomization does about migrations."""
    manifest = Manifest(name, "kustomize")
    objects = _objects(path, manifest, project, set())
    judge = Judge(project, manifest, image)
    manifest.migrates = judge.is_right(objects, is_chart=False)
    return Kustomization(path, manifest, objects, judge.races, judge)


def settle(project: Project, found: list[Kustomization]) -> None:
    """One that is nothing but a migrating Job serves those of its image: it comes first. Drafts the rest."""
    first = [one for one in found if one.only_migrates]
    services = [one for kustomization in found for one in kustomization.objects if one.kind == "Service"]
    for kustomization in first:
        for job in kustomization.objects:
            kustomization.judge.judge_labels(job, services)
    for one in found:
        if not one.races and any(_comes_first(job, one) for job in first):
            one.manifest.migrates = True
        elif not one.manifest.migrates:
            one.manifest.draft = _draft(project, one.path, one.objects)


def _comes_first(job: Kustomization, one: Kustomization) -> bool:
    """Does a migrating Job belong to a kustomization: is it of the same image and the same environment?"""
    places = {environment_of(job.manifest.path), environment_of(one.manifest.path)} - {None}
    same_place = len(places) < 2
    return one is job or (same_place and bool(images_of(job.objects) & images_of(one.objects)))


def _draft(project: Project, path: Path, objects: list[Object]) -> str | None:
    """Two new files: a Job in a kustomization beside this one, to be applied before it."""
    folder = path.parent / "migrate"
    lines = job_of(objects, project, "migrate", [])
    if lines is None or folder.exists():
        return None
    place = folder.relative_to(project.root).as_posix()
    head = [
        f"# Before each rollout: kubectl delete -k {place} --ignore-not-found && kubectl apply -k {place} &&",
        f"# kubectl kustomize {place} | kubectl wait -f - --for=condition=complete --timeout=15m",
    ]
    kustomization = [
        "apiVersion: kustomize.config.k8s.io/v1beta1",
        "kind: Kustomization",
        "resources:",
        "  - job.yaml",
        *_kept(path),
    ]
    return new_file(project, folder / "job.yaml", [*head, *lines]) + new_file(
        project, folder / "kustomization.yaml", kustomization
    )


def _kept(path: Path) -> list[str]:
    """The lines that set the namespace and replace images, which the new kustomization needs too."""
    lines = path.read_text(encoding="utf-8").splitlines()
    documents = read_yaml("\n".join(lines))
    return lines_of(lines, documents[0], ["namespace", "images"]) if documents else []


def _objects(path: Path, manifest: Manifest, project: Project, seen: set[Path]) -> list[Object]:
    """The objects of a kustomization: its resources, bases, components and patches."""
    if path.resolve() in seen:
        return []
    seen.add(path.resolve())
    found: list[Object] = []
    for document in _documents(path, manifest, project):
        for name in _files(document):
            target = (path.parent / name).resolve()
            if "://" in name or not target.is_relative_to(project.root.resolve()):
                continue
            if target.is_dir():
                inner = next((target / one for one in KUSTOMIZATIONS if (target / one).is_file()), None)
                found += _objects(inner, manifest, project, seen) if inner else []
            elif target.is_file():
                here = project.root / target.relative_to(project.root.resolve())
                found += objects_in(here, _documents(target, manifest, project))
    return found


def _documents(path: Path, manifest: Manifest, project: Project) -> list[Node]:
    try:
        return read_yaml(read_text(path))
    except UnreadableError as error:
        name = path.resolve().relative_to(project.root.resolve()).as_posix()
        manifest.add(1, f"{name} was not read: {error}")
        return []


def _files(document: Node) -> list[str]:
    """The files and folders that a kustomization names."""
    names = []
    for key in ("resources", "bases", "components", "patchesStrategicMerge"):
        listed = document.get(key)
        names += [item.text for item in listed.items() if item.text] if listed is not None else []
    patches = document.get("patches")
    for patch in patches.items() if patches is not None and patches.is_list else []:
        file = patch.get("path")
        names += [file.text] if file else []
    return names
