"""All deployment manifests of a project, and the question to put to whoever decides about them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from . import compose, helm, kustomize, plain, platforms, workflows
from .image import Image, read_dockerfile
from .manifest import Manifest
from .manifest_files import KUSTOMIZATIONS, is_compose_file, manifest_files, plain_files
from .project import Project, project_at
from .work_problems import problems_at_start
from .yaml_nodes import UnreadableError

_CONTAINERS = {
    "compose",
    "helm",
    "kustomize",
    "kubernetes",
    "fly",
    "render",
    "digitalocean",
    "procfile",
    "app-engine",
}


@dataclass(frozen=True)
class Plan:
    """The manifests in the order of their paths; ``question`` is None where every one of them migrates.

    ``advice`` says how drafts get a command that takes a lock, None where they have one or there are none.
    ``not_judged`` are files with Kubernetes objects that cannot be read: templates of another tool.
    """

    manifests: list[Manifest]
    question: str | None
    advice: str | None = None
    not_judged: list[str] = field(default_factory=list)


_COPY = {
    False: '`cp "$SKILL/examples/billing/migrate.py" .`, name in it the module of your TORTOISE_ORM',
    True: '`cp "$SKILL/examples/with_aerich/"{migrate,lock}.py .`, set in migrate.py the module of your '
    "TORTOISE_ORM and LOCATION",
}
"""How a project gets a migrate.py: with the built-in migrations, with Aerich."""


class ManifestError(Exception):
    """A manifest that cannot be read; the message names it."""


def plan_for(root: Path) -> Plan:
    """Look at all manifests below a folder; nothing is executed or written. Raises ManifestError."""
    project = project_at(root)
    objects = plain_files(root)
    files = [path for path in manifest_files(root) if path not in objects]
    image = _image(files)
    found: list[Manifest] = []
    kustomizations: list[kustomize.Kustomization] = []
    for path in files:
        name = path.relative_to(root).as_posix()
        manifest: Manifest | None
        try:
            if path.name in KUSTOMIZATIONS:
                kustomizations.append(kustomize.read_kustomization(project, path, name, image))
                manifest = kustomizations[-1].manifest
            else:
                manifest = _read(project, path, name, image)
        except UnreadableError as error:
            raise ManifestError(f"{name}: {error}") from None
        found += [manifest] if manifest else []
    kustomize.settle(project, kustomizations)
    taken = {one.file for kustomization in kustomizations for one in kustomization.objects}
    plain_ones, unread = plain.read_plain(project, [path for path in objects if path not in taken], image)
    found += plain_ones
    for path in files:
        manifest = _read_pipeline(project, path, found)
        found += [manifest] if manifest else []
    if not found:
        images = [_read_image(project, path) for path in files if path.name == "Dockerfile"]
        found += [manifest for manifest in images if manifest]
    found.sort(key=lambda manifest: manifest.path)
    for manifest in found:
        manifest.problems.sort()
    not_judged = [path.relative_to(root).as_posix() for path in unread]
    return Plan(found, _question(found), _advice(project, found), not_judged)


def _image(files: list[Path]) -> Image:
    """What the project's image starts, where there is a Dockerfile."""
    dockerfiles = [path for path in files if path.name == "Dockerfile"]
    return read_dockerfile(min(dockerfiles, key=lambda path: len(path.parts))) if dockerfiles else Image()


def _read_image(project: Project, path: Path) -> Manifest | None:
    """A Dockerfile that no manifest uses: what is wrong with its migration, if its container starts one."""
    work = read_dockerfile(path).work(project.root)
    if not work.migrates:
        return None
    manifest = Manifest(path.relative_to(project.root).as_posix(), "docker")
    manifest.migrates = work.locked and not work.late and not work.ignores_failure
    lines = path.read_text("utf-8", "replace").splitlines()
    starts = [
        number for number, line in enumerate(lines, 1) if re.match(r"(?i)\s*(?:ENTRYPOINT|CMD)\s", line)
    ]
    for message in problems_at_start(work, "container"):
        manifest.add(starts[0], message[0].upper() + message[1:])
    return manifest


def _read(project: Project, path: Path, name: str, image: Image) -> Manifest | None:
    if is_compose_file(path):
        return compose.read_compose(project, path, name)
    if path.name == "Chart.yaml":
        return helm.read_chart(project, path, name, image)
    if path.name == "Procfile":
        return platforms.read_procfile(project, path, name)
    if path.name.startswith("fly.") and path.suffix == ".toml":
        return platforms.read_fly(project, path, name, image)
    if path.name == "render.yaml":
        return platforms.read_render(project, path, name, image)
    if path.name == "app.yaml":
        return platforms.read_app(project, path, name, image)
    return None


def _read_pipeline(project: Project, path: Path, found: list[Manifest]) -> Manifest | None:
    name = path.relative_to(project.root).as_posix()
    containers = [manifest for manifest in found if manifest.platform in _CONTAINERS]
    lacking = [manifest for manifest in containers if not manifest.migrates]
    migrates = not lacking if containers else None
    manifest = None
    try:
        if path.parent.name == "workflows":
            manifest = workflows.read_workflow(project, path, name, platform_migrates=migrates)
        if path.name == ".gitlab-ci.yml":
            manifest = workflows.read_gitlab(project, path, name, platform_migrates=migrates)
    except UnreadableError as error:
        raise ManifestError(f"{name}: {error}") from None
    if manifest and lacking:
        manifest.section = lacking[0].section  # the step belongs to the platform
    return manifest


def _advice(project: Project, found: list[Manifest]) -> str | None:
    if project.command[-1].endswith("migrate.py") or not any(manifest.draft for manifest in found):
        return None
    return (
        f"The drafts run `{project.line}`, which takes no lock: two runs at once migrate twice. If the"
        f" owner agrees, run {_COPY['aerich' in project.command]}, and write `{project.with_lock}` into the"
        " drafts."
    )


def _question(found: list[Manifest]) -> str | None:
    missing = [manifest for manifest in found if not manifest.migrates]
    if not missing:
        return None
    places = ", ".join(manifest.path for manifest in missing)
    drafts = [manifest.path for manifest in missing if manifest.draft]
    if drafts:
        question = f"Shall I apply the drafts for {', '.join(drafts)}?"
        return f"No migration runs before the new code in {places}. {question}"
    if any(manifest.problems for manifest in missing):
        return f"No migration runs before the new code in {places}. Shall I correct the problems named above?"
    return f"No migration runs before the new code in {places}. Which command or job may run it there?"
