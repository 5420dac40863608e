"""What all commands have in common: how they are called, what they need, and how they end."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import tortoise_dev
import yaml
from programs import run_python
from tortoise_dev.about import SCRIPTS as SCRIPT_OF
from tortoise_dev.commands import dispatch, handbook
from tortoise_dev.rules import RULES

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "scripts"
INSTALLED = Path(sys.executable).parent / "tortoise-dev"
VERSION = f"tortoise-dev {tortoise_dev.__version__}\n"


def ways(name: str, words: str, module: str) -> dict[str, list[str]]:
    """How a command is called, and what it calls itself then."""
    script, *rest = SCRIPT_OF.get(name, name).split()
    return {
        " ".join((script, *rest)): [sys.executable, str(SCRIPTS / script), *rest],
        f"tortoise-dev {words}": [str(INSTALLED), *words.split()],
        f"python -m tortoise_dev {words}": [sys.executable, "-m", "tortoise_dev", *words.split()],
        f"python -m tortoise_dev.commands.{module}": [
            sys.executable,
            "-m",
            f"tortoise_dev.commands.{module}",
        ],
    }


WAYS = {name: ways(name, name, module) for name, (module, _) in dispatch.COMMANDS.items()}
WAYS |= {
    f"handbook.py {name}": ways(f"handbook.py {name}", f"handbook {name}", module)
    for name, (module, _) in handbook.COMMANDS.items()
    if name not in WAYS
}
WAYS[""] = {
    "tortoise-dev": [str(INSTALLED)],
    "python -m tortoise_dev": [sys.executable, "-m", "tortoise_dev"],
}
COMMANDS = [(name, way) for name, ways in WAYS.items() for way in ways]
CHECK, SNIPPETS = WAYS["check"]["check.py"], WAYS["snippets"]["snippets.py"]


def run(
    command: list[str], folder: Path, *, packages: bool = True, **options: object
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder; without packages, nothing but the standard library can be imported."""
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    if not packages:
        command = [sys.executable, "-S", *command[command[0] == sys.executable :]]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run(
        command, cwd=folder, env=environment, encoding="utf-8", timeout=60, check=False, **streams
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with one finding for the checker, one page that passes and one that fails."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'sample'\n", encoding="utf-8")
    (tmp_path / "models.py").write_text(
        "from tortoise.models import Model\n\n\n"
        "class A(Model):\n    x = 1\n\n    class Meta:\n        table = 'a'\n",
        encoding="utf-8",
    )
    (tmp_path / "good.md").write_text("# Good\n\n```python\nassert 1\n```\n", encoding="utf-8")
    (tmp_path / "bad.md").write_text("# Bad\n\n```python\nassert 0\n```\n", encoding="utf-8")
    return tmp_path


# --- how a command is called


