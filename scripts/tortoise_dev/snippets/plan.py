"""What is to happen to each block of a page, decided before anything runs.

A block is *settled* (its verdict needs no child: data, prose, a problem with its attributes), *run* in a
chain, *expected* (an ``output`` or ``sql`` block, compared with what the block above it did) or *explained*
(lone SQL).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from ..project.files import UnreadableError
from ..settings import SettingsError, SnippetSettings
from . import python
from .chains import Chain, link_blocks
from .child import Request, Step
from .collect import shown_path
from .databases import Backend, dialect_of
from .judge import Verdict
from .languages import RUNNABLE, why_unchecked
from .links import dead_links
from .needs import kinds_needed, unmet
from .page import Block, Oddity, Page, looks_like_python
from .result import Result

Checker: TypeAlias = Callable[[str, PurePosixPath, Path], list[tuple[int, str, str]]]
"""Line, rule and message of what a source breaks as a file of a project; the command hands it in."""

SKILL = Path(__file__).resolve().parents[3]
"""The folder that blocks know as $SKILL."""


@dataclass
class PagePlan:
    """A page with each block's fate. Blocks are told apart by their line."""

    page: Page
    settings: SnippetSettings
    blocks: list[Block] = field(default_factory=list)
    oddities: list[Oddity] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)
    settled: dict[int, Verdict] = field(default_factory=dict)
    sources: dict[int, Block] = field(default_factory=dict)
    expected: dict[int, list[Block]] = field(default_factory=dict)
    explained: set[int] = field(default_factory=set)
    files: dict[int, tuple[str, str]] = field(default_factory=dict)

    def dialect(self, block: Block) -> str:
        """The kind of database that a block's output and SQL are compared on, because they differ between
        kinds: the one that it needs, else SQLite (or what the settings name instead).
        """
        needed = kinds_needed(block.attributes.get("needs", ""))
        return needed[0] if needed else dialect_of(self.settings.databases)

    def is_compared(self, block: Block, backend: Backend | None, backends: list[Backend]) -> bool:
        """Is an ``output`` or ``sql`` block reported on this backend? Skipped, if none has its dialect."""
        dialect = self.dialect(self.sources[block.line])
        return backend is None or backend.kind == dialect or all(b.kind != dialect for b in backends)

    def explained_on(self, block: Block, backends: list[Backend]) -> Backend | None:
        """The database that explains a lone ``sql`` block: the first of its dialect.

        There is always a SQLite; what no server of the run can explain is skipped, on whichever comes first.
        """
        dialect = self.dialect(block)
        other = backends[0] if backends and dialect != "sqlite" else None
        return next((backend for backend in backends if backend.kind == dialect), other)

    def backends_of(self, chain: Chain, backends: list[Backend]) -> list[Backend | None]:
        """The databases that a chain is run against, one after the other; None where it needs none.

        A chain of ``bash`` runs on each if it speaks of the database. A script (a page that is a ``.py``
        file) opens its database itself: it runs on each if it asks for the URL, else once.
        """
        source = "\n".join(block.source for block in chain.blocks)
        needed = any(kinds_needed(block.attributes.get("needs", "")) for block in chain.blocks)
        if not needed and all(block.kind == "shell" for block in chain.blocks):
            return [*backends] if _DATABASE_COMMANDS.search(source) and backends else [None]
        if not needed and self.page.path.suffix == ".py" and "DATABASE_URL" not in source:
            return [next((backend for backend in backends if not backend.is_server), None)]
        return [*backends] or [None]


_DATABASE_COMMANDS = re.compile(r"\b(tortoise|aerich|DATABASE_URL)\b")


