"""The package as others install it: a wheel in a new environment, beside any release of Tortoise or none."""

from __future__ import annotations

import email
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest
import yaml
from tortoise_dev.about import REPOSITORY, TOOL
from tortoise_dev.commands.dispatch import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
UV = os.environ.get("UV") or shutil.which("uv")

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.skipif(UV is None, reason="no uv here: it makes the environments"),
]

PAGE = """# Guide

```python name=start
async def double(number):
    return 2 * number


print(await double(4))
```

```text output
8
```

```python continues=start
assert await double(1) == 2
```

```yaml title="docker-compose.yml"
services:
  web:
    image: nginx
```

```python
import sys

assert "tortoise" not in sys.modules
```
"""
OWN_TORTOISE = """# Its own

```python
from tortoise import Tortoise, __version__

assert __version__.startswith("0.25.")
await Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["shop"]})
await Tortoise.generate_schemas()
await Tortoise.close_connections()
```
"""
WITH_MODELS = """# Models

```python queries=2
from shop import Item

await Item.create()
assert await Item.all().count() == 1
```
"""
MODELS = """from tortoise import fields
from tortoise.models import Model


class Item(Model):
    name = fields.CharField(max_length=20, default="")
"""


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without what this test run put into the environment."""
    ours = ("PYTHON", "VIRTUAL_ENV", "UV_", "PYTEST_", "COV")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=300, check=False
    )


class Environment:
    """A new virtual environment, and a project beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
        done = run([str(UV), "venv", "-q", "--python", sys.executable, "venv"], folder)
        assert done.returncode == 0, done.stderr
        (folder / "docs").mkdir()
        self.write("docs/guide.md", PAGE)
        self.write("pyproject.toml", "[project]\nname = 'sample'\n")
        self.write("shop.py", MODELS)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def install(self, *packages: str) -> None:
        """Install packages; the test is skipped where no registry can be reached."""
        install = [str(UV), "pip", "install", "-q", "--python", "venv"]
        if run([*install, "--dry-run", "--refresh", "iniconfig"], self.folder).returncode:
            pytest.skip("no package registry can be reached")
        done = run([*install, *packages], self.folder)
        assert done.returncode == 0, done.stderr

    def run(self, *command: str) -> tuple[int, str]:
        """The exit status of an installed command, and all that it printed."""
        done = run([str(self.commands / command[0]), *command[1:]], self.folder)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the package's sdist, and of the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("built")
    done = run([str(UV), "build", "-q", "-o", str(folder), str(ROOT)], folder)
    if done.returncode:
        pytest.skip(f"no package can be built here: {done.stderr[-500:]}")
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> str:
    """The path of the package's wheel."""
    return str(next(built.glob("*.whl")))


# --- what the package holds

IN_WHEEL = "tortoise_dev/.agents/skills/tortoise-dev/"
LIBRARY = "scripts/tortoise_dev/"