@pytest.mark.parametrize(("name", "way"), COMMANDS, ids=[way for _, way in COMMANDS])
def test_help_and_version_need_no_package(name: str, way: str, tmp_path: Path) -> None:
    done = run([*WAYS[name][way], "--help"], tmp_path, packages=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: {way} [")
    examples = done.stdout.partition("examples:\n")[2].partition("\n\n")[0].splitlines()
    assert len(examples) > 2
    assert all(re.match(rf"  {re.escape(way)}( |$)", line) for line in examples)
    done = run([*WAYS[name][way], "--version"], tmp_path, packages=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")


@pytest.mark.parametrize(("name", "way"), COMMANDS, ids=[way for _, way in COMMANDS])
def test_a_wrong_option_is_told_under_the_name_that_was_called(name: str, way: str, tmp_path: Path) -> None:
    done = run([*WAYS[name][way], "--no-such-option"], tmp_path, packages=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"usage: {way} [")
    assert done.stderr.splitlines()[-1].startswith(f"{way}: error: ")


@pytest.mark.parametrize("way", WAYS["check"])
def test_each_way_checks(way: str, project: Path) -> None:
    done = run([*WAYS["check"][way], "."], project)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("models.py:")
    done = run([*WAYS["check"][way], "nowhere"], project)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{way}: nowhere: no such file or folder\n"


@pytest.mark.parametrize("way", WAYS["snippets"])
def test_each_way_runs_snippets(way: str, project: Path) -> None:
    done = run([*WAYS["snippets"][way], "good.md", "bad.md"], project)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("bad.md:4: failed: AssertionError")
    assert "1 passed, 1 failed" in done.stdout
    done = run(WAYS["snippets"][way], project)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{way}: no pages: name some, or set paths in [tool.tortoise-dev.snippets]\n"


def test_a_command_that_is_none_is_told(tmp_path: Path) -> None:
    done = run([str(INSTALLED), "chekc"], tmp_path)
    assert done.returncode == 2
    assert "invalid choice: 'chekc'" in done.stderr
    done = run([str(INSTALLED)], tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("the following arguments are required: COMMAND\n")


@pytest.mark.parametrize(
    "module", sorted((SCRIPTS / "tortoise_dev" / "commands").glob("*.py")), ids=lambda m: m.stem
)
def test_a_module_with_a_command_is_one(module: Path) -> None:
    """Started by ``python -m``, a module without these lines would print nothing and exit with 0."""
    text = module.read_text(encoding="utf-8")
    is_command = "\ndef main(" in text
    assert text.endswith('\n\nif __name__ == "__main__":\n    sys.exit(main())\n') == is_command


def test_one_version_stands_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    skill = (ROOT / "SKILL.md").read_text(encoding="utf-8").split("---\n")[1]
    versions = {project["version"], yaml.safe_load(skill)["metadata"]["version"], tortoise_dev.__version__}
    assert len(versions) == 1


# --- what a command needs


def test_a_missing_package_is_one_line_that_says_what_to_install(project: Path) -> None:
    done = run([*SNIPPETS, "good.md"], project, packages=False)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("snippets.py: markdown_it is not installed: ")
    assert "tortoise-dev[snippets]" in line


@pytest.mark.parametrize(
    ("script", "argument", "name"),
    [("plan_deploy.py", ".", "pyyaml"), ("split_models.py", "models.py", "libcst")],
)
def test_a_script_that_names_its_packages_tells_the_command_to_run(
    script: str, argument: str, name: str, project: Path
) -> None:
    path = project / "my skill" / script  # the shell needs quotes around it
    path.parent.mkdir()
    path.write_bytes((SCRIPTS / script).read_bytes())
    (project / "compose.yaml").write_text("services: {web: {build: .}}\n", encoding="utf-8")
    done = run([sys.executable, str(path), argument], project, packages=False)
    assert (done.returncode, done.stdout) == (2, "")
    told = f"{script}: {name} is not installed. Run `uv run '{path}' {argument}`. Without uv, run `python3 "
    assert done.stderr.startswith(told)
    assert f"/bin/pip install -q {name} && " in done.stderr
    assert done.stderr.endswith(f"/bin/python '{path}' {argument}`.\n")


def test_plan_deploy_needs_no_package_where_nothing_is_deployed(project: Path) -> None:
    command = [sys.executable, str(SCRIPTS / "plan_deploy.py")]
    done = run(command, project, packages=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run(command, project).stdout
    assert done.stdout.startswith("no deployment manifests found. Looked for: compose files, ")
    as_json = run([*command, "--format", "json"], project, packages=False).stdout
    assert json.loads(as_json)["manifests"] == []


def test_a_missing_package_is_told_in_pytest(project: Path) -> None:
    (project / "markdown_it.py").write_text("raise ModuleNotFoundError(name=__name__)\n", encoding="utf-8")
    done = run([sys.executable, "-m", "pytest", "--snippets", "good.md"], project)
    assert done.returncode == 4
    assert done.stderr.startswith("ERROR: --snippets: markdown_it is not installed: ")
    assert "tortoise-dev[snippets]" in done.stderr


@pytest.mark.parametrize(
    ("way", "split"),
    [
        ("scaffold.py", "split_models.py"),
        ("tortoise-dev scaffold", "tortoise-dev split"),
        ("python -m tortoise_dev scaffold", "python -m tortoise_dev split"),
    ],
)
def test_a_message_names_other_commands_as_the_user_called_this_one(
    way: str, split: str, tmp_path: Path
) -> None:
    done = run([*WAYS["scaffold"][way], "app", "shop"], tmp_path)
    assert f"begin with {way} project NAME, or split a models.py with {split} PATH\n" in done.stdout


def test_the_help_of_check_names_the_rules_that_can_be_repaired() -> None:
    told = run([*CHECK, "--help"], ROOT).stdout.partition("\n  --fix ")[2]
    safe, _, unsafe = told.partition("--diff ")[0].partition("--unsafe-fixes ")
    assert re.findall(r"TD\d+", safe) == [rule.code for rule in RULES.values() if rule.fixable]
    assert re.findall(r"TD\d+", unsafe) == [rule.code for rule in RULES.values() if rule.unsafe_fix]


def test_all_extras_are_in_all() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    (everything,) = extras.pop("all")
    assert everything == f"tortoise-dev[{','.join(extras)}]"
    assert any(line.startswith("cryptography") for line in extras["asyncmy"]), "MySQL 8 and later need it"


PRETEND = """
import runpy, sys
sys.version_info, sys.version = (3, 10, 13), "3.10.13 (main)"
sys.path.insert(0, sys.argv[1])
del sys.argv[:2]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
STARTED = [SCRIPTS / "check.py", SCRIPTS / "snippets.py", SCRIPTS / "tortoise_dev" / "__main__.py"]
READ_FIRST = [
    *STARTED,
    SCRIPTS / "tortoise_dev" / "__init__.py",
    SCRIPTS / "tortoise_dev" / "start.py",
    SCRIPTS / "tortoise_dev" / "commands" / "__init__.py",
]
OLDER = [
    path
    for path in Path.home().glob(".pyenv/versions/*/bin/python")
    if tuple(map(int, path.parents[1].name.split(".")[:2])) < (3, 11)
]
TOLD = re.compile(r"tortoise-dev needs Python 3\.11 or newer, this is [\d.]+\n")


@pytest.mark.parametrize("file", STARTED, ids=lambda file: file.name)
def test_an_old_python_is_told_which_is_needed(file: Path, tmp_path: Path) -> None:
    done = run([sys.executable, "-c", PRETEND, str(SCRIPTS), str(file)], tmp_path, packages=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert TOLD.fullmatch(done.stderr), done.stderr


@pytest.mark.parametrize("file", READ_FIRST, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_an_old_python_can_read_what_tells_it(file: Path) -> None:
    ast.parse(file.read_text(encoding="ascii"), feature_version=(3, 8))


@pytest.mark.slow
@pytest.mark.skipif(not OLDER, reason="no older Python here")
@pytest.mark.parametrize("python", OLDER, ids=lambda path: path.parents[1].name)
def test_a_real_old_python_is_told(python: Path, tmp_path: Path) -> None:
    for command in (
        ["-m", "tortoise_dev"],
        ["-m", "tortoise_dev.commands.snippets"],
        [*map(str, STARTED[:1])],
    ):
        done = run([str(python), "-B", *command, "."], tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert TOLD.fullmatch(done.stderr), done.stderr


# --- how a command ends, whatever its output leads to

ENDS = {
    "findings": ([*CHECK, "."], 1),
    "a diff": ([*CHECK, "--diff", "."], 1),
    "an explanation": ([*CHECK, "--explain", "all"], 0),
    "help": ([*CHECK, "--help"], 0),
    "a page that fails": ([*SNIPPETS, "bad.md"], 1),
    "JSON of a page that passes": ([*SNIPPETS, "--format", "json", "good.md"], 0),
    "a list": ([*SNIPPETS, "--list", "good.md", "bad.md"], 0),
    "a version": ([str(INSTALLED), "--version"], 0),
}
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells and devices")


TROUBLE = re.compile("Traceback|Exception|Error")


def with_streams(redirection: str, command: list[str]) -> list[str]:
    """A command behind a shell's redirection."""
    return ["sh", "-c", f'exec "$@" {redirection}', "sh", *command]


@pytest.mark.slow
@posix
@pytest.mark.parametrize("what", ENDS)
def test_a_closed_output_changes_no_status(what: str, project: Path) -> None:
    command, status = ENDS[what]
    for redirection in (">&-", "<&- >&- 2>&-"):
        done = run(with_streams(redirection, command), project)
        assert (done.returncode, done.stdout) == (status, "")
        assert not TROUBLE.search(done.stderr), done.stderr


@pytest.mark.slow
@posix
@pytest.mark.parametrize("what", ENDS)
def test_a_reader_that_left_changes_no_status(what: str, project: Path) -> None:
    command, status = ENDS[what]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run(command, project, stdout=writer)
    finally:
        os.close(writer)
    assert done.returncode == status
    assert not TROUBLE.search(done.stderr), done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("what", ENDS)
def test_a_full_disk_is_one_line(what: str, project: Path) -> None:
    command, _ = ENDS[what]
    with Path("/dev/full").open("w") as full:
        done = run(command, project, stdout=full)
    assert done.returncode == 2
    assert re.fullmatch(r"\S+: the output cannot be written: .+\n", done.stderr), done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    ("command", "status"),
    [([*CHECK, "--diff", "."], 1), ([*CHECK, "nowhere"], 2), ([*SNIPPETS], 2), ([*SNIPPETS, "--oops"], 2)],
)
def test_diagnostics_that_nobody_can_read_change_no_status(
    command: list[str], status: int, project: Path
) -> None:
    with Path("/dev/full").open("w") as full:
        assert run(command, project, stderr=full).returncode == status


@posix
def test_a_closed_output_is_no_place_for_what_commands_print(project: Path) -> None:
    """The next file that is opened takes the number of a closed stream, and would get what a child prints."""
    (project / "shell.md").write_text("```bash\necho printed by a child\n```\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    done = run(with_streams("<&- >&- 2>&-", [*SNIPPETS, "--update", "shell.md"]), project)
    assert done.returncode == 0
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


@posix
@pytest.mark.parametrize("command", [CHECK, SNIPPETS], ids=["check", "snippets"])
def test_a_current_folder_that_was_deleted_is_one_line(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    done = run(["sh", "-c", 'rmdir ../gone && exec "$@"', "sh", *command], tmp_path / "gone")
    told = "the current folder does not exist any more: change to another one"
    assert (done.returncode, done.stderr) == (2, f"{Path(command[1]).name}: {told}\n")


INTERRUPTS = """
import sys


class Finder:
    def find_spec(self, name, path, target=None):
        if name.startswith("tortoise_dev.commands."):
            raise KeyboardInterrupt


sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize(
    "file",
    [*sorted(SCRIPTS.glob("*.py")), SCRIPTS / "tortoise_dev" / "__main__.py"],
    ids=lambda file: file.name,
)
def test_an_interrupt_while_it_imports_prints_nothing(file: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTS, encoding="utf-8")
    done = run_python(tmp_path, str(file), "--help", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
