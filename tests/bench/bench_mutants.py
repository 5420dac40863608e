#!/usr/bin/env python3
"""How many small mistakes in the handbook's pages are found? A table by kind of mistake and by page.

Each mutant is one page with one mistake. It is caught if the harness fails on that page, or on an example
or a page that runs its blocks. It is also caught if a test fails that reads the page: the guard of prose
(tests/prose) or the map of facts (tests/test_facts.py). What survives on SQLite runs once more on the
databases of --db. The mutants are the same for the same seed and the same pages.
"""

from __future__ import annotations

import argparse
import collections
import importlib.util
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent), str(ROOT / "scripts")]

from mutants import CODE, KINDS, PROSE, Kind, Mutant, mutants_of  # noqa: E402
from prose import allowed, asserts, guard, proofs  # noqa: E402
from prose.code import Tree  # noqa: E402
from prose.reading import Prose  # noqa: E402
from tortoise_dev.evals.pages import summary  # noqa: E402
from tortoise_dev.evals.record import read_record  # noqa: E402
from tortoise_dev.handbook.errors import error_pages  # noqa: E402
from tortoise_dev.rules.docs import page_of_all  # noqa: E402

README = HERE / "README.md"
TABLE_START, TABLE_END = "<!-- mutants-table: start -->", "<!-- mutants-table: end -->"
EQUIVALENTS = HERE / "equivalent_mutants.toml"
BATCH = 12
"""Mutants that one run of the harness tries: each is a page of its own beside the original."""
LIMIT = 600
SQLITE = ("sqlite://:memory:",)
AUTHOR = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
EXAMPLES = """\
examples:
  uv run tests/bench/bench_mutants.py --seed 1 --sample 300
  uv run tests/bench/bench_mutants.py --page queries.md --kind literal --kind api
  uv run tests/bench/bench_mutants.py --kind prose-span --sample 2000      no harness: seconds
  uv run tests/bench/bench_mutants.py --db sqlite://:memory: --db postgres://… --db mysql://…
        survivors of SQLite once more on all of these

exit codes: 0 every survivor is argued in equivalent_mutants.toml; 1 some are not; 2 usage, a page that fails
"""


@dataclass
class Verdict:
    """A mutant, and what found it; `by` is empty where it survives."""

    mutant: Mutant
    by: str = ""
    why_equivalent: str = ""

    @property
    def caught(self) -> bool:
        return bool(self.by)