def tracked() -> list[str]:
    done = run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], ROOT)
    assert done.returncode == 0, done.stderr
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def test_the_wheel_ships_the_skill_of_the_tree_and_no_second_library(wheel: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = {
            name.removeprefix(IN_WHEEL): archive.read(name)
            for name in archive.namelist()
            if name.startswith(IN_WHEEL)
        }
        library = {name for name in archive.namelist() if name.startswith("tortoise_dev/")}
    leads_to_library = shipped.pop(f"{LIBRARY}__init__.py")
    assert leads_to_library == (ROOT / "hatch_skill_library.py").read_bytes()
    tree = {
        name
        for name in tracked()
        if re.match(r"(SKILL\.md|LICENSE)$|references/|examples/|scripts/", name)
        and not name.startswith(LIBRARY)
        and not name.endswith("uv.lock")
    }
    assert set(shipped) == tree
    assert [name for name, data in shipped.items() if data != (ROOT / name).read_bytes()] == []
    modules = {name.removeprefix("scripts/") for name in tracked() if name.startswith(LIBRARY)}
    assert {name for name in library if not name.startswith(IN_WHEEL)} == modules
    assert "tortoise_dev/py.typed" in modules


def test_the_sdist_holds_what_a_wheel_is_built_from(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert {name.partition("/")[0] for name in names} == {
        *("SKILL.md", "references", "examples", "scripts", "hatch_build.py", "hatch_skill_library.py"),
        *("CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", "PKG-INFO", ".gitignore"),
    }
    assert not [name for name in names if name.endswith("uv.lock") or "__pycache__" in name]


def metadata_of(wheel: str) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def test_the_metadata_says_who_where_and_for_what(wheel: str) -> None:
    metadata = metadata_of(wheel)
    assert metadata["Author"] == "tortoise-dev contributors"
    urls = dict(line.split(", ") for line in metadata.get_all("Project-URL", []))
    assert set(urls) == {"Homepage", "Repository", "Issues", "Changelog"}
    assert all(url.startswith(REPOSITORY) for url in urls.values())
    versions = {re.sub(r".* :: ", "", one) for one in metadata.get_all("Classifier", []) if "3.1" in one}
    assert versions == {"3.11", "3.12", "3.13", "3.14", "3.15"}


def test_links_of_the_readme_work_on_the_index(wheel: str) -> None:
    text = metadata_of(wheel).get_payload()
    assert isinstance(text, str)
    prose = re.sub(r"(?ms)^```.*?^```$", "", text)
    targets = re.findall(r"\]\(([^)]+)\)", prose)
    assert f"{REPOSITORY}/blob/main/references/harness.md" in targets
    assert [target for target in targets if not target.startswith("https://")] == []
    linked = (target.removeprefix(f"{REPOSITORY}/blob/main/").partition("#")[0] for target in targets)
    assert [name for name in linked if not name.startswith("https://") and not (ROOT / name).exists()] == []


# --- what it does


@pytest.mark.parametrize("beside", [[], ["tortoise-orm==0.25.*"]], ids=["no Tortoise", "Tortoise 0.25"])
def test_the_harness_runs_beside_any_tortoise_or_none(
    environment: Environment, wheel: str, beside: list[str]
) -> None:
    environment.install(f"{wheel}[snippets]", *beside)
    assert environment.run("python", "-c", "import tortoise")[0] == (0 if beside else 1)
    status, text = environment.run("tortoise-dev", "snippets", "docs/")
    assert (status, text.startswith("5 blocks of 1 page: 5 passed in ")) == (0, True), text
    status, text = environment.run("python", "-m", "pytest", "-q", "--snippets", "docs")
    assert (status, "5 passed" in text) == (0, True), text
    status, text = environment.run("tortoise-dev", "check", ".")
    assert (status, text.splitlines()[0].split()[:2]) == (1, ["shop.py:5:1:", "TD000"]), text


def test_pages_of_a_project_on_an_old_tortoise(environment: Environment, wheel: str) -> None:
    environment.install(f"{wheel}[snippets]", "tortoise-orm==0.25.*")
    environment.write("docs/guide.md", OWN_TORTOISE)
    status, text = environment.run("tortoise-dev", "snippets", "docs")
    assert (status, "1 passed" in text) == (0, True), text


def test_an_extra_brings_tortoise(environment: Environment, wheel: str) -> None:
    environment.write("docs/guide.md", WITH_MODELS)
    environment.write("pyproject.toml", "[tool.tortoise-dev.snippets]\nmodels = ['shop']\n")
    environment.install(f"{wheel}[snippets]")
    status, text = environment.run("tortoise-dev", "snippets", "docs")
    assert (status, len(text.splitlines()), "install tortoise-dev[tortoise]" in text) == (2, 1, True), text
    environment.install(f"{wheel}[snippets,tortoise]")
    status, text = environment.run("tortoise-dev", "snippets", "docs")
    assert (status, "1 passed" in text) == (0, True), text


def test_without_extras_it_is_the_checker(environment: Environment, wheel: str) -> None:
    """And every command has its help, the skill lies inside, and its scripts find the library."""
    environment.install(wheel)
    for command in COMMANDS:
        status, text = environment.run("tortoise-dev", command, "--help")
        assert (status, text.startswith(f"usage: tortoise-dev {command} ")) == (0, True), text
    assert environment.run("tortoise-dev", "find", "TD106")[1].startswith("--- references/rules.md:1 ")
    (skill,) = environment.folder.glob(f"venv/**/{IN_WHEEL}")
    for python in ([sys.executable, "-S", "-E"], [str(environment.commands / "python")]):
        done = run([*python, str(skill / "scripts" / "check.py"), "--version"], environment.folder)
        assert (done.stdout, done.stderr) == (f"{TOOL}\n", "")
    packages = run(
        [str(UV), "pip", "list", "--python", "venv", "--format", "freeze"], environment.folder
    ).stdout
    assert [line.partition("==")[0] for line in packages.splitlines()] == ["tortoise-dev"]
    assert environment.run("tortoise-dev", "check", ".")[0] == 1
    assert environment.run("tortoise-dev", "check", "--explain", "TD106")[0] == 0
    status, text = environment.run("tortoise-dev", "snippets", "docs/")
    assert (status, len(text.splitlines())) == (2, 1), text
    assert "tortoise-dev[snippets]" in text


def test_library_skills_links_the_skill(environment: Environment, wheel: str) -> None:
    environment.install(wheel)
    (environment.folder / "venv").rename(environment.folder / ".venv")
    environment.write(
        "pyproject.toml", "[project]\nname = 'sample'\nversion = '0'\ndependencies = ['tortoise-dev']\n"
    )
    done = run([str(UV), "tool", "run", "-q", "library-skills", "--all", "--yes"], environment.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    script = environment.folder / ".agents" / "skills" / "tortoise-dev" / "scripts" / "handbook.py"
    done = run([sys.executable, str(script), "find", "locks.md#do-something-once"], environment.folder)
    assert done.stdout.startswith("--- references/locks.md:"), done.stderr


def test_the_jobs_of_the_gitlab_template_run(environment: Environment, wheel: str) -> None:
    template = yaml.load((ROOT / "ci" / "gitlab.yml").read_text(encoding="utf-8"), Loader=References)
    environment.install(f"{wheel}[snippets]", "pip")
    given = {"TORTOISE_DEV_PACKAGE": wheel, "TORTOISE_DEV_SNIPPETS": "docs"}
    given["TORTOISE_DEV_CHECK_ARGUMENTS"] = "--select TD0"
    jobs = {name: job for name, job in template.items() if name.startswith("tortoise-dev-")}
    assert set(jobs) == {"tortoise-dev-check", "tortoise-dev-snippets"}
    found = {}
    for name, job in jobs.items():
        settings = {**template["variables"], **given, "PATH": f"{environment.commands}:{os.environ['PATH']}"}
        exports = [f"export {key}={shlex.quote(value)}" for key, value in settings.items()]
        script = "\n".join(["set -eo pipefail", *exports, *job["script"]])
        done = run(["bash", "-c", script], environment.folder)
        found[name] = (done.returncode, done.stdout)
    status, text = found["tortoise-dev-check"]
    assert (status, text.startswith("shop.py:5:1: TD000")) == (1, True), text
    status, text = found["tortoise-dev-snippets"]
    assert (status, "5 passed" in text) == (0, True), text


class References(yaml.SafeLoader):
    """Reads GitLab's `!reference [...]` as the list that it names."""


References.add_constructor("!reference", lambda loader, node: loader.construct_sequence(node))
