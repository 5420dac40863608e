"""The command as a user meets it: formats, selection, updates, exit codes, and input that cannot be used."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "scripts" / "snippets.py"


def snippets(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=60, check=False)


def report(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run the command and read its JSON."""
    done = snippets(folder, "--format", "json", *arguments)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))
    return path


PASSING = "# A\n\n```python\nassert 1 + 1 == 2\n```\n"
FAILING = "# B\n\n```python\nx = 1\nassert x == 2\n```\n"


# --- formats and records


def test_a_record_tells_versions_and_what_became_of_each_block(tmp_path: Path) -> None:
    write(tmp_path, "docs/a.md", PASSING)
    write(tmp_path, "docs/b.md", FAILING)
    done = snippets(tmp_path, "docs", "--record", "kept/here")
    assert done.returncode == 1
    (path,) = (tmp_path / "kept/here").iterdir()
    record = json.loads(path.read_text(encoding="utf-8"))
    python = ".".join(map(str, sys.version_info[:2]))
    assert path.name == f"tortoise-{record['packages']['tortoise-orm']}-python-{python}-no-database.json"
    assert record["summary"] == {"passed": 1, "failed": 1, "skipped": 0, "unverified": 0}
    told = [(block["id"], block["status"], block["reason"]) for block in record["blocks"]]
    assert told == [
        ("docs/a.md::a/1", "passed", ""),
        ("docs/b.md::b/1", "failed", "AssertionError: 1 == 2"),
    ]
    again = path.read_bytes()
    snippets(tmp_path, "docs", "--record", "kept/here")
    assert path.read_bytes() == again


SHOWS_SECRET = """\
```python
import os

print("pass is", os.environ["DB_PASS"])
```

```python
import os

print("pass is", os.environ["DB_PASS"])
assert os.environ["DB_PASS"] == "x"
```

```bash
echo "$DB_PASS"; false
```

```python
import os

print("word " * 98 + os.environ["DB_PASS"])  # the report shows 500 characters of a line
print("word\\n" * 5 + os.environ["DB_PASS"] + "\\n" + "line\\n" * 798)  # and the last 4000 of all
raise ValueError("word " * 98 + os.environ["DB_PASS"])
```
"""


def test_a_secret_of_the_environment_is_in_no_report_and_in_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PASS", "hunter2hunter2")
    write(tmp_path, "a.md", SHOWS_SECRET)
    for form in ("text", "json", "sarif", "github"):
        done = snippets(tmp_path, "a.md", "--format", form, "--record", "kept")
        assert done.returncode == 1
        assert "pass is ***" in done.stdout
        assert "hunter2" not in done.stdout + done.stderr
    (path,) = (tmp_path / "kept").iterdir()
    assert "pass is ***" in path.read_text(encoding="utf-8")
    assert "hunter2" not in path.read_text(encoding="utf-8")


def test_a_secret_is_not_told_by_models_that_cannot_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PASS", "hunter2hunter2")
    write(tmp_path, "pyproject.toml", '[tool.tortoise-dev.snippets]\nmodels = ["m"]\n')
    write(tmp_path, "m.py", "import os\n\nraise ValueError('no login with ' + os.environ['DB_PASS'])\n")
    write(tmp_path, "a.md", PASSING)
    done = snippets(tmp_path, "a.md")
    assert done.returncode == 2
    assert "ValueError: no login with ***" in done.stdout
    with_pytest = [sys.executable, "-m", "pytest", "--snippets", "a.md"]
    done = subprocess.run(with_pytest, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert "ValueError: no login with ***" in done.stdout + done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_a_record_is_of_a_whole_run(tmp_path: Path) -> None:
    write(tmp_path, "a.md", PASSING)
    done = snippets(tmp_path, "--select", "a.md:3", "--record", "kept")
    assert done.returncode == 2
    assert "--record keeps whole runs" in done.stderr


def test_a_record_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "a.md", PASSING)
    done = snippets(tmp_path, "a.md", "--record", "a.md")
    assert done.returncode == 2
    assert "--record a.md" in done.stderr