@dataclass
class Bench:
    """A copy of the tree in which pages are changed, and the tests that read pages."""

    root: Path
    urls: list[str] = field(default_factory=list)
    tests: bool = True
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.tree = Tree(self.root)
        self.allowed = allowed.read()
        self.facts = _module("test_facts", ROOT / "tests" / "test_facts.py")
        self.generated = {
            "references/rules.md": page_of_all().rstrip("\n"),
            **{page: text.rstrip("\n") for page, text in error_pages(ROOT).items()},
        }
        versions = _module("matrix", ROOT / "tests" / "versions" / "matrix.py")
        evaluations = [read_record(path) for path in sorted((ROOT / "evals" / "results").glob("*.json"))]
        self.recorded = {"README.md": [versions.table(versions.records()), summary(evaluations)]}
        self.sound: dict[str, set[str]] = {}
        self.examples = readers(self.root)
        self.sound_examples: dict[tuple[str, tuple[str, ...]], list[str]] = {}

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self.started:5.0f} s] {text}", file=sys.stderr, flush=True)

    # What the harness says

    def failed(self, pages: Mapping[str, Sequence[int]], urls: Iterable[str] = ()) -> dict[str, str]:
        """Run the harness on pages of the copy, or on lines of them: which fail, and the first reason."""
        command = [sys.executable, "scripts/snippets.py", "-n", "1", "--format", "json"]
        for page, lines in pages.items():
            for place in [f"{page}:{line}" for line in lines] or [page]:
                command += [place] if page.endswith(".py") else ["--select", place]
        for url in urls:
            command += ["--db", url]
        run = subprocess.run(
            command, cwd=self.root, capture_output=True, encoding="utf-8", timeout=LIMIT, check=False
        )
        try:
            report: dict[str, Any] = json.loads(run.stdout)
        except json.JSONDecodeError:
            if len(pages) > 1:  # one of them stopped the run: which?
                each = (self.failed({page: lines}, urls) for page, lines in pages.items())
                return {page: reason for failed in each for page, reason in failed.items()}
            return dict.fromkeys(pages, f"exit status {run.returncode}: {run.stderr.strip()[-200:]}")
        failed: dict[str, str] = {}
        for block in report["blocks"]:
            if block["status"] in ("failed", "unverified"):
                failed.setdefault(block["path"], f"{block['status']}: {block['reason']}")
        for error in report["errors"]:
            failed.setdefault(error["path"], error["message"])
        return failed

    def has_blocks(self, page: str) -> bool:
        """Whether there is something to run; the pages of error messages have none."""
        return bool(Prose(page, (self.root / page).read_text(encoding="utf-8")).blocks)

    def harness(self, mutants: Sequence[Mutant], urls: Iterable[str] = ()) -> dict[Mutant, str]:
        """What the harness finds in mutants, each of which changes its page alone."""
        names: dict[str, Mutant] = {}
        places: dict[str, list[int]] = {}
        for number, mutant in enumerate(mutants):
            original = self.root / mutant.page
            copy = original.with_name(f"mutant-{number:03}-{original.name}")
            text = mutant.applied_to(original.read_text(encoding="utf-8"))
            copy.write_text(text, encoding="utf-8")
            name = copy.relative_to(self.root).as_posix()
            names[name], places[name] = mutant, concerned(mutant, text)
        try:
            failed = self.failed(places, urls)
        except subprocess.TimeoutExpired:
            failed = dict.fromkeys(names, f"still running after {LIMIT} s") if len(names) == 1 else {}
            if not failed:
                return {key: by for one in mutants for key, by in self.harness([one], urls).items()}
        finally:
            for name in names:
                (self.root / name).unlink(missing_ok=True)
        return {names[name]: reason for name, reason in failed.items() if name in names}

    def standing(self, mutant: Mutant, urls: Iterable[str] = ()) -> str:
        """What the harness, then the example's tests find where the block's file has the mistake, too."""
        page, file = self.root / mutant.page, self.root / "examples" / "billing" / mutant.title
        texts = {path: path.read_text(encoding="utf-8") for path in (page, file)}
        changed = _in_file(mutant, texts[page], texts[file])
        if changed is None:
            return self.harness([mutant], urls).get(mutant, "")
        try:
            page.write_text(mutant.applied_to(texts[page]), encoding="utf-8")
            file.write_text(changed, encoding="utf-8")
            failed = self.failed({mutant.page: ()}, urls)
            if failed or not self.tests or urls != SQLITE:  # the example's tests choose no database
                return next(iter(failed.values()), "")
            return "" if self._passes(tests_of(mutant.title)) else "tests of the example"
        finally:
            for path, text in texts.items():
                path.write_text(text, encoding="utf-8")

    def passing(self, page: str, urls: tuple[str, ...]) -> list[str]:
        """The examples and pages that read a page, and that pass without a mistake in it."""
        if (page, urls) not in self.sound_examples:
            examples = self.examples.get(page, [])
            failed = {key: why for one in examples for key, why in self.failed({one: ()}, urls).items()}
            for example, reason in failed.items():
                self.say(f"fails without any mistake, so it judges nothing: {example}: {reason}")
            self.sound_examples[page, urls] = [one for one in examples if one not in failed]
        return self.sound_examples[page, urls]

    def by_examples(self, mutant: Mutant, urls: Iterable[str]) -> str:
        """What an example or another page finds that runs the blocks of the page."""
        examples = self.passing(mutant.page, tuple(urls))
        if not examples:
            return ""
        page = self.root / mutant.page
        text = page.read_text(encoding="utf-8")
        try:
            page.write_text(mutant.applied_to(text), encoding="utf-8")
            failed = (
                f"{one}: {reason}" for one in examples for reason in self.failed({one: ()}, urls).values()
            )
            return next(failed, "")
        except subprocess.TimeoutExpired:
            return f"an example is still running after {LIMIT} s"
        finally:
            page.write_text(text, encoding="utf-8")

    # What tests say that read pages

    def problems(self, page: str, text: str) -> set[str]:
        """What the tests find on a page with this text, without line numbers."""
        prose = Prose(page, text)
        found = {_without_line(problem) for problem in guard.problems(prose, self.tree, self.allowed)}
        found |= {f"denied: {problem.literal}" for problem in asserts.problems(prose)}
        if text.rstrip("\n") != self.generated.get(page, text.rstrip("\n")):
            found.add("is not what the command prints that makes this page")
        if any(recorded not in text for recorded in self.recorded.get(page, [])):
            found.add("is not what the records of runs say")
        running = tuple(block for block in prose.blocks if proofs.runs(block))
        for key, fact in self.facts.FACTS.items():
            for proof in fact.get("proof", []):
                if proof.startswith(f"{page}#") and proofs.problem_of(proof, {page: running}):
                    found.add(f"fact {key} loses its proof")
        names = [
            entry.text
            for entry in self.allowed.names
            if entry.page in ("", page) and entry.text in (self.root / page).read_text(encoding="utf-8")
        ]
        found |= {f"exception {name!r} is not needed any more" for name in names if name not in text}
        denied = {problem.literal for problem in asserts.problems(prose)}
        found |= {
            f"exception {entry.text!r} is not needed any more"
            for entry in self.allowed.denied
            if entry.page == page and entry.text not in denied  # one without a page may be of another
        }
        for entry in self.allowed.numbers:
            if entry.page == page and not any(
                self.allowed.covers(entry, piece.text) for _, piece in prose.pieces
            ):
                found.add(f"exception {entry.text!r} is not needed any more")
        return found

    def read_by_tests(self, mutant: Mutant) -> str:
        """What a test that reads the page says of the mutant and not of the page."""
        text = (self.root / mutant.page).read_text(encoding="utf-8")
        if mutant.page not in self.sound:
            self.sound[mutant.page] = self.problems(mutant.page, text)
        new = self.problems(mutant.page, mutant.applied_to(text)) - self.sound[mutant.page]
        return f"tests: {min(new)}" if new else ""

    def bundled(self, mutant: Mutant) -> str:
        """Whether the test of the bundle, which reads all pages, fails on the mutant."""
        page = self.root / mutant.page
        text = page.read_text(encoding="utf-8")
        try:
            page.write_text(mutant.applied_to(text), encoding="utf-8")
            return "" if not self.tests or self._passes("tests/test_bundle.py") else "tests of the bundle"
        finally:
            page.write_text(text, encoding="utf-8")

    def _passes(self, *tests: str) -> bool:
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
            cwd=self.root, capture_output=True, encoding="utf-8", timeout=LIMIT, check=False,
        )  # fmt: skip
        return run.returncode == 0

    # A whole run

    def judge(self, mutants: Sequence[Mutant]) -> Iterator[Verdict]:
        """A verdict on each mutant, in no certain order."""
        waiting = []
        for number, mutant in enumerate(mutants):
            if number % 25 == 0:
                self.say(f"tests have read {number} of {len(mutants)} mutants")
            by = self.read_by_tests(mutant) if self.tests else ""
            if by or mutant.kind in PROSE:
                yield Verdict(mutant, by)
            else:
                waiting.append(mutant)
        survivors = []
        for verdict in self._run(waiting, SQLITE):
            by = verdict.by or self.bundled(verdict.mutant) or self.by_examples(verdict.mutant, SQLITE)
            if by or not self.urls:
                yield Verdict(verdict.mutant, by)
            else:
                survivors.append(verdict.mutant)
                self.say(f"survives on SQLite: {verdict.mutant.page}:{verdict.mutant.line}")
        if survivors:
            self.say(f"{len(survivors)} survivors, once more on {len(self.urls)} databases")
            for verdict in self._run(survivors, self.urls):
                yield replace(verdict, by=verdict.by or self.by_examples(verdict.mutant, self.urls))

    def _run(self, mutants: Sequence[Mutant], urls: Sequence[str]) -> Iterator[Verdict]:
        alone = [mutant for mutant in mutants if mutant.title and self._stands(mutant)]
        together = [mutant for mutant in mutants if mutant not in set(alone)]
        done = 0
        for batch in _batches(together):
            found = self.harness(batch, urls)
            yield from (Verdict(mutant, found.get(mutant, "")) for mutant in batch)
            done += len(batch)
            self.say(f"the harness has run {done} of {len(mutants)} mutants")
        for mutant in alone:
            yield Verdict(mutant, self.standing(mutant, urls))
            done += 1
            self.say(f"the harness has run {done} of {len(mutants)} mutants")

    def _stands(self, mutant: Mutant) -> bool:
        return mutant.kind != "mark" and (self.root / "examples" / "billing" / mutant.title).is_file()


