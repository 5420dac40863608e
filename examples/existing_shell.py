"""`python -m tortoise shell` without IPython, and what it passes on to IPython; `python -m asyncio` instead.

IPython 9.18 and ptpython 3.0 themselves were tried by hand: both await `await Note.all().count()`.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp())
PROJECT = """
import os
from tortoise import fields
from tortoise.models import Model


class Note(Model):
    text = fields.CharField(max_length=9)


TORTOISE_ORM = {
    "connections": {"default": "sqlite://:memory:"},
    "apps": {"models": {"models": ["notes"], "default_connection": "default"}},
}
"""
IPYTHON = """
class InteractiveShellEmbed:
    def __init__(self, user_ns, banner1):
        print(*user_ns)

    def __call__(self):
        pass


embed = None
"""
LINES = """
from notes import TORTOISE_ORM, Note
from tortoise import Tortoise
_ = await Tortoise.init(config=TORTOISE_ORM{})
await Tortoise.generate_schemas()
await Note.all().count()
await Tortoise.close_connections()
"""


def python(*arguments: str, lines: str = "", path: str = str(FOLDER), status: int = 0) -> str:
    """What `python ARGUMENTS` prints in the project's folder."""
    environment = os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=FOLDER, env=environment, input=lines, capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


(FOLDER / "notes.py").write_text(PROJECT)
shell = ("-m", "tortoise", "-c", "notes.TORTOISE_ORM", "shell")
if not any(importlib.util.find_spec(name) for name in ("IPython", "ptpython", "nest_asyncio")):
    printed = python(*shell, status=1)
    assert "No interactive shell available." in printed
    assert "pip install tortoise-orm[ipython]" in printed

    (FOLDER / "IPython/terminal").mkdir(parents=True)
    (FOLDER / "IPython/__init__.py").touch()
    (FOLDER / "IPython/terminal/__init__.py").touch()
    (FOLDER / "IPython/terminal/embed.py").write_text(IPYTHON)
    assert "No module named 'nest_asyncio'" in python(*shell, status=1)  # IPython alone isn't enough
    (FOLDER / "nest_asyncio.py").write_text("def apply(): pass\n")
    assert "Note" in python(*shell).split()  # a model is there by the name of its class

    # [tool.aerich] is not read, [tool.tortoise] is.
    section = '[tool.{}]\ntortoise_orm = "notes.TORTOISE_ORM"\n'
    (FOLDER / "pyproject.toml").write_text(section.format("aerich"))
    assert "You must specify TORTOISE_ORM" in python("-m", "tortoise", "shell", status=2)
    (FOLDER / "pyproject.toml").write_text(section.format("tortoise"))
    assert "Note" in python("-m", "tortoise", "shell").split()

# A script in a folder: as a module it finds what stands in the root of the project.
(FOLDER / "scripts").mkdir()
(FOLDER / "scripts/known.py").write_text("from config import NAME; print(NAME)")
(FOLDER / "config.py").write_text('NAME = "found"')
assert "found" in python("-m", "scripts.known", path="")
assert "No module named 'config'" in python("scripts/known.py", path="", status=1)

# Each line of `python -m asyncio` is a task: on Python 3.11 and 3.12 it sees no context of another line.
printed = python("-m", "asyncio", lines=LINES.format(", _enable_global_fallback=True"))
assert "Traceback" not in printed and "0\n" in printed, printed
if sys.version_info < (3, 13):
    assert "No TortoiseContext is currently active" in python("-m", "asyncio", lines=LINES.format(""))