def test_what_was_never_awaited_is_shown_without_the_harness(tmp_path: Path) -> None:
    page = "```python\nasync def save():\n    pass\n\nkept = [save()]\n```\n"
    write(tmp_path, "docs/a.md", page)
    (block,) = report(tmp_path, "docs")["blocks"]
    first, second, *frames = block["detail"].splitlines()
    assert first == "coroutine 'save' was never awaited"
    assert second == "Coroutine created at (most recent call last)"
    assert [frame.rpartition("/")[2] for frame in frames] == ['a.md", line 5, in <module>']


def test_json_keeps_its_contract(tmp_path: Path) -> None:
    write(tmp_path, "docs/a.md", PASSING)
    write(tmp_path, "docs/b.md", FAILING)
    document = report(tmp_path, "docs")
    assert document["version"] == 1
    assert [block["path"] for block in document["blocks"]] == ["docs/a.md", "docs/b.md"]
    failed = document["blocks"][1]
    assert failed.pop("seconds") >= 0
    detail = failed.pop("detail").splitlines()
    assert detail[0] == "Traceback (most recent call last):"
    assert detail[-1] == "AssertionError"
    assert document["blocks"][0]["detail"] == ""
    assert failed == {
        "id": "docs/b.md::b/1",
        "path": "docs/b.md",
        "line": 3,
        "fail_line": 5,
        "language": "python",
        "status": "failed",
        "reason": "AssertionError: 1 == 2",
        "backend": None,
        "queries": None,
        "sql": [],
    }
    summary = document["summary"]
    assert (summary["pages"], summary["blocks"]) == (2, 2)
    assert [summary[s] for s in ("passed", "failed", "skipped", "unverified")] == [1, 1, 0, 0]


def test_github_annotations_are_escaped(tmp_path: Path) -> None:
    write(tmp_path, "b.md", '```python\nraise ValueError("100%,\\nsecond: line")\n```\n')
    done = snippets(tmp_path, "--format", "github", "b.md")
    line = done.stdout.strip()
    assert line.startswith("::error file=b.md,line=2,col=1,title=snippet-failed::b.md:2: ValueError: 100%25,")
    assert "\n" not in line


def test_sarif_names_rule_place_and_message(tmp_path: Path) -> None:
    write(tmp_path, "a b.md", FAILING + "\n```pyhton\n```\n")
    done = snippets(tmp_path, "--format", "sarif", "a b.md")
    run = json.loads(done.stdout)["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    first, second = run["results"]
    assert rules[first["ruleIndex"]] == first["ruleId"] == "snippet-failed"
    assert rules[second["ruleIndex"]] == second["ruleId"] == "snippet-unverified"
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b.md"
    assert place["region"] == {"startLine": 5, "startColumn": 1}


def test_text_shows_the_line_the_values_and_what_was_printed(tmp_path: Path) -> None:
    write(tmp_path, "b.md", FAILING.replace("x = 1", 'x = 1; print("SEEN")'))
    done = snippets(tmp_path, "b.md")
    assert done.stdout.startswith("b.md:5: failed: AssertionError: 1 == 2")
    assert "SEEN" in done.stdout
    assert done.stderr == "", "quiet in a pipe"


# --- exit status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (PASSING, 0),
        (FAILING, 1),
        ("# Prose only\n", 1),
        ('```python needs="no_such_thing"\nimport no_such_thing\n```\n', 0),
        ("```rust\nfn main() {}\n```\n", 1),
    ],
    ids=["passes", "fails", "no block", "all skipped", "unverified"],
)
def test_exit_status(tmp_path: Path, text: str, status: int) -> None:
    write(tmp_path, "a.md", text)
    assert snippets(tmp_path, "a.md").returncode == status


# --- input that cannot be used: exit 2, a clear sentence, and the other pages still run


