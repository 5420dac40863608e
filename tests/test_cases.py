"""The pages in tests/cases, one trap each: the harness must treat each as the tables in *.toml there say.

The pages of the selected cases share runs of the command, one for those of a folder that should end alike,
because starting it costs more than most pages do; that also shows that pages don't disturb each other. One
selected case (``-k fence_py_alias``) runs its own page alone; ``CASES_ALONE=1`` runs each page by itself.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Selected

CASES = Path(__file__).parent / "cases"
COMMAND = Path(__file__).parents[1] / "scripts" / "snippets.py"
SUFFIXES = (".md", ".markdown", ".mdx", ".rst")
PYTHON = {"python", "py", "python3"}
STATUSES = {"passed", "failed", "skipped", "unverified"}
FIELDS = {
    *("id", "path", "line", "fail_line", "language", "status"),
    *("reason", "detail", "backend", "seconds", "queries", "sql"),
}
FORMS = {"crlf", "bom", "unended", "long", "deep", "binary", "latin1"}
SLOW_FOLDERS = {"hang", "tested", "strict"}
RUN_LIMIT = 300
ALL_ALONE = bool(os.environ.get("CASES_ALONE"))

Entry = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One table of a file of cases; the head of cases.toml says what each key means."""

    name: str
    file: str
    group: str
    why: str
    exit: int
    statuses: list[str] | None = None
    fail_lines: list[int] = field(default_factory=list)
    executed: int | None = None
    contains: list[str] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)
    form: str = ""
    args: list[str] = field(default_factory=list)
    alone: bool = False
    within: float | None = None
    slow: bool = False
    posix: bool = False

    @property
    def folder(self) -> str:
        """Where its settings are: runs and pages are counted from there."""
        return Path(self.file).parent.as_posix()

    @property
    def page(self) -> str:
        """Its path as a run in its folder reports it."""
        return Path(self.file).name


@dataclass
class Seen:
    """What a run said about a page; ``exit`` is the command's own only where the page had a run to itself."""

    exit: int
    entries: list[Entry] = field(default_factory=list)
    errors: list[Entry] = field(default_factory=list)
    seconds: float = 0.0
    text: str = ""


@dataclass(frozen=True)
class Run:
    """One run of a command, with what it printed and how long it took."""

    code: int
    stdout: str
    stderr: str
    seconds: float


def case_tables() -> dict[str, dict[str, Any]]:
    """The cases of all files, by name."""
    files = [file for file in sorted(CASES.glob("*.toml")) if file.name != "pyproject.toml"]
    tables = [tomllib.loads(file.read_text(encoding="utf-8"))["case"] for file in files]
    merged = {name: table for part in tables for name, table in part.items()}
    assert len(merged) == sum(map(len, tables)), "a name stands in two files"
    return merged


def load_cases() -> list[Case]:
    tables = case_tables()
    cases = [Case(name=name, **table) for name, table in tables.items()]
    return [case for case in cases if not (case.posix and sys.platform == "win32")]


ALL = load_cases()
BY_NAME = {case.name: case for case in ALL}


# --- pages


def formed(text: str, form: str) -> bytes:
    """A page's bytes. What Git or an editor would normalise, and what is too big to commit, is made here."""
    match form:
        case "crlf":
            return text.replace("\n", "\r\n").encode()
        case "bom":
            return text.encode("utf-8-sig")
        case "unended":
            return text.rstrip("\n").encode()
        case "long":
            return text.replace("@lines@", "\n".join(["line"] * 12_000)).encode()
        case "deep":
            lines = ("```python", 'raise RuntimeError("deep")', "```")
            return text.replace("@deep@", "\n".join(f"{'>' * 150} {line}" for line in lines)).encode()
        case "binary":
            return text.encode() + bytes(range(32))
        case "latin1":
            return text.encode("latin-1")
    return text.encode()