def readers(root: Path) -> dict[str, list[str]]:
    """By page: the examples and pages whose code names its file in quotes, because they run its blocks."""
    pages = sorted((root / "references").glob("*.md"))
    found: dict[str, list[str]] = collections.defaultdict(list)
    for reader in [*sorted((root / "examples").glob("*.py")), *pages]:
        named = set(re.findall(r'"(?:\$?[\w-]+/)*([\w-]+\.md)"', reader.read_text(encoding="utf-8")))
        for page in pages:
            if page.name in named and page != reader:
                found[page.relative_to(root).as_posix()].append(reader.relative_to(root).as_posix())
    return found


def tests_of(file: str) -> str:
    """The tests that run or read a file of the example."""
    if file == "migrate.py":
        return "tests/test_migrate.py"
    return f"tests/test_{'billing' if file.endswith('.py') or file == 'pyproject.toml' else 'manifests'}.py"


def concerned(mutant: Mutant, text: str) -> list[int]:
    """The lines of a changed page that have to run: the block's chain, or the link; none for all."""
    if mutant.kind in ("link", "anchor"):
        return [mutant.line]
    prose = Prose(mutant.page, text)
    above = [block for block in prose.blocks if block.line <= mutant.line]
    if (
        not above
        or {"title", "prelude", "name"} & above[-1].attributes.keys()
        or "continues" in mutant.before
    ):
        return []
    chains = [chain for chain in asserts.chains_of(prose) if above[-1] in chain]
    return [block.line for chain in chains for block in chain if "prelude" not in block.attributes]