def test_unreadable_pages_are_named_and_the_others_run(tmp_path: Path) -> None:
    write(tmp_path, "fine.md", FAILING)
    (tmp_path / "binary.md").write_bytes(b"# x\n\0\1\2")
    (tmp_path / "latin.md").write_bytes(b"# x\n\n\xe9t\xe9\n")
    (tmp_path / "huge.md").write_bytes(b"x\n" * 25_000_000)
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "empty").mkdir()
    pages = ["binary.md", "latin.md", "huge.md", "folder.md", "empty", "missing.md", "fine.md"]
    done = snippets(tmp_path, "--format", "json", *pages)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    document = json.loads(done.stdout)
    said = {error["path"]: error["message"] for error in document["errors"]}
    assert "binary" in said["binary.md"]
    assert "not UTF-8: byte 0xe9 in line 3" in said["latin.md"]
    assert "50 MB" in said["huge.md"]
    assert "no pages" in said["empty"]
    assert "no pages" in said["folder.md"]
    assert "no such file" in said["missing.md"]
    assert [block["path"] for block in document["blocks"]] == ["fine.md"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_and_a_cycle_of_links_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "loop.md").symlink_to(tmp_path / "loop.md")
    (tmp_path / "cycle").mkdir()
    (tmp_path / "cycle" / "again").symlink_to(tmp_path / "cycle")
    write(tmp_path, "cycle/a.md", PASSING)
    done = snippets(tmp_path, "--format", "json", "pipe.md", "loop.md", "cycle")
    document = json.loads(done.stdout)
    assert done.returncode == 2
    assert {error["path"] for error in document["errors"]} == {"pipe.md", "loop.md"}
    assert [block["path"] for block in document["blocks"]] == ["cycle/a.md"]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("timeout = 'long'", "timeout takes a number"),
        ("paths = 'docs'", "paths takes a list"),
        ("model = ['a']", "model is not a setting"),
        ("project = 'nowhere'", "names no folder"),
        ("setup = 'a:b'", "needs models"),
        ("models = ['no.such.module']", "no.such.module cannot be imported"),
        ("models = ['leaves']", "leaves cannot be imported: SystemExit: no DATABASE_URL"),
        ("models = [", "pyproject.toml"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, settings: str, says: str) -> None:
    write(tmp_path, "pyproject.toml", f"[tool.tortoise-dev.snippets]\n{settings}\n")
    write(tmp_path, "leaves.py", "raise SystemExit('no DATABASE_URL')\n")
    write(tmp_path, "a.md", PASSING)
    done = snippets(tmp_path, "a.md")
    assert done.returncode == 2
    assert says in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--db", "postgres://me:secret@localhost/x", "a.md"), "me:***@localhost"),
        (("--db", "nonsense", "a.md"), "no database URL"),
        (("--select", "a.md:99", "a.md"), "no block is selected"),
        (("--select", "a.md:3", "--select", "a.md:99"), "--select a.md:99: no block is selected: see --list"),
        (("--select", "b.md:1", "--language", "python"), "--select and --language together"),
        (("--select", "other.md", "a.md"), "not among the pages"),
        (
            ("--language", "pyton", "a.md"),
            "--language pyton: no block is in this language: did you mean python?",
        ),
        (("--language", "rust", "a.md", "b.md"), "in this language: the pages have json, python"),
        (("--list", "--update", "a.md"), "--list runs nothing, and prints text or JSON: leave out --update"),
        (("--list", "--record", "kept", "a.md"), "leave out --record"),
        (("--list", "--db", "sqlite://:memory:", "a.md"), "leave out --db"),
        (("--list", "--format", "github", "a.md"), "leave out --format github"),
        (("-n", "0", "a.md"), "not a number from 1"),
        ((), "no pages"),
    ],
)
def test_wrong_arguments_are_named(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    write(tmp_path, "pyproject.toml", "[tool.tortoise-dev.snippets]\nmodels = ['shop']\n")
    write(tmp_path, "shop.py", "")
    write(tmp_path, "a.md", PASSING)
    write(tmp_path, "b.md", "```json\n{}\n```\n\n```python\nassert 1\n```\n")
    done = snippets(tmp_path, *arguments)
    assert done.returncode == 2
    assert says in done.stderr + done.stdout
    assert "secret" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


# --- selection

CHAIN = """# Chain

```python name=start
value = 1
print("start")
```

```python
assert False, "another block"
```

```python continues=start
assert value == 1
```

```json
{}
```
"""


def test_selecting_a_line_pulls_in_what_it_continues(tmp_path: Path) -> None:
    write(tmp_path, "a.md", CHAIN)
    blocks = report(tmp_path, "--select", "a.md:13")["blocks"]
    assert [(block["line"], block["status"]) for block in blocks] == [(12, "passed")]


def test_selecting_a_language(tmp_path: Path) -> None:
    write(tmp_path, "a.md", CHAIN)
    blocks = report(tmp_path, "--language", "JSON", "a.md")["blocks"]
    assert [(block["language"], block["status"]) for block in blocks] == [("json", "passed")]


def test_list_runs_nothing(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "```python\nopen('ran', 'w')\n```\n")
    done = snippets(tmp_path, "--list", "a.md")
    assert done.returncode == 0
    assert done.stdout.split("\t")[:2] == ["a.md:1", "python"]
    assert not (tmp_path / "ran").exists()
    document = report(tmp_path, "--list", "a.md")
    entry = {"id": "a.md::top/1", "path": "a.md", "line": 1, "language": "python", "fate": "runs"}
    assert (document["version"], document["blocks"], document["errors"]) == (1, [entry], [])


def test_list_tells_what_cannot_be_read(tmp_path: Path) -> None:
    write(tmp_path, "a.md", PASSING)
    done = snippets(tmp_path, "--list", "a.md", "none.md")
    assert done.returncode == 2
    assert done.stdout.splitlines()[1:] == ["none.md:1: error: no such file"]
    errors = report(tmp_path, "--list", "a.md", "none.md")["errors"]
    assert errors == [{"path": "none.md", "line": 1, "message": "no such file"}]


# --- update and audit

STALE = """\
\ufeff---
title: x
---

> - ```python
>   print("new")
>   print()
>   print("```")
>   ```
>
>   ```text output
>   old
>   ```

```python raises=KeyError
{}["k"]
```

```text output
...
```

```python
print("same", 12345)
```

```text output
same ...
```
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_update_rewrites_only_what_differs(tmp_path: Path, newline: str) -> None:
    page = write(tmp_path, "a.md", STALE.replace("\n", newline))
    before = page.read_bytes()
    assert snippets(tmp_path, "a.md").returncode == 1
    assert page.read_bytes() == before, "nothing is overwritten without being asked"
    done = snippets(tmp_path, "--update", "a.md")
    assert done.returncode == 0, done.stdout
    new = STALE.replace(
        ">   ```text output\n>   old\n>   ```", ">   ````text output\n>   new\n>\n>   ```\n>   ````"
    )
    assert page.read_bytes().decode("utf-8") == new.replace("\n", newline)
    assert snippets(tmp_path, "a.md").returncode == 0


def test_update_rewrites_the_answers_of_a_session(tmp_path: Path) -> None:
    session = "```pycon\n>>> 1 + 1\n3\n>>> x = 4\n>>> print(x, '', 5, sep='\\n')\n4\n>>> x\n4\n```\n"
    page = write(tmp_path, "a.md", f"# A\n\n{session}")
    assert snippets(tmp_path, "--update", "a.md").returncode == 0
    new = session.replace("+ 1\n3", "+ 1\n2").replace("\\n')\n4\n", "\\n')\n4\n<BLANKLINE>\n5\n")
    assert page.read_text(encoding="utf-8") == f"# A\n\n{new}"
    assert snippets(tmp_path, "a.md").returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("```pycon\n>>> 1 + 1\n3\n>>> 1 / 0\n```\n", id="session"),
        pytest.param("```python\nprint(1)\n1 / 0\n```\n\n```text output\n2\n```\n", id="output"),
    ],
)
def test_update_leaves_what_a_failed_block_says(tmp_path: Path, text: str) -> None:
    page = write(tmp_path, "a.md", text)
    assert snippets(tmp_path, "--update", "a.md").returncode == 1
    assert page.read_text(encoding="utf-8") == text


def test_update_makes_clock_and_chance_repeatable(tmp_path: Path) -> None:
    code = "import datetime, random, time, uuid\n"
    code += "print(datetime.datetime.now(), time.time(), uuid.uuid4(), random.random(), {'a', 'b', 'c'})\n"
    write(tmp_path, "a.md", f"```python\n{code}```\n\n```text output\n?\n```\n")
    assert snippets(tmp_path, "--update", "a.md").returncode == 0
    assert snippets(tmp_path, "a.md").returncode == 0


def test_audit_finds_a_norun_that_would_pass(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a.md",
        '```python\nx = 1\n```\n\n```python continues norun="stale"\nassert x == 1\n```\n\n'
        '```python norun="true"\n1 / 0\n```\n',
    )
    assert snippets(tmp_path, "a.md").returncode == 0
    document = report(tmp_path, "--audit", "a.md")
    assert [(block["line"], block["status"]) for block in document["blocks"]] == [
        (1, "passed"),
        (5, "failed"),
        (9, "skipped"),
    ]


# --- settings


def test_pages_of_a_project_come_from_its_settings(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", '[tool.tortoise-dev.snippets]\npaths = ["docs", "proofs/*.py"]\n')
    write(tmp_path, "docs/a.md", PASSING)
    write(tmp_path, "proofs/one.py", '"""A proof."""\n\nassert 1 < 2\n')
    write(tmp_path, "proofs/two.py", '# snippet: xfail="false"\nassert 2 < 1\n')
    write(tmp_path, "other.md", FAILING)
    document = report(tmp_path)
    assert [(b["path"], b["status"]) for b in document["blocks"]] == [
        ("docs/a.md", "passed"),
        ("proofs/one.py", "passed"),
        ("proofs/two.py", "passed"),
    ]


def test_without_models_tortoise_is_not_imported(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "```python\nimport sys\nassert 'tortoise' not in sys.modules\n```\n")
    document = report(tmp_path, "a.md")
    assert [(b["status"], b["backend"]) for b in document["blocks"]] == [("passed", None)]


# --- processes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_an_interrupted_run_leaves_no_process_behind(tmp_path: Path) -> None:
    mark = f"{time.time_ns()}"
    write(tmp_path, "a.md", f"```python\nimport time\nMARK = {mark}\nprint(MARK)\ntime.sleep(60)\n```\n")
    write(tmp_path, "pyproject.toml", "[tool.tortoise-dev.snippets]\ntimeout = 50\n")
    command = [sys.executable, str(SCRIPT), "a.md"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(2)
    children = _descendants(process.pid)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(children) >= 2, "the worker and its child"
    deadline = time.monotonic() + 10
    while any(map(_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(_alive, children))


def _descendants(pid: int) -> list[int]:
    listing = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = dict(map(int, line.split()) for line in listing.splitlines())
    found: list[int] = []
    for candidate in parents:
        ancestor = candidate
        while ancestor in parents and ancestor != pid:
            ancestor = parents[ancestor]
        if ancestor == pid and candidate != pid:
            found.append(candidate)
    return found


def _alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(state.stdout.strip()) and not state.stdout.strip().startswith("Z")


def test_a_block_that_kills_its_worker_fails_and_the_others_run(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a.md",
        "```python\nimport os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(9)\n```\n\n"
        + "```python\nassert True\n```\n\n" * 19,  # the worker has been asked for some of them already
    )
    document = report(tmp_path, "-n", "1", "a.md")
    assert [block["status"] for block in document["blocks"]] == ["failed", *["passed"] * 19]


# --- exclude


def test_excluded_pages_run_only_where_they_are_named(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", '[tool.tortoise-dev.snippets]\nexclude = ["docs/old/**"]\n')
    for page in ("docs/a.md", "docs/old/b.md"):
        write(tmp_path, page, "```python\nassert True\n```\n")
    assert "1 block of 1 page" in snippets(tmp_path, "docs").stdout
    assert "1 block of 1 page" in snippets(tmp_path, "docs/old/b.md").stdout


def test_a_prelude_that_fails_is_named_at_its_line(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", '[tool.tortoise-dev.snippets]\nprelude = "before.py"\n')
    write(tmp_path, "before.py", "start = 1\n")
    write(tmp_path, "a.md", "```python\nassert start == 1\n```\n\n```bash\ntrue && echo x\n```\n")
    assert snippets(tmp_path, "a.md").returncode == 0
    write(tmp_path, "before.py", "\nstart = 1 / 0\n")
    done = snippets(tmp_path, "a.md")
    assert done.returncode == 1
    assert "the prelude before.py:2 fails: ZeroDivisionError" in done.stdout
    assert "1 passed, 1 failed" in done.stdout
    for text in ("start = (\n", None):
        (tmp_path / "before.py").unlink()
        if text:
            write(tmp_path, "before.py", text)
        done = snippets(tmp_path, "a.md")
        assert done.returncode == 2
        assert "before.py" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("chain", ["block", "page"])
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("async def f(): pass\nf()\n", "coroutine 'f' was never awaited"),
        ("import os\nos._exit(0)\n", "its process ended (status 0)"),
        ("while True: pass\n", "did not end within 1 s"),
    ],
)
def test_a_prelude_that_fails_without_an_error_fails_its_blocks(
    tmp_path: Path, chain: str, code: str, reason: str
) -> None:
    settings = f'prelude = "before.py"\nchain = "{chain}"\ntimeout = 1\n'
    write(tmp_path, "pyproject.toml", f"[tool.tortoise-dev.snippets]\n{settings}")
    write(tmp_path, "before.py", code)
    write(tmp_path, "a.md", "```python\nassert True\n```\n\n```python\nassert True\n```\n")
    done = snippets(tmp_path, "a.md")
    assert done.returncode == 1
    assert done.stdout.count(f"failed: the prelude before.py fails: {reason}") == 2
    assert "tortoise_dev" not in done.stdout


@pytest.mark.parametrize("chain", ["block", "page"])
def test_a_prelude_that_asks_to_be_skipped_skips_its_blocks(tmp_path: Path, chain: str) -> None:
    settings = f'prelude = "before.py"\nchain = "{chain}"\n'
    write(tmp_path, "pyproject.toml", f"[tool.tortoise-dev.snippets]\n{settings}")
    write(tmp_path, "before.py", 'import pytest\npytest.importorskip("no_such_package")\n')
    write(tmp_path, "a.md", "```python\nassert True\n```\n")
    done = snippets(tmp_path, "a.md")
    assert done.returncode == 0
    assert "skipped: a block before it in the chain was skipped: could not import" in done.stdout


def test_settings_that_would_help_are_told_behind_the_report(tmp_path: Path) -> None:
    page = tmp_path / "guide.md"
    page.write_text("# Guide\n\n```python\nx = 1\n```\n" + "\n```python\nprint(x)\n```\n" * 3)
    done = snippets(tmp_path, "guide.md")
    assert done.stdout.splitlines()[-1].startswith("4 blocks of 1 page: 1 passed, 3 failed")
    *_, head, setting = done.stderr.splitlines()
    assert head == "[tool.tortoise-dev.snippets]"
    assert setting == 'chain = "page"  # 3 blocks use a name that a block above them sets'
    assert "chain" not in snippets(tmp_path, "guide.md", "--format", "json").stderr
    (tmp_path / "pyproject.toml").write_text("\n".join([head, setting]))
    done = snippets(tmp_path, "guide.md")
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