def write_pages(target: Path, cases: Iterable[Case] = ALL) -> Path:
    """A copy of the cases as they are run, outside of the repository and of its pyproject.toml."""
    shutil.copytree(CASES, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for case in cases:
        if case.form:
            text = (CASES / case.file).read_text(encoding="utf-8")
            (target / case.file).write_bytes(formed(text, case.form))
    return target


def contents(tree: Path) -> dict[str, bytes]:
    """Every file of a tree but compiled modules, to see what runs leave behind."""
    files = (path for path in tree.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in files}


# --- runs of the command


def run(arguments: list[str], folder: Path, extra: Mapping[str, str] | None = None) -> Run:
    """Run this Python in a folder, without what this run of pytest put into the environment."""
    own = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_XDIST", "COV_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    started = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment | {"PYTHONUTF8": "1"} | dict(extra or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=RUN_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        printed = ((error.stdout or b"") + (error.stderr or b"")).decode("utf-8", "replace")
        raise AssertionError(f"still running after {RUN_LIMIT} s; it printed:\n{printed[-8000:]}") from None
    stdout, stderr = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
    return Run(done.returncode, stdout, stderr, time.perf_counter() - started)


def snippets(tree: Path, cases: list[Case], form: str = "json") -> Run:
    """Run the command over the pages of cases that share a folder and options."""
    pages = [case.page for case in cases]
    arguments = [str(COMMAND), "--format", form, "-n", "2", *cases[0].args, *pages]
    return run(arguments, tree / cases[0].folder)


def batches(cases: Iterable[Case]) -> list[list[Case]]:
    """Cases that can share a run: pages of one folder that should end with the same exit code."""
    shared: dict[tuple[str, int], list[Case]] = defaultdict(list)
    lone: list[list[Case]] = []
    for case in cases:
        if case.alone or case.args or ALL_ALONE:
            lone.append([case])
        else:
            shared[case.folder, case.exit].append(case)
    longest_first = sorted(shared.values(), key=lambda batch: (batch[0].folder == ".", -len(batch)))
    return [*longest_first, *lone]


def implied_exit(entries: list[Entry], errors: list[Entry]) -> int:
    """The exit code that a run over this page alone would have, by the contract."""
    if errors:
        return 2
    bad = any(entry["status"] in ("failed", "unverified") for entry in entries)
    return 1 if bad or all(entry["language"] is None for entry in entries) else 0


def observe(tree: Path, cases: Iterable[Case]) -> tuple[dict[str, Seen], list[str]]:
    """Run all cases; returns what was seen of each, by name, and what was wrong with whole runs."""
    groups = batches(cases)
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda batch: snippets(tree, batch), groups))
        seen: dict[str, Seen] = {}
        problems: list[str] = []
        for batch, done in zip(groups, runs, strict=True):
            names = ", ".join(case.name for case in batch[:3])
            if done.code != batch[0].exit:
                problems.append(f"the run over {names}… should end with {batch[0].exit}, not {done.code}")
            if "Traceback" in done.stderr:
                problems.append(f"the run over {names}… printed a traceback:\n{done.stderr}")
            seen |= sort_out(batch, done)
        talking = [case for case in cases if not said(case, seen[case.name])]
        for case, done in zip(talking, pool.map(lambda c: snippets(tree, [c], "text"), talking), strict=True):
            seen[case.name].text = done.stdout
    return seen, problems


def sort_out(batch: list[Case], done: Run) -> dict[str, Seen]:
    """Take one run's JSON apart, page by page."""
    try:
        report = json.loads(done.stdout)
    except ValueError:
        told = f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        raise AssertionError(f"no JSON from the run over {batch[0].file} …:\n{told}") from None
    entries: dict[str, list[Entry]] = defaultdict(list)
    errors: dict[str, list[Entry]] = defaultdict(list)
    for entry in report["blocks"]:
        entries[entry["path"]].append(entry)
    for error in report.get("errors", []):
        errors[error["path"]].append(error)
    unknown = {*entries, *errors} - {case.page for case in batch}
    assert not unknown, f"the report names pages that nobody asked for: {unknown}"
    found = {}
    for case in batch:
        mine, bad = entries[case.page], errors[case.page]
        code = done.code if len(batch) == 1 else implied_exit(mine, bad)
        found[case.name] = Seen(code, mine, bad, done.seconds)
    return found


