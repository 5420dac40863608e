"""One version and one address stand everywhere, and a release holds what an assistant needs."""

from __future__ import annotations

import ast
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from tortoise_dev.about import REPOSITORY, SKILL, __version__
from tortoise_dev.evals.tasks import read_evals
from tortoise_dev.evals.workspace import SKILL_PARTS, prepare

ROOT = Path(__file__).resolve().parents[1]
RELEASE = runpy.run_path(str(ROOT / ".ci" / "release.py"))
PLACES = [*RELEASE["said_versions"](ROOT), "CHANGELOG.md", "scripts/tortoise_dev/about.py"]
TOPS = {
    ".claude-plugin",
    ".codex-plugin",
    ".cursor-plugin",
    "CHANGELOG.md",
    "GEMINI.md",
    "LICENSE",
    "README.md",
    "SKILL.md",
    "action.yml",
    "examples",
    "gemini-extension.json",
    "hatch_build.py",
    "hatch_skill_library.py",
    "hooks",
    "pyproject.toml",
    "references",
    "scripts",
}
"""What stands at the top of the archive, and nothing else."""
ADDRESS = re.compile(r"(?:github(?:usercontent)?\.com/|uses: |add |install )([\w.-]+)/tortoise-dev\b")


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=True).stdout


# --- the version


def test_every_place_says_the_version_of_about() -> None:
    assert RELEASE["version_of"](ROOT) == __version__
    assert {"pyproject.toml", "SKILL.md", "README.md", "ci/gitlab.yml"} < set(PLACES)
    assert RELEASE["problems_of"](ROOT) == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copies of the files that say the version, with a dated section in the changelog."""
    for place in PLACES:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / place, tmp_path / place)
    (tmp_path / "CHANGELOG.md").write_text(
        f"# Changelog\n\n## Unreleased\n\n## {__version__} - 2026-02-01\n", encoding="utf-8"
    )
    return tmp_path


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_says_another_version_is_named(place: str, copy: Path) -> None:
    tag = f"v{__version__}"
    assert RELEASE["problems_of"](copy, tag) == []
    file = copy / place
    text = file.read_text(encoding="utf-8")
    pattern = rf"(?<![\d.]){re.escape(__version__)}(?![\d.]*\d)"
    file.write_text(re.sub(pattern, "99.1.0", text), encoding="utf-8")
    problems = RELEASE["problems_of"](copy, tag)
    assert problems
    assert place.endswith("about.py") or all(problem.startswith(f"{place}: ") for problem in problems)


def test_a_release_needs_its_tag_and_a_dated_section(copy: Path) -> None:
    (problem,) = RELEASE["problems_of"](copy, "v99.1.0")
    assert problem == f"tag v99.1.0: expected v{__version__}"
    (copy / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n", encoding="utf-8")
    assert RELEASE["problems_of"](copy) == []
    assert RELEASE["problems_of"](copy, f"v{__version__}") == [
        f"CHANGELOG.md: no dated section for {__version__}"
    ]
    (copy / "CHANGELOG.md").write_text("# Changelog\n\n## Next\n", encoding="utf-8")
    assert RELEASE["problems_of"](copy)[0].startswith("CHANGELOG.md: expected 'Unreleased'")


def test_the_command_says_what_does_not_fit() -> None:
    command = [sys.executable, str(ROOT / ".ci" / "release.py"), "check", "v0.0.0"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(f"tag v0.0.0: expected v{__version__}\n")


# --- the address


def test_one_address_stands_everywhere() -> None:
    owner = REPOSITORY.rsplit("/", 2)[1]
    assert f"https://github.com/{owner}/tortoise-dev" == REPOSITORY
    found: dict[str, set[str]] = {}
    for name in git(ROOT, "ls-files").splitlines():
        data = (ROOT / name).read_bytes()
        if b"/tortoise-dev" in data and name != "tests/test_release.py":
            found[name] = set(ADDRESS.findall(data.decode("utf-8")))
    expected = {"README.md", "pyproject.toml", ".claude-plugin/plugin.json", "ci/gitlab.yml", "SECURITY.md"}
    assert expected <= {name for name, owners in found.items() if owners}
    assert {name: owners for name, owners in found.items() if owners - {owner}} == {}


def test_another_address_is_seen() -> None:
    for text in (
        "https://github.com/me/tortoise-dev.git",
        "uses: me/tortoise-dev@v1",
        "skills add me/tortoise-dev",
    ):
        assert ADDRESS.findall(text) == ["me"]


# --- what a release holds


@pytest.fixture(scope="module")
def archived() -> set[str]:
    """The files of the archive of the last commit."""
    data = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        return {member.name for member in archive.getmembers() if member.isfile()}


def test_the_archive_holds_what_an_assistant_needs_and_nothing_else(archived: set[str]) -> None:
    assert {name.partition("/")[0] for name in archived} == TOPS
    assert not [name for name in archived if name.endswith("uv.lock")]


def test_a_release_the_wheel_and_an_evaluation_hold_the_same_skill(
    archived: set[str], tmp_path: Path
) -> None:
    evals = read_evals(ROOT / "evals")
    (trial,) = prepare(evals, evals.tasks[:1], tmp_path, 1, ["with_skill"])
    skill = trial.outputs / ".claude" / "skills" / evals.skill_name
    tried = {path.relative_to(skill).as_posix() for path in skill.rglob("*") if path.is_file()}
    released = {name for name in archived if name.partition("/")[0] in SKILL_PARTS}
    committed = set(git(ROOT, "ls-tree", "-r", "--name-only", "HEAD").splitlines())
    assert tried & committed == released
    (in_wheel,) = re.findall(
        r"(?m)^SHIPPED = (\(.*\))$", (ROOT / "hatch_build.py").read_text(encoding="utf-8")
    )
    assert {*ast.literal_eval(in_wheel), "README.md", "pyproject.toml"} == set(SKILL_PARTS)


def test_the_skill_branch_holds_the_files_of_the_archive_alone(tmp_path: Path, archived: set[str]) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--shared", str(ROOT), str(clone))
    git(clone, "config", "user.name", "a")
    git(clone, "config", "user.email", "a@example.com")
    command = [sys.executable, str(clone / ".ci" / "release.py"), "branch"]
    first, second = (
        subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout.strip()
        for _ in range(2)
    )
    assert set(git(clone, "ls-tree", "-r", "--name-only", "skill").splitlines()) == archived
    assert git(clone, "rev-parse", "skill", "skill^").split() == [second, first]
    assert git(clone, "status", "--porcelain") == ""


def test_the_skill_of_a_checkout_is_the_checkout() -> None:
    assert SKILL == ROOT