def plan_page(
    page: Page, settings: SnippetSettings, *, audit: bool = False, checker: Checker | None = None
) -> PagePlan:
    """Decide what happens to each block. Nothing of the page is executed; ``checker`` judges ``breaks=``."""
    plan = PagePlan(page, settings, oddities=[*page.oddities, *dead_links(page)])

    def runs(block: Block) -> bool:
        misplaced = isinstance(_titled_path(block), str)
        settled = misplaced or "breaks" in block.attributes
        return block.kind in RUNNABLE and not settled and _standing_file(block, settings) is None

    plan.blocks, plan.chains, audits = link_blocks(page.blocks, runs)
    if audit:
        plan.chains += audits
    above: Block | None = None
    for block in plan.blocks:
        path = _titled_path(block)
        is_written = not block.problems and "breaks" not in block.attributes
        if isinstance(path, PurePosixPath) and is_written and _standing_file(block, settings) is None:
            plan.files[block.line] = (path.as_posix(), block.source)
        if "output" in block.attributes or "sql" in block.attributes:
            if not block.problems and above is not None:
                plan.sources[block.line] = above
                plan.expected.setdefault(above.line, []).append(block)
                continue
            verdict: Verdict | None = Verdict(
                "unverified", "no block that runs stands right above it", block.start
            )
        else:
            above = block if runs(block) else None
            verdict = None
        if block.problems:
            verdict = Verdict("unverified", "; ".join(block.problems), block.start)
        if verdict is None and "breaks" in block.attributes:
            verdict = _settle_broken(block, plan, checker)
        verdict = verdict or _settle(block, page, settings, audit=audit)
        if verdict is not None:
            plan.settled[block.line] = verdict
        elif block.kind == "sql":
            plan.explained.add(block.line)
    return plan


_INCLUDES = re.compile(r"(\s*(--8<--.*|\{[!*%].*[!*%]\}))+\s*")


def _settle(block: Block, page: Page, settings: SnippetSettings, *, audit: bool) -> Verdict | None:
    """The verdict on a block that no child has to run; None for the others."""
    path = _titled_path(block)
    if isinstance(path, str):
        return Verdict("failed", path, block.line)
    needs = unmet(block.attributes.get("needs", ""), None) if block.kind == "data" else None
    if needs:
        return Verdict("skipped", needs)
    if "norun" in block.attributes and not (audit and block.kind in (*RUNNABLE, "data")):
        return _settle_shown(block)
    standing = _standing_file(block, settings)
    if standing is not None:
        return _settle_standing(block, standing, settings)
    if block.kind == "prose":
        if not block.info.language and looks_like_python(block.source):
            return Verdict("unverified", "a bare fence that is Python: say ```python or ```text", block.start)
        return Verdict("passed", "prose")
    if block.kind == "data":
        return _settle_data(block)
    if block.kind == "python" and _INCLUDES.fullmatch(block.source):
        reason = "an include of the site generator: its text is not on this page"
        return Verdict("unverified", reason, block.start)
    if block.kind in ("unchecked", "unknown"):
        return Verdict("unverified", why_unchecked(block.info.language), block.start)
    return None


def _settle_broken(block: Block, plan: PagePlan, checker: Checker | None) -> Verdict:
    """``breaks=``: the checker must report this rule on the block, and no other.

    A block without a title sees the names of the page's preludes.
    """
    code, path = block.attributes["breaks"], _titled_path(block)
    if isinstance(path, str):
        return Verdict("failed", path, block.line)
    if checker is None:
        return Verdict("unverified", "no checker is at hand that could report a rule", block.line)
    above = "" if path else "".join(b.source for b in plan.blocks if "prelude" in b.attributes)
    first = above.count("\n") + 1
    project = plan.settings.project or plan.settings.root
    try:
        found = checker(above + block.source, path or PurePosixPath("block.py"), project)
    except (UnreadableError, SettingsError) as error:
        line = block.start + max(getattr(error, "line", first) - first, 0)
        return Verdict("failed", f"the checker cannot read it: {error}", line)
    found = [(line, rule, message) for line, rule, message in found if line >= first]
    for line, rule, message in found:
        if rule != code:
            reason = (
                f"breaks {rule} too: {message}" if code in [r for _, r, _ in found] else f"{rule}: {message}"
            )
            return Verdict("failed", f"must break {code} alone, but {reason}", block.start + line - first)
    if not found:
        return Verdict("failed", f"must break {code}, but the checker reports nothing", block.start)
    return Verdict("passed", f"breaks {code}: {found[0][2]}")


def _settle_shown(block: Block) -> Verdict:
    """``norun``: shown only, but Python must compile."""
    if block.kind == "python":
        try:
            python.check_compiles(block.source, "page", block.start)
        except SyntaxError as error:
            return Verdict("failed", f"does not compile: {error.msg}", error.lineno or block.start)
    return Verdict("skipped", block.attributes["norun"])


