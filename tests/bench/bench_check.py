#!/usr/bin/env python3
"""Measures the rule checker beside ruff, flake8-django and pylint, on the same trees, in one run.

On a generated application, in which most files use Tortoise, also beside the floor: a process that parses the
same files with `ast.parse` and goes through each tree once with `ast.walk`. That part needs no network:
bench_check.py --application.

Every number is the wall time of a whole command, start-up included, caches off. The tools take turns within
a round, so that a noisy minute hits them alike.
"""

from __future__ import annotations

import argparse
import os
import platform
import runpy
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = Path(__file__).with_name("README.md")
START, END = "<!-- check-table: start -->", "<!-- check-table: end -->"

# The first environment is the tree that is checked, too: what a large application has installed.
TREE = {
    "ruff": "0.17.6",
    "pylint": "4.1.4",
    "tortoise-orm": "1.1.9",
    "aerich": "0.10.1",
    "django": "5.2.8",
    "sqlalchemy": "2.0.44",
    "sympy": "1.14.0",
    "fastapi": "0.121.0",
    "mypy": "1.18.2",
}
FLAKE8 = {"flake8": "6.1.0", "flake8-django": "1.4"}  # needs an older astroid than pylint


FLOOR = """
import ast, pathlib
for file in pathlib.Path().rglob("*.py"):
    for node in ast.walk(ast.parse(file.read_bytes())):
        pass
"""
ONE_FILE = "apps/shop7/services/orders.py"
CHECK = (sys.executable, "-S", "-E", str(ROOT / "scripts" / "check.py"))


@dataclass(frozen=True)
class Tool:
    """A command; ``slow`` ones are only run on the small tree, with fewer rounds."""

    name: str
    command: tuple[str, ...]
    slow: bool = False
    paths: tuple[str, ...] = (".",)


def main() -> int:
    """Run the bench and print its tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--env", type=Path, help="keep the peers' environments here for the next run")
    parser.add_argument("--application", action="store_true", help="only the generated application")
    parser.add_argument("--update-readme", action="store_true", help="write the tables into README.md")
    options = parser.parse_args()
    folder = options.env or Path(tempfile.mkdtemp(prefix="tortoise-dev-bench-"))
    try:
        parts = [] if options.application else _measure(folder, options.rounds)
        table = "\n\n".join([*parts, *_measure_application(folder / "application", options.rounds)])
    finally:
        if options.env is None:
            shutil.rmtree(folder, ignore_errors=True)
    print(table)
    if options.update_readme:
        text = README.read_text(encoding="utf-8")
        before, _, rest = text.partition(START)
        _, _, after = rest.partition(END)
        README.write_text(f"{before}{START}\n\n{table}\n\n{END}{after}", encoding="utf-8")
    return 0


def _measure(folder: Path, rounds: int) -> list[str]:
    peers, flake8 = _environment(folder / "peers", TREE), _environment(folder / "flake8", FLAKE8)
    large = next((folder / "peers").glob("lib/python*/site-packages"))
    ruff = (str(peers / "ruff"), "check", "-q", "--no-cache", "--select=DJ,ASYNC")
    tools = (
        Tool("ruff --select DJ,ASYNC --no-cache", ruff),
        Tool("check.py", CHECK),
        Tool("flake8-django, --select DJ", (str(flake8 / "flake8"), "--isolated", "--select=DJ"), slow=True),
        Tool("pylint -E, 2 jobs", (str(peers / "pylint"), "-E", "-j2", "--recursive=y"), slow=True),
    )
    parts = [
        f"{os.cpu_count()} vCPU, {platform.system()}, Python {platform.python_version()}; median and minimum "
        f"of {rounds} rounds, 1 for the slow. "
        + ", ".join(f"{name} {version}" for name, version in {**TREE, **FLAKE8}.items())
        + "."
    ]
    for title, tree, every in (
        ("site-packages", large, False),
        ("the package sqlalchemy", large / "sqlalchemy", True),
    ):
        files = list(tree.rglob("*.py"))
        size = sum(file.stat().st_size for file in files) / 1e6
        parts.append(f"**{title}**: {len(files):,} files, {size:.1f} MB.")
        parts.append(_table(_times([t for t in tools if every or not t.slow], tree, rounds)))
    return parts


def _measure_application(folder: Path, rounds: int) -> list[str]:
    """The checker on a project that uses Tortoise in most files, beside the floor of that project."""
    files = runpy.run_path(str(Path(__file__).with_name("check_corpora.py")))["application"]()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    tools = (
        Tool("check.py", CHECK),
        Tool("floor: ast.parse and ast.walk of the same files", (sys.executable, "-S", "-E", "-c", FLOOR)),
        Tool(f"check.py {ONE_FILE}", CHECK, paths=(ONE_FILE,)),
    )
    size = sum(len(text) for text in files.values()) / 1e6
    title = f"**an application that uses Tortoise in most files**: {len(files):,} files, {size:.1f} MB."
    return [title, _table(_times(tools, folder, rounds))]


def _environment(folder: Path, packages: dict[str, str]) -> Path:
    """A virtual environment with these packages; returns its folder of commands."""
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    if not commands.is_dir():
        uv = shutil.which("uv") or "uv"
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
        wanted = [f"{name}=={version}" for name, version in packages.items()]
        subprocess.run(
            [uv, "pip", "install", "-q", "--python", str(commands / "python"), *wanted], check=True
        )
    return commands


def _times(tools: Sequence[Tool], tree: Path, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {tool.name: [] for tool in tools}
    for number in range(rounds + 1):
        for tool in tools if number % 2 else reversed(tools):
            if tool.slow and number != 1:
                continue
            started = time.perf_counter()
            done = subprocess.run([*tool.command, *tool.paths], cwd=tree, capture_output=True, check=False)
            taken = time.perf_counter() - started
            if done.returncode not in (0, 1) and not tool.slow:
                raise SystemExit(f"{tool.name}: exit status {done.returncode}: {done.stderr.decode()[-500:]}")
            if number:  # the first round fills the file cache
                times[tool.name].append(taken)
    return times


def _table(times: dict[str, list[float]]) -> str:
    ours = statistics.median(times["check.py"])
    rows = ["| tool | seconds | min | × check.py |", "|---|---:|---:|---:|"]
    for name, taken in times.items():
        median = statistics.median(taken)
        rows.append(f"| {name} | {median:.2f} | {min(taken):.2f} | {median / ours:.1f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