def said(case: Case, seen: Seen) -> bool:
    """Do the reasons alone say what the case wants to hear?"""
    reasons = " ".join(str(entry["reason"]) for entry in seen.entries)
    return all(text in reasons for text in case.contains)


def problems_of(case: Case, seen: Seen) -> list[str]:
    """What the harness did otherwise than the case says; empty if it is right."""
    entries = seen.entries
    blocks = [entry for entry in entries if entry["language"] is not None]
    bad = [entry for entry in entries if entry["status"] in ("failed", "unverified")]
    statuses = [entry["status"] for entry in blocks]
    python = [entry for entry in blocks if entry["language"].lower() in PYTHON]
    executed = sum(entry["status"] in ("passed", "failed") for entry in python)
    named = {entry["line"] for entry in bad} | {entry["fail_line"] for entry in bad}
    told = seen.text + " ".join(str(entry["reason"]) for entry in entries)
    found = []
    if seen.exit != case.exit:
        found.append(f"exit code {seen.exit}, expected {case.exit}")
    if case.exit != 2 and seen.exit != implied_exit(entries, seen.errors):
        found.append(f"exit code {seen.exit} does not follow from the entries")
    if case.exit == 2 and not seen.errors:
        found.append("unusable input that is not named among the errors")
    if case.statuses is not None and statuses != case.statuses:
        found.append(f"statuses {statuses}, expected {case.statuses}")
    if case.executed is not None and executed != case.executed:
        found.append(f"{executed} Python blocks were executed, expected {case.executed}")
    missing = set(case.fail_lines) - named
    if missing:
        places = sorted(line for line in named if line is not None)
        found.append(f"lines {sorted(missing)} are not named, only {places}")
    found += [f"{text!r} is not in the report" for text in case.contains if text not in told]
    if case.within is not None and seen.seconds > case.within:
        found.append(f"took {seen.seconds:.1f} s, more than {case.within:g}")
    return found + malformed(entries)


def malformed(entries: list[Entry]) -> list[str]:
    """What in a page's entries breaks the contract of the JSON report."""
    found = []
    for entry in entries:
        if not set(entry) >= FIELDS or entry["status"] not in STATUSES:
            found.append(f"not an entry of the contract: {entry}")
        elif entry["status"] in ("failed", "unverified", "skipped") and not entry["reason"]:
            found.append(f"{entry['status']} without a reason: {entry}")
    ids = [entry["id"] for entry in entries]
    if len(set(ids)) < len(ids):
        found.append(f"ids stand twice: {ids}")
    lines = [entry["line"] for entry in entries]
    if lines != sorted(lines):
        found.append(f"not in page order: {lines}")
    return found


# --- runs of pytest

REPORTER = '''\
"""Write each report of this pytest run as a line of JSON."""

import json
import os


def _note(report):
    with open(os.environ["CASES_REPORT"], "a", encoding="utf-8") as file:
        print(json.dumps([report.nodeid, report.outcome]), file=file)


pytest_runtest_logreport = pytest_collectreport = _note
'''


def pytest_outcomes(folder: Path, pages: list[str], scratch: Path) -> tuple[int, dict[str, list[str]]]:
    """The exit code of ``pytest --snippets`` over pages, and the outcomes of each page's items."""
    scratch.mkdir()
    (scratch / "case_reporter.py").write_text(REPORTER, encoding="utf-8")
    report = scratch / "reports.jsonl"
    report.touch()
    options = ["--snippets", "-p", "no:cacheprovider", "-p", "case_reporter", "-q", "--rootdir", "."]
    stacks = ["-o", f"faulthandler_timeout={RUN_LIMIT // 2}"]  # where each thread of a run stands that hangs
    arguments = ["-m", "pytest", *options, *stacks, "--continue-on-collection-errors", *pages]
    done = run(arguments, folder, {"PYTHONPATH": str(scratch), "CASES_REPORT": str(report)})
    told = f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    assert done.code in (0, 1), f"pytest itself failed ({done.code}):\n{told}"
    outcomes: dict[str, list[str]] = defaultdict(list)
    for line in report.read_text(encoding="utf-8").splitlines():
        node, outcome = json.loads(line)
        outcomes[node.partition("::")[0]].append(outcome)
    return done.code, outcomes