def _in_file(mutant: Mutant, page: str, file: str) -> str | None:
    """The standing file with the mutant's mistake in the line that the block shows of it; None if unclear."""
    begin = page.rfind("\n", 0, mutant.start) + 1
    end = page.find("\n", mutant.start)
    if mutant.end > end + 1:
        return None
    old = page[begin:end]
    lines = file.split("\n")
    places = [index for index, line in enumerate(lines) if line.strip() == old.strip()]
    if len(places) != 1:
        above = page[:begin].rstrip("\n").rpartition("\n")[2].strip()
        places = [index for index in places if index and lines[index - 1].strip() == above]
    if len(places) != 1:
        return None
    line = lines[places[0]]
    if mutant.end == end + 1 and not mutant.new:
        del lines[places[0]]
    else:
        shift = len(line) - len(line.lstrip()) - (len(old) - len(old.lstrip()))
        start, stop = mutant.start - begin + shift, mutant.end - begin + shift
        lines[places[0]] = line[:start] + mutant.new + line[stop:]
    return "\n".join(lines)


def _without_line(problem: str) -> str:
    return problem.partition(": ")[2] if problem.startswith("line ") else problem


def _module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _batches(mutants: Sequence[Mutant]) -> Iterator[list[Mutant]]:
    ordered = sorted(mutants, key=lambda mutant: mutant.page)
    yield from (list(ordered[index : index + BATCH]) for index in range(0, len(ordered), BATCH))


