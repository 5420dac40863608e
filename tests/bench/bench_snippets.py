#!/usr/bin/env python3
"""Measures this project's Markdown harness side by side with sybil, pytest-markdown-docs and pytest-examples.

Every number is the wall time of a whole command, start-up included. All tools take turns within a round, so
that a noisy minute hits them alike. A tool that did not run every block of a corpus is reported as n/a, never
as fast.
"""

import argparse
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from corpora import FORMS, SIZES, Form, corpus

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
README = HERE / "README.md"
SNIPPETS = ROOT / "scripts" / "snippets.py"

PEERS = {"sybil": "10.1.0", "pytest-markdown-docs": "0.9.2", "pytest-examples": "0.0.18"}
# What both sides build on has the version that the project's own environment has.
SHARED = ("pytest", "pytest-asyncio", "pytest-xdist", "tortoise-orm", "aiosqlite")

TABLE_START, TABLE_END = "<!-- bench-table: start -->", "<!-- bench-table: end -->"

TITLES: dict[Form, str] = {
    "trivial": "`x = 1` and an `assert`; no database",
    "await": "Tortoise, top-level `await`, a module of eight models. × sybil: its time on *script*",
    "script": "Tortoise, `asyncio.run(main())`, the same models",
    "own": "Tortoise, `asyncio.run(main())`, one model that the block defines in `__main__`",
}

EXAMPLES = """\
examples:
  uv run tests/bench/bench_snippets.py
        everything, 3 rounds: about seven minutes on two cores
  uv run tests/bench/bench_snippets.py --rounds 3 --corpus trivial --tool sybil --tool snippets.py
        a first impression in half a minute
  uv run tests/bench/bench_snippets.py --env /tmp/bench-peers
        keep the peers' environment for the next run
  uv run tests/bench/bench_snippets.py --json > bench.json
  uv run tests/bench/bench_snippets.py --update-readme
        also write the tables into tests/bench/README.md

The peers are installed, at exact versions, into a virtual environment of their own: that needs the network.
Nothing is installed into the project, and nothing is left behind (but for --env and --update-readme).

exit codes: 0 measured; 1 a command of this project did not run every block; 2 usage, or no environment
"""

SYBIL_CONFTEST = """\
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

pytest_collect_file = Sybil(parsers=[PythonCodeBlockParser()], patterns=["*.md"]).pytest()
"""

PYTEST_EXAMPLES_TEST = """\
import pytest
from pytest_examples import CodeExample, EvalExample, find_examples


@pytest.mark.parametrize("example", find_examples("docs"), ids=str)
def test_page(example: CodeExample, eval_example: EvalExample) -> None:
    eval_example.run(example)
"""

PEER_INI = "[pytest]\npythonpath = project\n"

FORKS = """\
import os
{preload}
workers = []
for _ in range(2):
    worker = os.fork()
    if not worker:
        for _ in range(500):
            child = os.fork()
            if not child:
                os._exit(0)
            if os.waitpid(child, 0)[1]:
                os._exit(1)
        os._exit(0)
    workers.append(worker)
if not any([os.waitpid(worker, 0)[1] for worker in workers]):
    print("1000 passed")
"""


class BenchError(Exception):
    """Nothing can be measured: the message says why."""


# --- the tools ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finished:
    """What one command left."""

    seconds: float
    cpu_seconds: float
    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Tool:
    """A command that runs a corpus, and how to read from its output how many blocks passed."""

    name: str
    command: Callable[[Path, Form], list[str]]  # the corpus' folder, its form
    passed: Callable[[Finished], int]
    files: Mapping[str, str] = field(default_factory=dict)
    ours: bool = False


@dataclass
class Case:
    """One tool on one corpus (`corpus` is "floor" for the floors); `problem` says why it has no time."""

    corpus: str
    tool: str
    command: list[str]
    directory: Path
    blocks: int
    passed: Callable[[Finished], int]
    good_codes: tuple[int, ...] = (0,)
    ours: bool = False
    times: list[float] = field(default_factory=list)
    cpu_times: list[float] = field(default_factory=list)
    problem: str = ""

    @property
    def measured(self) -> bool:
        return bool(self.times) and not self.problem

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def per_block(self) -> float:
        return 1000 * self.median / self.blocks


