"""The install commands of README.md in the clients' own programs, against a clone of this repository.

The programs come from npm. ``TORTOISE_DEV_CLIENTS`` names the folder that they were installed into:
CONTRIBUTING.md has the command. Git is told to take the clone for the project's address.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tortoise_dev.about import REPOSITORY

ROOT = Path(__file__).resolve().parents[1]
CLIENTS = os.environ.get("TORTOISE_DEV_CLIENTS", "")
PROGRAMS = Path(CLIENTS) / "node_modules" / ".bin"

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.skipif(not CLIENTS, reason="TORTOISE_DEV_CLIENTS names no folder with the clients' programs"),
]

Run = Callable[..., str]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with the branch ``skill``."""
    folder = tmp_path_factory.mktemp("clone") / "tortoise-dev"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    for key, value in (("user.name", "a"), ("user.email", "a@example.com")):
        subprocess.run(["git", "config", key, value], cwd=folder, check=True)
    subprocess.run([sys.executable, str(folder / ".ci" / "release.py"), "branch"], check=True)
    return folder


@pytest.fixture(scope="module")
def needed(clone: Path) -> set[str]:
    """The files that must arrive: those of the branch ``skill``."""
    command = ["git", "ls-tree", "-r", "--name-only", "skill"]
    listing = subprocess.run(command, cwd=clone, capture_output=True, encoding="utf-8", check=True).stdout
    assert {"SKILL.md", "references/models.md", "scripts/check.py", "hooks/after_edit.py"} < set(
        listing.split()
    )
    return set(listing.splitlines())


@pytest.fixture
def client(clone: Path, tmp_path: Path) -> Run:
    """Runs a program of a client in an empty project of a new user; returns what it printed."""
    home, project = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    project.mkdir()
    rules = [f'[url "{clone.as_uri()}"]', *(f"\tinsteadOf = {REPOSITORY}{end}" for end in (".git", ""))]
    (home / ".gitconfig").write_text("\n".join(rules) + "\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)

    def run(command: str, answers: str = "") -> str:
        environment = os.environ | {"HOME": str(home), "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=project,
            env=environment,
            input=answers,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def readme_line(beginning: str) -> str:
    """The install command of README.md that begins so."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(rf"(?m)^{re.escape(beginning)} .*$", text)
    return str(line)


def arrived(folder: Path) -> set[str]:
    """The files below the folder of SKILL.md, without Git's own and the client's."""
    (skill,) = {file.parent for file in folder.rglob("SKILL.md")}
    names = (file.relative_to(skill).as_posix() for file in skill.rglob("*") if file.is_file())
    return {name for name in names if not name.startswith((".git/", ".in_use/"))}


def test_claude_code_finds_nothing_wrong(client: Run, clone: Path) -> None:
    assert "Validation passed" in client(f"claude plugin validate --strict {clone}")
    manifest = clone / ".claude-plugin" / "plugin.json"
    assert "Validation passed" in client(f"claude plugin validate --strict {manifest}")


def test_claude_code_installs_the_plugin(client: Run, needed: set[str], tmp_path: Path) -> None:
    client(readme_line("claude plugin"))
    details = client("claude plugin details tortoise-dev")
    assert re.search(r"Skills \(1\)\s+tortoise-dev", details), details
    assert "Hooks (0)" in details, "the hook is off until somebody switches it on"
    assert arrived(tmp_path / "home" / ".claude" / "plugins" / "cache") == needed


def test_codex_installs_the_plugin_and_shows_the_skill_to_the_model(
    client: Run, needed: set[str], tmp_path: Path
) -> None:
    client(readme_line("codex plugin"))
    assert arrived(tmp_path / "home" / ".codex" / "plugins" / "cache") == needed
    assert "tortoise-dev:tortoise-dev: Use in a project" in client("codex debug prompt-input hello")


def test_skills_installs_the_skill(client: Run, needed: set[str], tmp_path: Path) -> None:
    client(f"{readme_line('npx skills').removeprefix('npx ')} --yes --agent codex")
    assert arrived(tmp_path / "project" / ".agents") == needed


def test_gemini_installs_the_skill(client: Run, clone: Path, needed: set[str], tmp_path: Path) -> None:
    """From a folder: it calls Git with no configuration, so the address cannot be replaced."""
    assert "successfully validated" in client(f"gemini extensions validate {clone} 2>&1")
    subprocess.run(
        ["git", "clone", "-q", "-b", "skill", str(clone), str(tmp_path / "tortoise-dev")], check=True
    )
    client(f"gemini skills install {tmp_path / 'tortoise-dev'} --scope workspace", "y\n")
    assert arrived(tmp_path / "project" / ".gemini") == needed
