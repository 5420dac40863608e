"""``pytest --snippets``: ids, selection, chains and xdist, through pytest itself."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

PAGE = """# Guide

## Start here

```python name=start
value = 1
```

```python
raise RuntimeError("boom")
```

## Start here

```python continues=start
assert value == 1
```

```python needs="no-such-thing"
import no_such_thing
```

```text
prose
```
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", encoding="utf-8")
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "guide.md").write_text(PAGE, encoding="utf-8")
    return tmp_path


def run(
    folder: Path, *arguments: str, stdin: str | None = None, **extra: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:asyncio", "--color=no", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        input=stdin,
        env=os.environ | extra,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_without_the_flag_pages_are_left_alone(project: Path) -> None:
    assert run(project, "docs").returncode == 5


def test_each_block_is_an_item_with_an_id_that_survives_edits(project: Path) -> None:
    out = run(project, "--snippets", "--collect-only", "docs").stdout
    assert [line for line in out.splitlines() if "::" in line] == [
        "docs/guide.md::start-here/1",
        "docs/guide.md::start-here/2",
        "docs/guide.md::start-here-1/1",
        "docs/guide.md::start-here-1/2",
        "docs/guide.md::start-here-1/3",
    ]


def test_failures_name_the_page_and_line(project: Path) -> None:
    done = run(project, "--snippets", "docs")
    assert done.returncode == 1
    assert "3 passed" in done.stdout
    assert "1 failed" in done.stdout
    assert "1 skipped" in done.stdout
    assert "docs/guide.md:10: failed: RuntimeError: boom" in done.stdout
    assert "needs no-such-thing" in done.stdout
    assert "tortoise_dev" not in done.stdout, "the harness' own frames are nobody's business"


@pytest.mark.slow
def test_one_item_pulls_in_what_it_continues(project: Path) -> None:
    done = run(project, "--snippets", "docs/guide.md::start-here-1/1")
    assert done.returncode == 0
    assert "1 passed" in done.stdout


@pytest.mark.slow
def test_last_failed_and_xdist(project: Path) -> None:
    done = run(project, "--snippets", "-n", "2", "docs")
    assert "1 failed, 3 passed, 1 skipped" in done.stdout
    again = run(project, "--snippets", "--lf", "docs")
    assert "1 failed" in again.stdout
    assert "passed" not in again.stdout.splitlines()[-1]


@pytest.mark.slow
def test_a_page_that_cannot_be_read_is_an_error(project: Path) -> None:
    (project / "docs" / "broken.md").write_bytes(b"\xff\n")
    done = run(project, "--snippets", "docs")
    assert done.returncode == 2
    assert "docs/broken.md: not UTF-8" in done.stdout


@pytest.mark.slow
def test_broken_models_end_the_session_with_a_reason(project: Path) -> None:
    settings = '[tool.tortoise-dev.snippets]\nmodels = ["no.such.models"]\n'
    (project / "pyproject.toml").write_text(settings, encoding="utf-8")
    done = run(project, "--snippets", "docs")
    assert done.returncode == 2
    assert "no.such.models cannot be imported" in done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "arguments", "says"),
    [
        ("models = 5", ("docs",), "models takes a list"),
        ("models = [", ("docs",), "pyproject.toml"),
        ('models = ["m"]\ndatabases = ["oracle://me:s3cret@h/x"]', ("docs",), "oracle://me:***@h/x is no"),
        ('models = ["m"]', ("--snippets-db", "nonsense", "docs"), "nonsense is no database URL"),
    ],
)
def test_what_cannot_be_used_is_a_usage_error_in_one_line(
    project: Path, settings: str, arguments: tuple[str, ...], says: str
) -> None:
    inner = project / "docs" / "inner"  # settings that only collection meets, and those of the root
    for folder in (project, inner):
        write(folder / "page.md", PAGE)
        write(folder / "pyproject.toml", f"[tool.tortoise-dev.snippets]\n{settings}\n")
        done = run(project, "-c", os.devnull, "--rootdir", str(project), "--snippets", *arguments)
        assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout + done.stderr
        assert says in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        (folder / "pyproject.toml").unlink()


