"""The pages of error messages: what raised them, what to do, and where to read on.

Messages of databases and their drivers have pages of their own.

The rows come from two places. A fact of ``tests/facts.toml`` with an ``error`` is a row with its cause.
A block of a page that must raise (``raises=``) and shows its message is a row that leads to its section.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..pages.page import Block
from ..pages.reading import read_page
from .sections import ERROR_PAGES

FACTS = "tests/facts.toml"

OF_TORTOISE = (
    "Configuration and start",
    "Models and fields",
    "Queries",
    "Writes and transactions",
)
OF_PYTHON = ("Migrations", "Python and pytest", "FastAPI and Pydantic")
OF_POSTGRES = ("PostgreSQL",)
OF_OTHER_DATABASES = ("MySQL and MariaDB", "SQLite")
AREAS = OF_TORTOISE + OF_PYTHON + OF_POSTGRES + OF_OTHER_DATABASES
"""The sections of the pages, in their order; a fact names one of them."""

_FIND = """\
To find the row of a message, run these lines. Replace MESSAGE by the message. It may contain quotes and
backticks:

```text
python "$SKILL/scripts/handbook.py" find - <<'END'
MESSAGE
END
```

`$SKILL` is the folder of `SKILL.md`, and `…` stands for text that differs. Proof:
`examples/error_messages*.py`."""
_PAGES = (
    (
        "Error messages: cause and what to do",
        """\
[Migrations, Python, pytest and FastAPI](errors-python.md), [PostgreSQL](errors-databases.md),
[MySQL, MariaDB and SQLite](errors-mysql.md), and their drivers have other messages.""",
        OF_TORTOISE,
    ),
    (
        "Error messages of migrations, Python, pytest and FastAPI",
        "For other messages of Tortoise, read [errors.md](errors.md).",
        OF_PYTHON,
    ),
    (
        "Error messages of PostgreSQL",
        """\
For messages of Tortoise, read [errors.md](errors.md), for MySQL, MariaDB and SQLite read
[errors-mysql.md](errors-mysql.md).""",
        OF_POSTGRES,
    ),
    (
        "Error messages of MySQL, MariaDB and SQLite",
        "For messages of Tortoise, read [errors.md](errors.md).",
        OF_OTHER_DATABASES,
    ),
)
"""Of each page its title, where other messages are, and its sections; in the order of ERROR_PAGES."""
_OF_THE_EXAMPLE = re.compile(
    r"""[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=")\w+(?=")|(?<=\s')[^']+(?=')|^\w+(?=:\s)"""
)
"""Keys, the names of models, tables, constraints and fields, and values."""
_LAST = "Messages that other pages explain"


@dataclass(frozen=True)
class ErrorMessage:
    """A message with variable parts as ``…``, its cause with what to do, and the section that says more."""

    area: str
    message: str
    cause: str
    read: str


def error_pages(root: Path) -> dict[str, str]:
    """Each page with its text. Raises OSError without facts, ValueError for a wrong one."""
    facts = tomllib.loads((root / FACTS).read_text(encoding="utf-8"))
    rows = list(_of_facts(facts))
    heads = [f"# {title}\n\n{_FIND}\n\n{others}\n" for title, others, _ in _PAGES]
    tables = [[*_tables(rows, areas)] for *_, areas in _PAGES]
    tables[0].append(_of_pages(root, rows))
    texts = ("\n".join([head, *parts]) for head, parts in zip(heads, tables, strict=True))
    return dict(zip(ERROR_PAGES, texts, strict=True))


def _tables(rows: Sequence[ErrorMessage], areas: Sequence[str]) -> Iterator[str]:
    for area in areas:
        cells = [(_code(row.message), f"{row.cause} {_link(row.read)}") for row in rows if row.area == area]
        yield _table(area, ("message", "cause, and what to do"), cells)


def _of_pages(root: Path, rows: Sequence[ErrorMessage]) -> str:
    """The messages that blocks of pages show, where no row explains them."""
    pages = [root / "SKILL.md", *sorted((root / "references").glob("*.md"))]
    shown = [
        (_code(message), _link(read))
        for message, read in _of_blocks(root, pages)
        if not any(literal(row.message) in message for row in rows)
    ]
    return _table(_LAST, ("message", "read"), shown)


def literal(message: str) -> str:
    """The longest part of a message that is the same for everybody."""
    return max(message.split("…"), key=len).strip()


def _of_facts(facts: dict[str, dict[str, str]]) -> Iterator[ErrorMessage]:
    for key, fact in facts.items():
        if "error" not in fact:
            continue
        if fact.get("area") not in AREAS:
            raise ValueError(f"{key}: area is one of {', '.join(AREAS)}")
        yield ErrorMessage(fact["area"], fact["error"], fact["says"], fact["read"])


def _of_blocks(root: Path, pages: list[Path]) -> Iterator[tuple[str, str]]:
    """The message and the section of each block that shows what it raised; keys and names differ."""
    seen: set[str] = set()
    for path in pages:
        raised: Block | None = None
        for block in read_page(path, path.relative_to(root).as_posix()).blocks:
            if "output" in block.attributes and raised is not None:
                written = block.source.strip().split("\n")[0]
                message = _OF_THE_EXAMPLE.sub("…", written)
                if message not in seen and written not in raised.source:  # not an error of its own
                    seen.add(message)
                    yield message, _section_of(block)
            raised = block if "raises" in block.attributes else None


def _section_of(block: Block) -> str:
    page, _, rest = block.id.partition("::")
    place = page.removeprefix("references/") if page.startswith("references/") else f"../{page}"
    return f"{place}#{rest.partition('/')[0]}"


def _table(heading: str, columns: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    lines = [
        f"| {columns[0]} | {columns[1]} |",
        "|---|---|",
        *(f"| {first} | {second} |" for first, second in rows),
    ]
    return "\n".join([f"## {heading}", "", *lines, ""])


def _code(message: str) -> str:
    fence = ("`` ", " ``") if "`" in message else ("`", "`")
    return fence[0] + message.replace("|", "\\|") + fence[1]


def _link(read: str) -> str:
    """A link to a page, or to one of its sections, which its anchor names."""
    page, _, anchor = read.partition("#")
    return f"[{anchor.replace('-', ' ') or page.removesuffix('.md')}]({read})"
