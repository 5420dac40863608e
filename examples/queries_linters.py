"""What finds a missing await: ruff says nothing of an un-awaited queryset, mypy does when it is asked to."""

import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = """\
from tortoise import fields
from tortoise.models import Model


class Note(Model):
    id = fields.UUIDField(primary_key=True)
    text = fields.CharField(max_length=10)


async def work() -> None:
    Note.filter(text="a").update(text="b")  # line 11: nothing is sent
    Note.filter(text="a").delete()  # line 12: nothing is sent
    if Note.filter(text="a").exists():  # line 13: always true
        print("yes")
    if Note.filter(text="a"):  # line 15: always true
        print("yes")
    await Note.create(text="a")  # line 17: correct, and still reported
    await Note(text="a").save()
    _ = await Note.create(text="a")
"""


def run(*command: str, folder: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


# A cache that outlives this run: without it mypy reads all of Tortoise first, which takes seconds.
CACHE = str(Path(tempfile.gettempdir()) / "tortoise-dev-mypy-cache")
MYPY = ("mypy", "--config-file=", f"--cache-dir={CACHE}")

ASKED = '# mypy: enable-error-code="unused-awaitable, truthy-bool"\n'

with tempfile.TemporaryDirectory() as folder:
    Path(folder, "work.py").write_text(SOURCE, encoding="utf-8")
    Path(folder, "asked.py").write_text(SOURCE + ASKED, encoding="utf-8")

    ruff = ("ruff", "check", "--isolated", "--select=ASYNC,RUF,B", "work.py")
    assert "All checks passed" in run(*ruff, folder=folder)

    reported = run(*MYPY, "work.py", "asked.py", folder=folder)
    found = [line.split(":")[:2] for line in reported.splitlines() if ": error:" in line]
    assert found == [["asked.py", line] for line in ("11", "12", "13", "15", "17")], reported
    assert 'Value of type "Note" must be used' in reported  # line 17: an instance has __await__
