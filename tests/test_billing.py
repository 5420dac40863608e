"""The running example passes its own tests: on SQLite side by side, and on servers what depends on them."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from servers import SERVERS, server

BILLING = Path(__file__).resolve().parents[1] / "examples" / "billing"
# Time zones, NUL, upper and lower case, locks and pools: here the databases differ.
DIFFERENT = "every_zone or in_utc or no_nul or in_case or any_case or deactivated_once or concurrently"
DIFFERENT += " or free_connection or lost_updates"

pytestmark = pytest.mark.slow


def run_pytest(*arguments: str, **environment: str) -> str:
    """What pytest prints in the example's folder. It must succeed."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(
        command,
        cwd=BILLING,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def test_the_running_example_passes_its_own_tests() -> None:
    assert " passed" in run_pytest("-n", "2")


def test_tests_that_share_a_database_open_it_once() -> None:
    assert run_pytest("tests/test_rollback.py", "--setup-show").count("SETUP    M shared_database") == 1


def test_each_model_names_its_table() -> None:
    for file in sorted(BILLING.glob("apps/*/models/*.py")):
        for meta in re.findall(r"    class Meta:\n((?:        .*\n|\n)+)", file.read_text(encoding="utf-8")):
            assert ("abstract = True" in meta) != ("table = " in meta), file


def test_a_test_removes_its_database(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/test_{{}}.sqlite3"
    run_pytest("tests/test_rollback.py", "tests/test_api.py::test_create", TEST_DATABASE_URL=url)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.servers) for name in SERVERS])
def test_what_depends_on_the_database_passes_on_servers(name: str) -> None:
    url = urlsplit(server(name))._replace(path="/tortoise_dev_billing_{}").geturl()
    assert " passed" in run_pytest("-k", DIFFERENT, TEST_DATABASE_URL=url)


PIECES = {
    "shop.py": "",
    "tests/one/test_name.py": "import shop\n\n\nasync def test_async():\n    pass\n",
    "tests/two/test_name.py": """
import warnings

import pytest


@pytest.mark.skip(reason="the reason of a skip")
def test_skipped():
    pass


def test_warning():
    warnings.warn("a warning is an error")
""",
    "tests/test_mark.py": "import pytest\n\n\n@pytest.mark.slwo\ndef test_mark():\n    pass\n",
}


def test_its_settings_of_pytest_are_strict(tmp_path: Path) -> None:
    """Two files of one name and the project are imported; an unknown mark and a warning are errors."""
    shutil.copy(BILLING / "pyproject.toml", tmp_path)
    for name, source in PIECES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)

    def printed(*arguments: str) -> str:
        command = [shutil.which("pytest") or "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60, check=False
        ).stdout

    ran = printed("tests/one", "tests/two")
    assert "1 failed, 1 passed, 1 skipped" in ran
    assert "UserWarning: a warning is an error" in ran
    assert "the reason of a skip" in ran
    assert "'slwo' not found in `markers`" in printed("tests/test_mark.py")


def test_each_index_of_its_models_has_a_name() -> None:
    """Without one Aerich makes up a name of the class, and a renamed class loses its table."""
    indexes = [
        (path.name, node)
        for path in (BILLING / "apps").rglob("models/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Index"
    ]
    assert len(indexes) >= 4
    assert not [one for one, call in indexes if "name" not in [keyword.arg for keyword in call.keywords]]