def passed_in_pytest(finished: Finished) -> int:
    """pytest's own count: `300 passed in 2.51s`."""
    counts = re.findall(r"(\d+) passed", finished.stdout)
    return int(counts[-1]) if counts else 0


def passed_in_json(finished: Finished) -> int:
    """The count of passed blocks in the JSON of scripts/snippets.py."""
    try:
        blocks = json.loads(finished.stdout)["blocks"]
        return sum(block["status"] == "passed" for block in blocks)
    except (ValueError, KeyError, TypeError):
        return 0


def peers(python: Path) -> list[Tool]:
    """The peers in one process, and then with two xdist workers."""

    def pytest(*options: str) -> list[str]:
        return [str(python), "-m", "pytest", "-q", *options]

    two = ("-p", "xdist.plugin", "-n", "2")

    def markdown_docs(form: Form) -> list[str]:
        runs_await = ["-p", "pytest_asyncio.plugin"] if form == "await" else []
        return pytest("-p", "pytest_markdown_docs.plugin", *runs_await, "--markdown-docs", "docs")

    def examples(*options: str) -> list[str]:
        return pytest("-p", "pytest_examples", *options, "test_pages.py")

    sybil_files = {"pytest.ini": PEER_INI, "conftest.py": SYBIL_CONFTEST}
    docs_files = {"pytest.ini": PEER_INI}
    examples_files = {"pytest.ini": PEER_INI, "test_pages.py": PYTEST_EXAMPLES_TEST}
    by_file = ("--dist", "loadfile")  # sybil: a page is one namespace
    return [
        Tool("sybil", lambda _, form: pytest("docs"), passed_in_pytest, sybil_files),
        Tool("pytest-markdown-docs", lambda _, form: markdown_docs(form), passed_in_pytest, docs_files),
        Tool("pytest-examples", lambda _, form: examples(), passed_in_pytest, examples_files),
        Tool(
            "sybil, xdist -n 2", lambda _, form: pytest(*two, *by_file, "docs"), passed_in_pytest, sybil_files
        ),
        Tool(
            "pytest-markdown-docs, xdist -n 2",
            lambda _, form: [*markdown_docs(form), *two],
            passed_in_pytest,
            docs_files,
        ),
        Tool("pytest-examples, xdist -n 2", lambda _, form: examples(*two), passed_in_pytest, examples_files),
    ]


def own_tools() -> list[Tool]:
    """This project's commands, run by the interpreter that runs this file."""

    def script(workers: int) -> Callable[[Path, Form], list[str]]:
        command = [sys.executable, str(SNIPPETS), "-n", str(workers), "--format", "json"]
        return lambda folder, _: [*command, str(folder)]

    def plugin(*options: str) -> Callable[[Path, Form], list[str]]:
        command = [sys.executable, "-m", "pytest", "-p", "tortoise_dev.commands.pytest_plugin", *options]
        return lambda folder, _: [*command, "--snippets", "-q", str(folder)]

    return [
        Tool("tortoise-dev, snippets.py -n 1", script(1), passed_in_json, ours=True),
        Tool("tortoise-dev, snippets.py -n 2", script(2), passed_in_json, ours=True),
        Tool("tortoise-dev, pytest --snippets", plugin(), passed_in_pytest, ours=True),
        Tool(
            "tortoise-dev, pytest --snippets, xdist -n 2",
            plugin("-p", "xdist.plugin", "-n", "2"),
            passed_in_pytest,
            ours=True,
        ),
    ]


# --- the peers' environment ---------------------------------------------------------------------------------