def _settle_data(block: Block) -> Verdict:
    expected, norun = block.attributes.get("xfail"), block.attributes.get("norun")
    from .data_files import DataError, check_data  # here and not above: pages without data start without YAML

    try:
        kind = check_data(block.info.language, block.source, block.attributes.get("title", ""))
    except DataError as error:
        if expected or norun:
            return Verdict("passed" if expected else "skipped", f"{expected or norun}: {error}")
        return Verdict("failed", str(error), block.start + error.line - 1)
    if expected or norun:
        mark = "xfail" if expected else "norun"
        return Verdict(
            "failed", f"passes, but {mark} says {expected or norun!r}: remove the mark", block.line
        )
    return Verdict("passed", f"valid {kind}")


def name_hint(plan: PagePlan, block: Block, reason: str) -> str:
    """For a NameError: where the name is set further up, so that ``continues`` would help."""
    missing = re.match(r"NameError: name '(\w+)' is not defined$", reason)
    if missing is None:
        return ""
    name = missing[1]
    sets = re.compile(
        rf"(?m)^((async )?def|class|import|from .* import\b.*) {name}\b|^(.*\bas )?{name}\b(:.*)?( =|:$)"
    )
    above = [b for b in plan.blocks if b.kind == "python" and b.line < block.line and sets.search(b.source)]
    return f"; it is set in the block at line {above[-1].line}: add continues" if above else ""


# --- title=


def _titled_path(block: Block) -> PurePosixPath | str | None:
    """The file that a ``title=`` names; a string says what is wrong with it; None for no title or a mere
    caption.
    """
    title = block.attributes.get("title", "").replace("\\", "/")
    path = PurePosixPath(title)
    if not title or ("/" not in title and "." not in title) or " " in title.strip():
        return None
    if not path.name or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return f"title={title[:100]}: must be a path inside the project"
    if max(map(len, path.parts)) > 100:
        return f"title={title[:100]}…: the name is too long"
    return path


def _standing_file(block: Block, settings: SnippetSettings) -> Path | None:
    """The example project's file that a titled block shows, if it has that file."""
    title = block.attributes.get("title")
    if title is None or settings.project is None or isinstance(_titled_path(block), str):
        return None
    file = settings.project / title.replace("\\", "/")
    return file if file.is_file() else None


def _settle_standing(block: Block, file: Path, settings: SnippetSettings) -> Verdict:
    shown = shown_path(file, settings.root)
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        return Verdict("failed", f"{shown} cannot be read: {error}", block.line)
    wanted = block.source.rstrip("\n").split("\n")
    matched = max((_matching(wanted, lines, start) for start in range(len(lines))), key=lambda m: m[0])
    if matched[0] < len(wanted):
        count, there = matched
        reason = f"does not stand so in {shown}: expected {wanted[count]!r}, the file has {there!r}"
        return Verdict("failed", reason, block.start + count)
    if block.kind == "python":
        try:
            python.check_compiles(block.source, shown, block.start)
        except SyntaxError as error:
            return Verdict("failed", f"does not compile: {error.msg}", error.lineno or block.start)
    if block.kind == "shell" and not _bash_parses(block.source):
        return Verdict("failed", "is no valid bash", block.start)
    if block.kind == "data":
        verdict = _settle_data(block)
        if verdict.status != "passed" and len(wanted) + 1 >= len(lines):
            return verdict
    return Verdict("passed", f"stands in {shown}")


def _matching(wanted: list[str], lines: list[str], start: int) -> tuple[int, str]:
    """How many lines of a block match a file from line ``start`` on, and what the file has after them."""
    first = next((line for line in wanted if line.strip()), "")
    there = lines[start]
    indent = there[: len(there) - len(first)] if there.endswith(first) and not first.startswith(" ") else ""
    if indent.strip():
        indent = ""
    for count, line in enumerate(wanted):
        if start + count >= len(lines):
            return count, "its end"
        expected = indent + line if line.strip() else line.strip()
        if lines[start + count].rstrip() != expected.rstrip():
            return count, lines[start + count]
    return len(wanted), ""