def sample_of(mutants: Iterable[Mutant], size: int, seed: int) -> list[Mutant]:
    """About `size` mutants, the kinds in equal parts, and of each kind the pages in turn."""
    rng = random.Random(seed)
    by_kind: dict[Kind, dict[str, list[Mutant]]] = collections.defaultdict(
        lambda: collections.defaultdict(list)
    )
    for mutant in mutants:
        by_kind[mutant.kind][mutant.page].append(mutant)
    queues: dict[Kind, list[Mutant]] = {}
    for kind in sorted(by_kind):
        pages = [rng.sample(found, len(found)) for _, found in sorted(by_kind[kind].items())]
        rng.shuffle(pages)
        queues[kind] = [
            page[turn] for turn in range(max(map(len, pages))) for page in pages if turn < len(page)
        ]
    chosen: list[Mutant] = []
    while len(chosen) < size and any(queues.values()):
        for queue in queues.values():
            if queue and len(chosen) < size:
                chosen.append(queue.pop(0))
    return chosen


def equivalents(file: Path = EQUIVALENTS) -> dict[tuple[str, str, str, str], str]:
    """The mutants that change nothing that a page says, with the reason why, by their content."""
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        (entry["page"], entry["kind"], entry["before"], entry.get("after", "")): entry["reason"]
        for entry in table.get("mutant", [])
    }


def _why(mutant: Mutant, known: Mapping[tuple[str, str, str, str], str]) -> str:
    """Why a mutant is no mistake; an entry without `after` holds for any change within its line."""
    any_change = (*mutant.key[:3], "") if mutant.after else mutant.key
    return known.get(mutant.key) or known.get(any_change, "")