def make_environment(folder: Path) -> Path:
    """A virtual environment with the peers in it, made or completed at `folder`; returns its interpreter."""
    folder = folder.resolve()
    if folder == Path(sys.prefix).resolve():
        raise BenchError(f"{folder} is the project's environment; the peers go into one of their own")
    try:
        installed = versions()
    except metadata.PackageNotFoundError as error:
        raise BenchError(
            f"{error.name} is missing: run this in the project's environment, with `uv run`"
        ) from None
    requirements = [f"{name}=={installed[name]}" for name in (*PEERS, *SHARED)]
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    uv = shutil.which("uv")
    make = [uv, "venv", "--quiet", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
    fill = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
    if not python.exists():
        _install([*make, str(folder)])
    _install([*fill, "--quiet", *requirements])
    return python


def _install(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"the peers' environment can't be made (no network?):\n{done.stderr.strip()}")


# --- measuring ----------------------------------------------------------------------------------------------


def make_cases(workdir: Path, python: Path, forms: Sequence[Form], names: Sequence[str]) -> list[Case]:
    """The floors, and every tool on every corpus in a folder of its own. `names` choose among the tools."""
    cases = floors(workdir, python)
    for form in forms:
        for number, tool in enumerate([*peers(python), *own_tools()]):
            if names and not any(name in tool.name for name in names):
                continue
            folder = workdir / f"{form}-{number}"
            write(folder, {**corpus(form, opens_database=not tool.ours), **tool.files})
            command = tool.command(folder, form)
            cases.append(Case(form, tool.name, command, folder, SIZES[form][0], tool.passed, ours=tool.ours))
    return cases


def floors(workdir: Path, python: Path) -> list[Case]:
    empty = workdir / "empty"
    write(empty, {"pytest.ini": "[pytest]\n"})
    pytest = [str(python), "-m", "pytest", "-q"]
    cases = [Case("floor", "pytest in an empty folder", pytest, empty, 0, passed_in_pytest, (5,))]
    if hasattr(os, "fork"):
        for what, preload in ("of a bare Python", ""), ("with Tortoise imported", "import tortoise"):
            forks = [sys.executable, "-c", FORKS.format(preload=preload)]
            name = f"1,000 forks {what}, two workers"
            cases.append(Case("floor", name, forks, empty, 1000, passed_in_pytest))
    return cases


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def measure(cases: Sequence[Case], rounds: int, timeout: float) -> None:
    """One round that counts for nothing but shows who can run what, and then `rounds` that are timed.

    Every other round goes backwards, so that nobody always comes after the same neighbour.
    """
    for number in range(rounds + 1):
        for case in cases if number % 2 else reversed(cases):
            if case.problem:
                continue
            turn = f"round {number} of {rounds}" if number else "first try"
            progress(f"{turn}: {case.corpus}, {case.tool}")
            finished = run(case.command, case.directory, timeout)
            case.problem = problem(case, finished, timeout)
            if number:
                case.times.append(finished.seconds)
                case.cpu_times.append(finished.cpu_seconds)
    progress("")


def problem(case: Case, finished: Finished, timeout: float) -> str:
    """Why this run is no measurement; empty if every block was run and passed."""
    if finished.seconds >= timeout:
        return f"not done after {timeout:.0f} s"
    passed = case.passed(finished)
    if passed == case.blocks and finished.returncode in case.good_codes:
        return ""
    return f"{passed} of {case.blocks} blocks passed, exit code {finished.returncode}{_hint(finished)}"


def _hint(finished: Finished) -> str:
    """The last error that the tool names: enough to see why it can't run these pages."""
    try:
        blocks = json.loads(finished.stdout)["blocks"]
        lines = [f"{block['status']}: {block['reason']}" for block in blocks if block["status"] != "passed"][
            :1
        ]
    except (ValueError, KeyError, TypeError):
        error = re.compile(r"^(?:E +)?((?:\w+\.)*\w*(?:Error|Exception)\b.*)$", re.MULTILINE)
        lines = error.findall(finished.stdout + finished.stderr) or finished.stderr.splitlines()
    last = re.sub(
        r"(?:[A-Z]:)?(?:[/\\][\w.+@-]+)+[/\\](?=[\w.])", "", "".join(lines[-1:])
    )  # no machine's paths
    return f": {last.strip()[:100]}" if last.strip() else ""


def run(command: Sequence[str], directory: Path, timeout: float) -> Finished:
    """Runs a command to its end. Nothing that it started or wrote to its temporary folder stays."""
    with tempfile.TemporaryDirectory(
        prefix="run-", dir=directory.parent, ignore_cleanup_errors=True
    ) as folder:
        started, cpu_started = time.perf_counter(), cpu_of_children()
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except BaseException as error:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
            stdout, stderr = process.communicate()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
        seconds, cpu_seconds = time.perf_counter() - started, cpu_of_children() - cpu_started
    return Finished(seconds, cpu_seconds, process.returncode, stdout, stderr)


def cpu_of_children() -> float:
    """CPU time of all commands so far, their own children included (0 where the system does not tell)."""
    now = os.times()
    return now.children_user + now.children_system


def environment(temporary: str) -> dict[str, str]:
    """As if each tool were installed alone: pytest loads only the plugins that the command names.

    Every run has an empty temporary folder: pytest would spend time on clearing away what older runs left.
    Bytecode may be kept: pip compiles what it installs, and a checkout is compiled at its first run.
    """
    dropped = (
        "PYTEST_",
        "PYTHONPATH",
        "PYTHONWARNINGS",
        "PYTHONDONTWRITEBYTECODE",
        "FORCE_COLOR",
        "COV_CORE_",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    folders = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), temporary)
    return {**kept, **folders, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "NO_COLOR": "1"}


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


