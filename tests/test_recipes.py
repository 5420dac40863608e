"""What CI, pre-commit and assistants of other people run: the GitHub Action and the hooks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tortoise_dev.rules import RULES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
UV = os.environ.get("UV") or shutil.which("uv")

MODELS = """from tortoise import fields
from tortoise.models import Model


class Shop(Model):
    name = fields.CharField(max_length=20)

    class Meta:
        table = "shop"


async def shops():
    Shop.all().delete()
"""
FIRST = """from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    initial = True
    operations = [
        ops.CreateModel(
            name="Shop",
            fields=[("id", fields.IntField(primary_key=True)), ("name", fields.CharField(max_length=20))],
        )
    ]
"""
MIGRATION = """from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    initial = False
    operations = [ops.RemoveField(model_name="Shop", name="name")]
"""
SETTINGS = """[project]
name = "sample"

[tool.tortoise-dev.snippets]
models = ["shop.models"]
"""
PAGE = """# Shop

```python
from shop.models import Shop

assert await Shop.all().count() == 1
```
"""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """The repository of a project that breaks rules in its models, its tests and a migration."""
    files = {
        "pyproject.toml": SETTINGS,
        "shop/models.py": MODELS,
        "shop/migrations/0001_initial.py": FIRST,
        "shop/migrations/0002_drop.py": MIGRATION,
        "tests/models.py": MODELS,
        "docs/shop.md": PAGE,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def commit(folder: Path) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, "commit", "-qam", "first", "--no-verify"], cwd=folder, check=True)


# --- the GitHub Action


def run_action(folder: Path, given: dict[str, str], path: str = "") -> list[subprocess.CompletedProcess[str]]:
    """Run the steps of action.yml whose condition holds, up to the first that fails, as a runner does."""
    inputs = {name: given.pop(name, one["default"]) for name, one in ACTION["inputs"].items()}
    assert not given, "the action has no such input"
    done: list[subprocess.CompletedProcess[str]] = []
    for step in ACTION["runs"]["steps"]:
        (name,) = re.findall(r"^inputs\.([\w-]+) != ''$", step["if"])
        if not inputs[name] or (done and done[-1].returncode):
            continue
        environment = {key: expanded(value, inputs) for key, value in step["env"].items()}
        environment = os.environ | environment | {"PATH": f"{path}{os.environ['PATH']}"}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done.append(
            subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
            )
        )
    return done


def expanded(value: str, inputs: dict[str, str]) -> str:
    """The value of an expression in action.yml."""
    names = {"github.action_path": str(ROOT), **{f"inputs.{name}": one for name, one in inputs.items()}}
    return re.sub(r"\$\{\{ (\S+) \}\}", lambda match: names[match[1]], value)


def test_the_action_annotates_findings(sample: Path) -> None:
    (done,) = run_action(sample, {"check-arguments": "--select TD1"})
    assert (done.returncode, done.stderr) == (1, "")
    (line,) = done.stdout.splitlines()
    assert line.startswith("::error file=shop/models.py,line=13,col=")
    (done,) = run_action(sample, {"check": "docs shop/migrations", "check-arguments": "--select TD202"})
    assert (done.returncode, "0002_drop.py,line=8," in done.stdout) == (1, True)


def test_the_action_writes_sarif(sample: Path) -> None:
    (done,) = run_action(sample, {"sarif": "found.sarif", "check": "shop/*.py"})
    assert done.returncode == 2, "patterns are left to the command"
    (done,) = run_action(sample, {"sarif": "found.sarif", "check": "shop tests"})
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    run = json.loads((sample / "found.sarif").read_text(encoding="utf-8"))["runs"][0]
    places = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]}
    assert places >= {"shop/models.py", "tests/models.py"}


def test_the_action_passes_arguments_as_words(sample: Path) -> None:
    (done,) = run_action(sample, {"check": "shop/migrations; touch told $(touch told)"})
    assert done.returncode == 2
    assert not (sample / "told").exists()


def test_every_input_of_the_action_is_used_and_described() -> None:
    text = json.dumps(ACTION["runs"])
    for name, one in ACTION["inputs"].items():
        assert f"inputs.{name} " in text
        assert one["description"].endswith(".")
        assert isinstance(one["default"], str)


@pytest.mark.network
@pytest.mark.skipif(UV is None, reason="no uv here: it makes the environment")
def test_the_action_runs_the_blocks_of_pages(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    venv = tmp_path_factory.mktemp("action") / "venv"
    subprocess.run([str(UV), "venv", "-q", "--seed", "--python", sys.executable, str(venv)], check=True)
    install = [str(UV), "pip", "install", "-q", "--python", str(venv)]  # pip needs thrice the time
    if subprocess.run([*install, f"{ROOT}[snippets,tortoise]"], check=False).returncode:
        pytest.skip("no package registry can be reached")
    subprocess.run([str(UV), "pip", "uninstall", "-q", "--python", str(venv), "tortoise-dev"], check=True)
    given = {"check": "", "snippets": "docs", "databases": "sqlite://:memory:", "extras": "snippets,tortoise"}
    (done,) = run_action(sample, given, f"{venv / 'bin'}:")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("::error file=docs/shop.md,line=6,"), done.stdout


# --- pre-commit


@pytest.mark.network
@pytest.mark.skipif(UV is None, reason="no uv here: it brings pre-commit")
def test_pre_commit_runs_the_hooks(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    if subprocess.run([str(UV), "tool", "run", "-q", "pre-commit", "--version"], check=False).returncode:
        pytest.skip("no package registry can be reached")
    repository = tmp_path_factory.mktemp("hooks") / "tortoise-dev"
    subprocess.run(["git", "clone", "-q", "--shared", str(ROOT), str(repository)], check=True)
    revision = ["git", "rev-parse", "HEAD"]
    head = subprocess.run(revision, cwd=repository, capture_output=True, encoding="utf-8", check=True).stdout
    hooks = [{"id": "tortoise-dev-fix"}, {"id": "tortoise-dev-check", "args": ["--preview"]}]
    configuration = {"repos": [{"repo": str(repository), "rev": head.strip(), "hooks": hooks}]}
    (sample / ".pre-commit-config.yaml").write_text(json.dumps(configuration), encoding="utf-8")
    subprocess.run(["git", "add", "."], cwd=sample, check=True)
    command = [str(UV), "tool", "run", "-q", "pre-commit", "run", "--all-files"]
    environment = os.environ | {"PRE_COMMIT_HOME": str(repository.parent / "home")}
    done = subprocess.run(
        command, cwd=sample, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 1, done.stderr
    fixing, checking = done.stdout.split("tortoise-dev check")[-2:]
    assert "shop/models.py" in fixing
    assert "TD202" in checking, "migrations are judged"
    assert "tests/models.py" not in done.stdout, "tests are not"
    fixed = (sample / "shop" / "models.py").read_text(encoding="utf-8")
    assert fixed.index("class Meta") < fixed.index("name = ")
    assert (sample / "shop" / "migrations" / "0002_drop.py").read_text(encoding="utf-8") == MIGRATION


def test_the_fixing_hook_names_the_safe_fixes() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (fixing,) = (hook for hook in hooks if "--fix" in hook["entry"])
    assert re.findall(r"TD\d+", fixing["description"]) == [r.code for r in RULES.values() if r.fixable]


def test_the_hooks_leave_out_tests_and_only_the_fixing_one_migrations() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    left_out = {hook["id"]: re.compile(hook["exclude"]) for hook in hooks}
    for test in (
        "tests/a.py",
        "app/test/a.py",
        "app/test_a.py",
        "app/a_test.py",
        "conftest.py",
        "testing/a.py",
    ):
        assert all(pattern.search(test) for pattern in left_out.values()), test
    for code in ("app/models/a.py", "app/latest.py", "app/contests/a.py", "app/my_conftest.py"):
        assert not any(pattern.search(code) for pattern in left_out.values()), code
    migration = "app/migrations/0001_initial.py"
    assert [name for name, pattern in left_out.items() if pattern.search(migration)] == ["tortoise-dev-fix"]


# --- the hook of an assistant

HOOK = json.loads((ROOT / "hooks" / "after_edit.json").read_text(encoding="utf-8"))


def run_hook(project: Path, edited: str) -> tuple[int, str]:
    """Run the command of after_edit.json as Claude Code does, with the event on standard input."""
    ((entry,),) = (one["hooks"] for one in HOOK["hooks"]["PostToolUse"])
    event = {
        "hook_event_name": "PostToolUse",
        "tool_name": "Edit",
        "cwd": str(project),
        "tool_input": {"file_path": str(project / edited)},
    }
    done = subprocess.run(
        ["sh", "-c", entry["command"]],
        cwd=project,
        env=os.environ | {"CLAUDE_PROJECT_DIR": str(project)},
        input=json.dumps(event),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="the command is for a POSIX shell")
def test_the_hook_shows_what_an_edit_broke(sample: Path) -> None:
    skill = sample / ".claude" / "skills" / "tortoise-dev"
    for name in ("hooks", "scripts"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, skill / name, ignore=ignored)
    status, shown = run_hook(sample, "shop/models.py")
    assert status == 2, "no commit yet: all findings"
    assert "TD106" in shown
    commit(sample)
    assert run_hook(sample, "shop/models.py") == (0, ""), "what the last commit has is not told again"
    edited = MODELS + "\n\nasync def first():\n    Shop.create(name='a')\n"
    (sample / "shop" / "models.py").write_text(edited, encoding="utf-8")
    status, shown = run_hook(sample, "shop/models.py")
    assert status == 2
    assert shown.startswith("shop/models.py:17:5: TD106")
    assert run_hook(sample, "docs/shop.md") == (0, "")
    assert run_hook(sample, "shop/gone.py") == (0, "")
