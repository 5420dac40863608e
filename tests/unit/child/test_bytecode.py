"""Bytecode: kept of installed packages, never of a module that a block may write again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CODE = (
    "from tortoise_dev.snippets.child.bytecode import keep_bytecode_of_packages as keep; keep(); "
    "import installed, written"
)


def test_bytecode_of_packages_alone_is_kept(tmp_path: Path) -> None:
    packages, own = tmp_path / "site-packages", tmp_path / "own"
    for folder, name in ((packages, "installed"), (own, "written")):
        folder.mkdir()
        (folder / f"{name}.py").write_text("x = 1\n")
    scripts = Path(__file__).parents[3] / "scripts"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (scripts, packages, own)))
    subprocess.run([sys.executable, "-c", CODE], env=environment, check=True)
    assert list(packages.rglob("*.pyc"))
    assert not list(own.rglob("*.pyc"))
