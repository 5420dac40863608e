# snippet: needs="uv"
"""`uv run` in an image brings the default groups back at each start; `uv run --no-sync` does not."""

import os
import subprocess
import tempfile
import zipfile
from pathlib import Path

APP = Path(tempfile.mkdtemp())
PYPROJECT = """
[project]
name = "app"
version = "0"
requires-python = ">=3.11"

[dependency-groups]
dev = ["linter"]

[tool.uv.sources]
linter = { path = "linter-1-py3-none-any.whl" }
"""
WHEEL = {
    "linter.py": "",
    "linter-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: linter\nVersion: 1\n",
    "linter-1.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "linter-1.dist-info/RECORD": "",
}


def uv(*command: str, status: int = 0) -> str:
    """Run uv in the application's folder, offline, with no settings from outside; what it says."""
    outside = ("UV_NO_SYNC", "UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in outside}
    done = subprocess.run(
        ["uv", *command], cwd=APP, env=environment | {"UV_OFFLINE": "1"}, capture_output=True, text=True
    )
    assert done.returncode == status, done.stderr
    return done.stderr


def has_linter() -> bool:
    return any((APP / ".venv").rglob("linter.py"))


(APP / "pyproject.toml").write_text(PYPROJECT)
with zipfile.ZipFile(APP / "linter-1-py3-none-any.whl", "w") as wheel:
    for name, text in WHEEL.items():
        wheel.writestr(name, text)

uv("sync", "--no-default-groups")  # as in a Dockerfile
assert not has_linter()
uv("run", "--no-sync", "python", "--version")
assert not has_linter(), "--no-sync has synced"
uv("run", "python", "--version")
assert has_linter()

(APP / "pyproject.toml").write_text(PYPROJECT.replace("dev =", "test ="))
uv("sync", "--no-default-groups")
uv("run", "python", "--version")
assert not has_linter(), "`test` is no default group"

(APP / "pyproject.toml").write_text(PYPROJECT.replace('version = "0"\n', ""))
assert "the required `project.version` field is neither set nor present" in uv("lock", status=2)