# --- fixtures


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pages(tmp_path_factory.mktemp("snippets") / "pages")


@pytest.fixture(scope="module")
def observed(
    request: pytest.FixtureRequest, selected: Selected, tree: Path
) -> tuple[dict[str, Seen], list[str]]:
    """What the command does with the selected cases; with all, where no selected test is about some."""
    before = contents(tree)
    seen, problems = observe(tree, in_order(selected(request, "case")) or ALL)
    after = contents(tree)
    changed = sorted(set(before.items()) ^ set(after.items()))
    return seen, problems + [f"a run left or changed {name}" for name in dict(changed)]


@pytest.fixture(scope="module")
def in_pytest(
    request: pytest.FixtureRequest, selected: Selected, tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[str]]:
    """The outcomes of each selected case's items, by file: one run of pytest for each folder."""
    scratch = tmp_path_factory.mktemp("pytest")
    pages: dict[str, list[str]] = defaultdict(list)
    for case in in_order(selected(request, "case")):
        pages[case.folder].append(case.page)

    def run_folder(folder: str) -> dict[str, list[str]]:
        _, outcomes = pytest_outcomes(
            tree / folder, pages[folder], scratch / folder.replace("/", "-").replace(".", "top")
        )
        return {(Path(folder) / page).as_posix(): found for page, found in outcomes.items()}

    with ThreadPoolExecutor(4) as pool:
        return {file: found for part in pool.map(run_folder, pages) for file, found in part.items()}


def in_order(cases: Iterable[Case]) -> list[Case]:
    """The cases in the order of cases.toml, each once."""
    names = {case.name for case in cases}
    return [case for case in ALL if case.name in names]


def each(cases: Iterable[Case]) -> list[Any]:
    """A parameter for each case, under its name; what has a run of its own is out of the fast lane, too."""
    return [
        pytest.param(case, id=case.name, marks=[pytest.mark.slow] if case.slow or case.alone else [])
        for case in cases
    ]


# --- every case


@pytest.mark.parametrize("case", each(ALL))
def test_case(case: Case, observed: tuple[dict[str, Seen], list[str]]) -> None:
    seen = observed[0][case.name]
    problems = problems_of(case, seen)
    entries = "\n".join(f"  {entry}" for entry in seen.entries)
    assert not problems, "\n".join([case.why, *problems, entries])


def test_whole_runs(observed: tuple[dict[str, Seen], list[str]]) -> None:
    """Exit codes of the shared runs, no traceback anywhere, and nothing left in the repository."""
    assert not observed[1], "\n".join(observed[1])


def for_pytest() -> list[Case]:
    """The command and pytest share all but collecting and reporting: one case of each kind is enough.

    Cases of one folder that end alike are of one kind. ``CASES_ALONE=1`` takes all. Options of the command,
    and "no block at all is a failure", are no matter of pytest's.
    """
    kinds: dict[tuple[object, ...], Case] = {}
    for case in ALL:
        kind = (case.folder, case.exit, tuple(case.statuses or ()), bool(case.fail_lines), case.form)
        is_empty = case.exit == 1 and case.statuses == [] and not (case.fail_lines or case.contains)
        if not case.args and not is_empty:
            kinds.setdefault((*kind, case.name) if ALL_ALONE else kind, case)
    return [*kinds.values()]


@pytest.mark.slow
@pytest.mark.parametrize("case", each(for_pytest()))
def test_case_in_pytest(case: Case, in_pytest: dict[str, list[str]]) -> None:
    outcomes = in_pytest.get(case.file, [])
    assert outcomes, "pytest reports nothing about the page"
    assert ("failed" in outcomes) == (case.exit != 0), f"{case.why} {outcomes}"


# --- the cases themselves


def test_every_page_is_a_case_and_every_case_a_page() -> None:
    pages = {path.relative_to(CASES).as_posix() for path in CASES.rglob("*") if path.suffix in SUFFIXES}
    tables = case_tables()
    assert pages == {table["file"] for table in tables.values()}
    assert all(Path(table["file"]).stem == name for name, table in tables.items())
    assert not any(Path(page).stem.upper() in ("SKILL", "README") for page in pages)