def table(verdicts: Sequence[Verdict], of: str) -> str:
    """Caught of how many, by kind or by page; equivalent mutants are left out of both."""
    rows = [
        f"| {of} | mutants | caught | % | by the harness | by tests | equivalent |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    groups: dict[str, list[Verdict]] = collections.defaultdict(list)
    for verdict in verdicts:
        groups[getattr(verdict.mutant, of)].append(verdict)
    names = [kind for kind in KINDS if kind in groups] if of == "kind" else sorted(groups)
    lines = [(name, groups[name]) for name in names]
    if of == "kind":
        for title, kinds in (("**code, marks, links**", CODE), ("**prose**", PROSE)):
            lines.append((title, [verdict for verdict in verdicts if verdict.mutant.kind in kinds]))
    for name, found in lines:
        equal = sum(bool(verdict.why_equivalent) for verdict in found)
        caught = [verdict for verdict in found if verdict.caught]
        counted = len(found) - equal
        by_tests = sum(verdict.by.startswith("tests") for verdict in caught)
        share = f"{100 * len(caught) / counted:.1f}" if counted else "–"
        rows.append(
            f"| {name} | {counted} | {len(caught)} | {share} "
            f"| {len(caught) - by_tests} | {by_tests} | {equal} |"
        )
    return "\n".join(rows)


def survivors_of(verdicts: Sequence[Verdict]) -> str:
    """Each survivor: where it is, what it changes, and why that is no mistake, if it is argued."""
    lines = []
    for verdict in sorted(verdicts, key=lambda verdict: (verdict.mutant.page, verdict.mutant.line)):
        if not verdict.caught:
            mutant = verdict.mutant
            lines += [
                f"{mutant.page}:{mutant.line} {mutant.kind}"
                + (f" of {mutant.title}" if mutant.title else ""),
                f"    - {mutant.before}",
                f"    + {mutant.after}",
                f"    {verdict.why_equivalent or 'not argued'}",
            ]
    return "\n".join(lines)


def copy_of_tree(target: Path) -> None:
    """Copy what Git knows, and what it would know, without the environment; the copy is a repository, too."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=True,
    ).stdout.splitlines()  # fmt: skip
    for name in listed:
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    for command in (["init"], ["add", "--all"], [*AUTHOR, "commit", "--message", "the pages"]):
        subprocess.run(["git", *command], cwd=target, capture_output=True, check=True)


def main() -> int:
    options = _parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="tortoise-dev-mutants-") as folder:
        root = Path(folder).resolve() / "tortoise-dev"
        copy_of_tree(root)
        if options.timeout:
            _set_timeout(root / "pyproject.toml", options.timeout)
        bench = Bench(root, options.db, tests=not options.harness_only)
        pages = [path.relative_to(root).as_posix() for path in guard.pages_of(root)]
        if options.page:
            pages = [page for page in pages if any(page.endswith(one) for one in options.page)]
        found = [
            mutant
            for page in pages
            for mutant in mutants_of((root / page).read_text(encoding="utf-8"), page, options.seed)
            if not options.kind or mutant.kind in options.kind
        ]
        chosen = sample_of(found, options.sample, options.seed)
        if not chosen:
            print("no mutant of these pages and kinds", file=sys.stderr)
            return 2
        bench.say(f"{len(chosen)} of {len(found)} mutants of {len(pages)} pages")
        to_run = sorted(
            {mutant.page for mutant in chosen if mutant.kind not in PROSE and bench.has_blocks(mutant.page)}
        )
        unsound = bench.failed(dict.fromkeys(to_run, ()), SQLITE) if to_run else {}
        if unsound and not options.keep_going:
            print(f"fails without any mistake: {unsound}", file=sys.stderr)
            return 2
        chosen = [mutant for mutant in chosen if mutant.kind in PROSE or mutant.page not in unsound]
        known = equivalents()
        verdicts = [
            verdict if verdict.caught else replace(verdict, why_equivalent=_why(verdict.mutant, known))
            for verdict in bench.judge(chosen)
        ]
    databases = ", ".join(url.partition(":")[0] for url in options.db) or "sqlite"
    title = f"Seed {options.seed}: {len(verdicts)} of {len(found)} mutants, on {databases}."
    print(title, end="\n\n")
    if unsound:
        print(f"left out, because they fail without any mistake: {', '.join(unsound)}\n")
    print(table(verdicts, "kind"), table(verdicts, "page"), survivors_of(verdicts), sep="\n\n")
    if options.update_readme:
        before, _, rest = README.read_text(encoding="utf-8").partition(TABLE_START)
        tables = "\n\n".join(
            [TABLE_START, title, table(verdicts, "kind"), table(verdicts, "page"), TABLE_END]
        )
        README.write_text(before + tables + rest.partition(TABLE_END)[2], encoding="utf-8")
    return int(any(not verdict.caught and not verdict.why_equivalent for verdict in verdicts))


def _set_timeout(file: Path, seconds: int) -> None:
    """Let a block of the copy take less: a mutant that waits for ever costs this time."""
    text, times = re.subn(r"(?m)^timeout = \d+", f"timeout = {seconds}", file.read_text(encoding="utf-8"))
    assert times == 1, f"{times} timeouts in {file}"
    file.write_text(text, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="which letters change, and which mutants are tried"
    )
    parser.add_argument(
        "--sample", type=int, default=300, metavar="N", help="how many mutants (default: 300)"
    )
    parser.add_argument("--page", action="append", help="only pages whose name ends so (repeatable)")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only these mistakes (repeatable)")
    parser.add_argument("--db", action="append", default=[], metavar="URL", help="where survivors run again")
    parser.add_argument("--harness-only", action="store_true", help="without the tests that read pages")
    parser.add_argument(
        "--timeout", type=int, metavar="S", help="seconds for a block (default: the project's)"
    )
    parser.add_argument(
        "--keep-going", action="store_true", help="leave out pages that fail without a mistake"
    )
    parser.add_argument(
        "--update-readme", action="store_true", help="also write the tables to the README here"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