@pytest.mark.slow
def test_without_the_extra_it_says_what_to_install(project: Path) -> None:
    write(project / "site" / "sitecustomize.py", "import sys\nsys.modules['markdown_it'] = None\n")
    path = {"PYTHONPATH": str(project / "site")}
    assert run(project, "docs", **path).returncode == 5, "nobody asked for it"
    done = run(project, "--snippets", "docs", **path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    (line,) = done.stderr.strip().splitlines()
    assert "markdown_it is not installed" in line
    assert "tortoise-dev[snippets]" in line


def test_without_the_flag_nothing_is_imported(project: Path) -> None:
    test = "import sys\n\ndef test_it():\n"
    test += "    names = sorted(name for name in sys.modules if name.startswith('tortoise_dev.'))\n"
    test += "    assert names == ['tortoise_dev.commands', 'tortoise_dev.commands.pytest_plugin']\n"
    write(project / "test_it.py", test)
    done = run(project, "test_it.py")
    assert done.returncode == 0, done.stdout


def test_the_marker_selects(project: Path) -> None:
    write(project / "docs" / "test_other.py", "def test_other():\n    pass\n")
    arguments = ("--snippets", "--strict-markers", "docs")
    assert "1 passed, 5 deselected" in run(project, "-m", "not snippets", *arguments).stdout
    assert "1 failed, 3 passed, 1 skipped, 1 deselected" in run(project, "-m", "snippets", *arguments).stdout


MANY = """# Many

```python
import os
from pathlib import Path

assert Path(os.environ["RAN"], "NUMBER").write_text("x")
FAILS
```
"""


@pytest.mark.slow
def test_all_blocks_run_ahead_of_their_items(project: Path) -> None:
    """The first item waits until the last block has run: with one at a time it would wait for ever."""
    ran = project / ".ran"  # blocks may write into hidden folders of the project
    ran.mkdir()
    wait = "while not Path(os.environ['RAN'], '3').exists(): pass"
    for number in range(4):
        page = MANY.replace("NUMBER", str(number)).replace("FAILS", wait if number == 0 else "")
        write(project / "docs" / f"p{number}.md", page)
    pages = [f"docs/p{number}.md" for number in range(4)]
    if (os.cpu_count() or 1) > 1:
        done = run(project, "--snippets", *pages, RAN=str(ran))
        assert "4 passed" in done.stdout, done.stdout


@pytest.mark.parametrize(
    "option",
    ["-x", *(pytest.param(option, marks=pytest.mark.slow) for option in ("--maxfail=1", "--stepwise"))],
)
def test_who_wants_to_stop_early_runs_one_at_a_time(project: Path, option: str) -> None:
    ran = project / ".ran"  # blocks may write into hidden folders of the project
    ran.mkdir()
    for number in range(3):
        page = MANY.replace("NUMBER", str(number)).replace("FAILS", "1 / 0" if number == 1 else "")
        write(project / "docs" / f"p{number}.md", page)
    done = run(project, "--snippets", option, *(f"docs/p{n}.md" for n in range(3)), RAN=str(ran))
    assert "1 failed, 1 passed" in done.stdout
    assert {path.name for path in ran.iterdir()} == {"0", "1"}


@pytest.mark.slow
def test_two_dead_links_to_one_target_are_two_items(project: Path) -> None:
    write(
        project / "docs" / "guide.md", "# Links\n\n[a](gone.md)\n\n[b](gone.md)\n\n```python\nassert 1\n```\n"
    )
    for workers in ((), ("-n", "2")):
        done = run(project, "--snippets", *workers, "docs")
        assert "2 failed, 1 passed" in done.stdout


DEBUGGED = """# Debugged

```python name=first
value = 41
```

```python continues=first
import asyncio


async def plus(number):
    await asyncio.sleep(0)
    return number + value


result = await plus(1)
assert result == 43
```

```python
assert 1 < 2
```
"""


def test_the_debugger_opens_at_the_line_of_the_page(project: Path) -> None:
    write(project / "docs" / "guide.md", DEBUGGED)
    done = run(project, "--snippets", "--pdb", "docs", stdin="p 'the result', result, value\nl\nc\n")
    assert "('the result', 42, 41)" in done.stdout
    assert f"> {(project / 'docs' / 'guide.md').resolve()}(17)<module>()" in done.stdout
    assert "-> assert result == 43" in done.stdout
    assert "docs/guide.md:17: failed: AssertionError: 42 == 43" in done.stdout
    assert "1 failed, 2 passed" in done.stdout


@pytest.mark.slow
def test_the_debugger_opens_also_where_no_line_can_be_run_again(project: Path) -> None:
    """A wrong output raises nothing: there is only the finding."""
    write(project / "docs" / "guide.md", "```python\nprint(1)\n```\n\n```text output\n2\n```\n")
    done = run(project, "--snippets", "--pdb", "docs", stdin="p 'found', self.result.reason\nc\n")
    assert "('found', " in done.stdout
    assert "1 failed, 1 passed" in done.stdout


@pytest.mark.slow
def test_junit_has_the_blocks_own_time(project: Path) -> None:
    write(project / "docs" / "guide.md", "```python\nimport time\n\ntime.sleep(0.2)\nassert 1\n```\n")
    done = run(project, "--snippets", "--junitxml", "out.xml", "docs")
    assert done.returncode == 0, done.stdout
    (case,) = ET.parse(project / "out.xml").getroot().iter("testcase")
    assert case.get("name") == "top/1"
    assert float(case.get("time", "0")) >= 0.2


@pytest.mark.slow
def test_databases_of_the_command_line(project: Path) -> None:
    write(project / "shop.py", "")
    write(
        project / "pyproject.toml", '[tool.tortoise-dev.snippets]\nmodels = ["shop"]\ndatabases = ["x://"]\n'
    )
    write(project / "docs" / "guide.md", "```python\nassert 1\n```\n")
    done = run(project, "--snippets", "--snippets-db", "sqlite://:memory:", "docs")
    assert "PASSED docs/guide.md::top/1[sqlite]" in done.stdout, done.stdout
    assert (
        run(project, "--snippets-db", "sqlite://:memory:", "docs").returncode == pytest.ExitCode.USAGE_ERROR
    )