@pytest.mark.parametrize("case", each(ALL))
def test_case_makes_sense(case: Case) -> None:
    """An expectation that contradicts itself, or a trap that an editor took away, proves nothing."""
    raw = (CASES / case.file).read_bytes()
    assert b"\r" not in raw
    text = formed(raw.decode("utf-8"), case.form).decode("utf-8", "replace")
    lines = re.split(r"\r\n|\n", text)
    assert case.why.endswith((".", "?")) and case.form in FORMS | {""}
    assert all(hold in text for hold in case.holds)
    assert all(0 < line <= len(lines) and lines[line - 1].strip() for line in case.fail_lines)
    statuses = set(case.statuses or ())
    assert statuses <= STATUSES
    if case.exit == 0:
        assert not case.fail_lines and not statuses & {"failed", "unverified"}
    if statuses & {"failed", "unverified"}:
        assert case.exit == 1
    assert case.exit != 2 or case.alone
    assert not case.args or case.alone
    assert case.within is None or case.alone
    assert case.slow == (case.folder in SLOW_FOLDERS)


def test_cases_cover_what_they_should() -> None:
    assert len(ALL) >= 100
    assert {case.exit for case in ALL} == {0, 1, 2}
    told = {status for case in ALL for status in case.statuses or ()}
    assert told == STATUSES
    used = {name for case in ALL for name in vars(case) if getattr(case, name)}
    assert used >= {item.name for item in fields(Case)}


# --- the runner can fail

WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "exit": ("fence_control_passes", {"exit": 1}, "exit code 0, expected 1"),
    "statuses": ("fence_control_passes", {"statuses": ["passed"]}, "statuses"),
    "executed": ("fence_control_passes", {"executed": 1}, "2 Python blocks were executed"),
    "line": ("fence_control_fails", {"fail_lines": [4]}, "lines [4] are not named, only [3, 5]"),
    "line of a passed block": ("fence_control_passes", {"fail_lines": [3]}, "lines [3] are not named"),
    "report": ("fence_control_fails", {"contains": ["no such words"]}, "is not in the report"),
    "time": ("subprocess_left_behind", {"within": 0.001}, "more than 0.001"),
}


@pytest.mark.parametrize(
    ("case", "change", "message"),
    [(BY_NAME[name], change, message) for name, change, message in WRONG.values()],
    ids=WRONG,
)
def test_a_wrong_expectation_is_noticed(
    case: Case, change: dict[str, Any], message: str, observed: tuple[dict[str, Seen], list[str]]
) -> None:
    seen = observed[0][case.name]
    assert not problems_of(case, seen)
    assert any(message in problem for problem in problems_of(replace(case, **change), seen))


@pytest.mark.parametrize("case", [BY_NAME["fence_longer_close"]], ids=[""])
@pytest.mark.parametrize("spoil", ["ids", "order", "status", "reason", "field"])
def test_a_malformed_report_is_noticed(
    case: Case, spoil: str, observed: tuple[dict[str, Seen], list[str]]
) -> None:
    first, second = (dict(entry) for entry in observed[0][case.name].entries)
    assert not malformed([first, second])
    match spoil:
        case "ids":
            second["id"] = first["id"]
        case "order":
            first["line"] = second["line"] + 1
        case "status":
            first["status"] = "fine"
        case "reason":
            second["reason"] = ""
        case "field":
            del first["sql"]
    assert malformed([first, second])


@pytest.mark.slow
def test_a_changed_page_is_noticed(tmp_path: Path) -> None:
    """From end to end, in the command and in pytest: a page that broke is no longer what its case says."""
    tree = write_pages(tmp_path / "pages")
    case = BY_NAME["fence_control_passes"]
    page = tree / case.file
    page.write_text(page.read_text(encoding="utf-8").replace("== 2", "== 3"), encoding="utf-8")
    seen, problems = observe(tree, [case])
    assert any("statuses" in problem for problem in problems_of(case, seen[case.name]))
    assert any("should end with 0, not 1" in problem for problem in problems)
    code, outcomes = pytest_outcomes(tree, [case.page], tmp_path / "scratch")
    assert code == 1 and "failed" in outcomes[case.page]
