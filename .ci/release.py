#!/usr/bin/env python3
"""What a release consists of: see release.py --help. Needs Git and Python 3.11 or newer."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MANIFESTS = (
    ".claude-plugin/plugin.json",
    ".codex-plugin/plugin.json",
    ".cursor-plugin/plugin.json",
    "gemini-extension.json",
)
EXAMPLES = """\
examples:
  .ci/release.py check v0.1.0      every place says this version, and the changelog has a dated section
  .ci/release.py archive dist      dist/tortoise-dev-0.1.0.zip: what an assistant needs, from the last commit
  .ci/release.py branch            one more commit on the branch `skill`: the same files, for those who clone

exit status: 0 done · 1 something does not fit"""


def main() -> int:
    """Run the command that the arguments name; returns the exit status."""
    parser = argparse.ArgumentParser(
        description="Check and build a release.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check").add_argument("tag", help="the tag, such as v0.1.0")
    commands.add_parser("archive").add_argument("folder", type=Path, help="where the archive is written")
    commands.add_parser("branch")
    options = parser.parse_args()
    if options.command == "check":
        problems = problems_of(ROOT, options.tag)
        print("\n".join(problems) or f"{options.tag} fits")
        return 1 if problems else 0
    print(archive(ROOT, options.folder) if options.command == "archive" else commit_to_branch(ROOT))
    return 0


def version_of(root: Path) -> str:
    """The version of this release; ``about.py`` is the one place that decides."""
    text = (root / "scripts" / "tortoise_dev" / "about.py").read_text(encoding="utf-8")
    return str(re.findall(r'(?m)^__version__ = "(.+)"$', text)[0])


def said_versions(root: Path) -> dict[str, str]:
    """What each other place says, by its path."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    skill = (root / "SKILL.md").read_text(encoding="utf-8")
    said = {
        "pyproject.toml": project["version"],
        "SKILL.md": re.findall(r'(?m)^  version: "(.+)"$', skill)[0],
    }
    for name in MANIFESTS:
        said[name] = json.loads((root / name).read_text(encoding="utf-8"))["version"]
    for name in ("README.md", "ci/gitlab.yml"):
        text = (root / name).read_text(encoding="utf-8")
        for found in re.findall(r"(?:rev: |tortoise-dev[@/#])v(\d+\.\d+\.\d+)\b", text):
            said[name] = found if said.get(name, found) == found else f"{said[name]} and {found}"
    return said


def problems_of(root: Path, tag: str | None = None) -> list[str]:
    """Which places say another version, one line each; with a tag also what a release needs besides."""
    version = version_of(root)
    problems = [
        f"{place}: expected {version}, as in about.py; it says {said}"
        for place, said in said_versions(root).items()
        if said != version
    ]
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"(?m)^## (.+)$", changelog)
    dated = [
        found[1]
        for title in sections
        if (found := re.fullmatch(r"\[?([\d.]+)\]? - (\d{4}-\d\d-\d\d)", title))
    ]
    if len(dated) + ("Unreleased" in sections[:1]) != len(sections):
        problems.append("CHANGELOG.md: expected 'Unreleased', then sections such as '0.1.0 - 2026-01-31'")
    if dated and dated[0] != version:
        problems.append(f"CHANGELOG.md: expected {version} as the newest dated section; it is {dated[0]}")
    if tag is not None and tag != f"v{version}":
        problems.append(f"tag {tag}: expected v{version}")
    if tag is not None and version not in dated:
        problems.append(f"CHANGELOG.md: no dated section for {version}")
    return problems


def archive(root: Path, folder: Path) -> Path:
    """Write the archive of the last commit, without what ``.gitattributes`` leaves out; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.resolve() / f"tortoise-dev-{version_of(root)}.zip"
    _git(root, "archive", "--prefix=tortoise-dev/", "-o", str(path), "HEAD")
    return path


def commit_to_branch(root: Path) -> str:
    """Commit the archive's files, and nothing else, to the branch ``skill``; returns the commit.

    The working tree, its index and its branch stay as they are.
    """
    listing = subprocess.run(
        ["git", "archive", "--format=tar", "HEAD"], cwd=root, capture_output=True, check=True
    ).stdout
    names = subprocess.run(["tar", "-tf", "-"], input=listing, capture_output=True, check=True).stdout
    kept = {name for name in names.decode("utf-8").splitlines() if not name.endswith("/")}
    entries = _git(root, "ls-tree", "-r", "-z", "HEAD").split("\0")
    shown = [entry for entry in entries if entry.partition("\t")[2] in kept]
    return _commit_tree(root, shown)


def _commit_tree(root: Path, entries: list[str]) -> str:
    index = Path(_git(root, "rev-parse", "--absolute-git-dir").strip()) / "skill-branch-index"
    index.unlink(missing_ok=True)
    try:
        given = "\0".join(entries) + "\0"
        _git(root, "update-index", "-z", "--index-info", given=given, index=index)
        tree = _git(root, "write-tree", index=index).strip()
    finally:
        index.unlink(missing_ok=True)
    before = _git(root, "for-each-ref", "--format=%(objectname)", "refs/heads/skill").split()
    parents = [word for commit in before for word in ("-p", commit)]
    commit = _git(root, "commit-tree", tree, *parents, "-m", f"tortoise-dev {version_of(root)}").strip()
    _git(root, "update-ref", "refs/heads/skill", commit)
    return commit


def _git(root: Path, *arguments: str, given: str | None = None, index: Path | None = None) -> str:
    environment = None if index is None else {**os.environ, "GIT_INDEX_FILE": str(index)}
    return subprocess.run(
        ["git", *arguments],
        cwd=root,
        env=environment,
        input=given,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
