"""The package as others install it: a wheel in a new environment, beside any release of Tortoise or none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
def wheel(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of the package's wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    done = run([str(UV), "build", "-q", "--wheel", "-o", str(folder), str(ROOT)], folder)
    if done.returncode:
        pytest.skip(f"no wheel can be built here: {done.stderr[-500:]}")
    return str(next(folder.glob("*.whl")))


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
    environment.install(wheel)
    packages = run(
        [str(UV), "pip", "list", "--python", "venv", "--format", "freeze"], environment.folder
    ).stdout
    assert [line.partition("==")[0] for line in packages.splitlines()] == ["tortoise-dev"]
    assert environment.run("tortoise-dev", "check", ".")[0] == 1
    assert environment.run("tortoise-dev", "check", "--explain", "TD106")[0] == 0
    status, text = environment.run("tortoise-dev", "snippets", "docs/")
    assert (status, len(text.splitlines())) == (2, 1), text
    assert "tortoise-dev[snippets]" in text