def _bash_parses(source: str) -> bool:
    try:
        return (
            subprocess.run(["bash", "-n"], input=source.encode(), capture_output=True, check=False).returncode
            == 0
        )
    except OSError:
        return True


# --- requests


def request_for(
    plan: PagePlan,
    chain: Chain,
    last: Block,
    backend: Backend | None,
    *,
    directory: Path,
    scratch: Path,
    template: Path | None,
    database: str | None = None,
) -> tuple[Request, dict[int, int], dict[int, str]]:
    """What to send to a child so that it runs a chain up to and including ``last``.

    Returns the request, the index of each block by its line, and why blocks are skipped, by line.
    """
    blocks = [block for block in chain.blocks if block.line <= last.line]
    skipped = _skipped(blocks, backend)
    running = [*chain.preludes, *(block for block in blocks if block.line not in skipped)]
    steps = [
        Step(
            index=index,
            kind=block.kind,
            source=block.source,
            line=block.start,
            prelude=index < len(chain.preludes),
            may_fail=bool({"raises", "xfail", "norun"} & block.attributes.keys()),
            file=plan.files[block.line][0] if block.line in plan.files else None,
        )
        for index, block in enumerate(running)
    ]
    lines = {block.line: index for index, block in enumerate(running)}
    first = blocks[0].line
    sources = "\n".join(block.source for block in running)
    settings = plan.settings
    request = Request(
        page=str(plan.page.path.resolve()),
        steps=steps,
        directory=str(directory),
        scratch=str(scratch),
        skill=str(SKILL),
        limit=settings.timeout,
        project=str(settings.project) if settings.project else None,
        copies_project=any(step.kind == "shell" for step in steps),
        files=[file for line, file in plan.files.items() if line < first],
        models=settings.models if backend is not None else None,
        template=str(template) if template is not None and not migrates(steps) else None,
        database=database,
        own_loop=python.needs_own_loop(sources) or "DATABASE_URL" in sources,
        fixed=any(step.kind == "session" for step in steps)
        or any("output" in b.attributes for block in blocks for b in plan.expected.get(block.line, ())),
    )
    return request, lines, skipped


def migrates(steps: list[Step]) -> bool:
    """Does a chain begin in the shell, and so with an empty database that it is about to migrate?"""
    return bool(steps) and steps[0].kind == "shell"


def _skipped(blocks: list[Block], backend: Backend | None) -> dict[int, str]:
    """Blocks whose needs are not met, and those that continue them."""
    reasons: dict[int, str] = {}
    for block in blocks:
        if block.kind == "shell" and os.name == "nt":
            reasons[block.line] = "bash blocks are skipped on Windows"
            continue
        needs = unmet(block.attributes.get("needs", ""), backend)
        if needs is None and reasons and "continues" in block.attributes:
            needs = f"continues a block that {next(iter(reasons.values()))}"
        if needs is not None:
            reasons[block.line] = needs
    return reasons


def settled_results(plan: PagePlan, wanted: Callable[[int, str | None], bool]) -> Iterator[Result]:
    """The results that need no child, for what ``wanted(line, language)`` lets through."""
    name = plan.page.name
    for odd in plan.oddities:
        if wanted(odd.line, None):
            status = "failed" if odd.status == "failed" else "unverified"
            yield Result(odd.id, name, odd.line, None, status, odd.reason, odd.fail_line or odd.line)  # type: ignore[arg-type]
    for block in plan.blocks:
        verdict = plan.settled.get(block.line)
        if verdict is not None and wanted(block.line, block.info.language):
            yield result_of(plan, block, verdict, None)


def result_of(plan: PagePlan, block: Block, verdict: Verdict, backend: Backend | None) -> Result:
    """A block's Result from its verdict."""
    return Result(
        id=f"{block.id}[{backend.name}]" if backend else block.id,
        path=plan.page.name,
        line=block.line,
        language=block.info.language,
        status=verdict.status,
        reason=verdict.reason,
        fail_line=verdict.fail_line if verdict.status in ("failed", "unverified") else None,
        backend=backend.name if backend else None,
        detail=verdict.detail,
    )