# --- reporting ----------------------------------------------------------------------------------------------


def sybil_median(cases: Sequence[Case], form: str) -> float | None:
    """sybil's time for the same work, if it can do it.

    It runs no top-level await: there its script counts, with the same models. It runs no models in `__main__`
    either, and `own` has one model where `script` has eight: not the same work, so no ratio.
    """
    compared = {"trivial": "trivial", "await": "script", "script": "script"}.get(form)
    return next(
        (case.median for case in cases if (case.corpus, case.tool) == (compared, "sybil") and case.measured),
        None,
    )


def as_json(cases: Sequence[Case], rounds: int) -> dict[str, Any]:
    results = []
    for case in cases:
        sybil = sybil_median(cases, case.corpus)
        times = case.times if case.measured else []
        results.append(
            {
                "corpus": case.corpus,
                "tool": case.tool,
                "blocks": case.blocks,
                "median": round(case.median, 4) if times else None,
                "min": round(min(times), 4) if times else None,
                "times": [round(seconds, 4) for seconds in times],
                "cpu_median": round(statistics.median(case.cpu_times), 4) if times else None,
                "ms_per_block": round(case.per_block, 3) if times and case.blocks else None,
                "ratio_to_sybil": round(case.median / sybil, 3) if times and sybil else None,
                "problem": case.problem or None,
            }
        )
    about = {"machine": machine(), "versions": versions(), "rounds": rounds}
    return {"version": 1, **about, "results": results}


def as_markdown(cases: Sequence[Case], rounds: int) -> str:
    """The tables, readable as they are and as Markdown."""
    tools = ", ".join(f"{name} {version}" for name, version in versions().items())
    parts = [f"{machine()}; median and minimum of {rounds} round{'s' * (rounds > 1)}. {tools}."]
    for form in FORMS:
        chosen = [case for case in cases if case.corpus == form]
        if not chosen:
            continue
        blocks, pages = SIZES[form]
        rows = [_row(case, sybil_median(cases, form)) for case in chosen]
        header = ["tool", "seconds", "min", "CPU", "ms per block", "× sybil"]
        parts.append(
            f"**{form}**: {blocks:,} blocks on {pages} pages. {TITLES[form]}.\n\n{_table(header, rows)}"
        )
        if problems := _problems(chosen):
            parts.append("\n".join(problems))
    floor = [_row(case, None)[:4] for case in cases if case.corpus == "floor"]
    parts.append(
        f"**floor**: what the machine and pytest cost before any block is run.\n\n"
        f"{_table(['what', 'seconds', 'min', 'CPU'], floor)}"
    )
    return "\n\n".join(parts) + "\n"


def _row(case: Case, sybil: float | None) -> list[str]:
    if not case.measured:
        return [case.tool, "n/a", "", "", "", ""]
    per_block = f"{case.per_block:.1f}" if case.blocks else ""
    ratio = f"{case.median / sybil:.2f}" if sybil else "–"
    cpu = f"{statistics.median(case.cpu_times):.2f}"
    return [case.tool, f"{case.median:.2f}", f"{min(case.times):.2f}", cpu, per_block, ratio]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
        return "| " + " | ".join([cells[0].ljust(widths[0]), *padded[1:]]) + " |"

    ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(header), line(ruler), *map(line, rows)])


def _problems(cases: Sequence[Case]) -> list[str]:
    """Each reason once, with the tools that share it."""
    tools: dict[str, list[str]] = {}
    for case in cases:
        if case.problem:
            tools.setdefault(case.problem.replace("`", "'"), []).append(case.tool)
    return [f"- n/a: {'; '.join(names)} (`{reason}`)" for reason, names in tools.items()]


def machine() -> str:
    return f"{cores()} vCPU, {platform.system()}, Python {platform.python_version()}"


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def warn_if_busy() -> None:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > cores() / 4:
        note = f"the machine is busy (load {load:.1f}): its times will say little, and ratios not much more"
        print(f"bench_snippets.py: {note}", file=sys.stderr)


def versions() -> dict[str, str]:
    names = ["tortoise-dev", *SHARED]
    return {**PEERS, **{name: metadata.version(name) for name in names}}


def update_readme(readme: Path, tables: str) -> None:
    """Puts the tables between the two marks, and touches nothing else."""
    text = readme.read_text(encoding="utf-8")
    before, start, rest = text.partition(TABLE_START)
    _, end, after = rest.partition(TABLE_END)
    if not (start and end):
        raise BenchError(f"{readme.name} has no lines {TABLE_START} and {TABLE_END}")
    readme.write_text(f"{before}{start}\n\n{tables}\n{end}{after}", encoding="utf-8", newline="\n")


# --- the command --------------------------------------------------------------------------------------------


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench_snippets.py",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=positive, default=3, metavar="N", help="timed rounds (default 3)")
    parser.add_argument("--corpus", action="append", choices=FORMS, help="only this corpus; repeatable")
    parser.add_argument(
        "--tool", action="append", metavar="TEXT", help="only tools with TEXT in their name; repeatable"
    )
    parser.add_argument(
        "--env",
        type=Path,
        metavar="DIR",
        help="keep the peers' environment in DIR (default: a temporary one)",
    )
    parser.add_argument(
        "--timeout",
        type=positive,
        default=300,
        metavar="SECONDS",
        help="for one run of one tool (default 300)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--update-readme", action="store_true", help="write the tables into tests/bench/README.md, too"
    )
    options = parser.parse_args(arguments)
    if options.update_readme and (options.corpus or options.tool):
        parser.error("--update-readme wants everything measured in one run: no --corpus, no --tool")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    forms = [form for form in FORMS if form in (options.corpus or FORMS)]
    with tempfile.TemporaryDirectory(prefix="bench-snippets-", ignore_cleanup_errors=True) as temporary:
        workdir = Path(temporary).resolve()
        try:
            warn_if_busy()
            progress("installing the peers")
            python = make_environment(options.env or workdir / "peers")
            cases = make_cases(workdir, python, forms, options.tool or [])
            measure(cases, options.rounds, options.timeout)
            tables = as_markdown(cases, options.rounds)
            if options.update_readme:
                update_readme(README, tables)
        except BenchError as error:
            progress("")
            print(f"bench_snippets.py: {error}", file=sys.stderr)
            return 2
    print(json.dumps(as_json(cases, options.rounds), indent=2) if options.json else tables, end="")
    return 1 if any(case.ours and case.problem for case in cases) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
