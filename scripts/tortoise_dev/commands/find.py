"""``handbook.py find WORDS``: the few sections of the handbook that answer a question."""

from __future__ import annotations

import argparse
import itertools
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher

from ..about import SKILL as HANDBOOK
from ..folders import LEFT_OUT
from ..handbook.find import Found, Search
from ..handbook.sections import (
    EXAMPLE,
    Section,
    example_parts,
    handbook_sections,
    page_sections,
    pages_of,
)
from ..pages.headings import slug
from ..report.findings import to_json
from ..rules import RULES
from ..rules.docs import page_of_rule
from . import common
from .common import UnusableError, show, tell

_PLACE = re.compile(r"(?:references/)?((?:[\w-]+/)*[\w-]+\.(?:md|py))(?:#([\w-]+)|:(\d{1,9}))?")
_CODE = re.compile(r"TD\d{3}", re.IGNORECASE)

CLOSE = 3 / 4
"""Of the best section's score: what has less is seldom the answer, so its text is left out."""
READ_AT_ONCE = 7_000
"""Characters. After the best section, text is printed only up to here. Of 449 questions whose best three
sections have the answer, 431 get its text, and 3.0 kB on average; without the two limits 444, and 4.0 kB.
"""

_EXAMPLES = """\
Of a section that fits less than the best one, or that would make the answer long, only the place and the
size are printed.

examples:
  %(prog)s select_for_update                      the sections about a name
  %(prog)s "default_connection for the model"     where an error message is explained
  %(prog)s - < message.txt                        the same for a message with quotes or backticks
  %(prog)s TD106                                  a rule with its examples
  %(prog)s locks.md#do-something-once testing.md    one section, and the anchors of a page
  %(prog)s operations.py#SetNotNull               a class or a function of an example
  %(prog)s locks.md:37                            the section of this line, as a place is printed
  %(prog)s -n 1 keyset pages                      the best section only
  %(prog)s --list slow report                     places and headings, without the text

exit status: 0 found · 1 nothing found · 2 no such place, or no handbook beside this file"""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    return common.run(_parser(prog), _run, arguments)


def _run(options: argparse.Namespace) -> int:
    if not (HANDBOOK / "SKILL.md").is_file():
        raise UnusableError(f"no SKILL.md in {HANDBOOK}: install the skill's whole folder")
    words = _words(options.words)
    named = _named(words)
    search = Search(words, [] if named else handbook_sections(HANDBOOK))
    found = named or search.best(options.number)
    unknown = [] if named else search.unknown_words()
    if options.format == "json":
        show(to_json({"version": 1, "found": [_entry(one, only_place=options.list) for one in found]}))
    elif found:
        between = "\n" if options.list else "\n\n"
        read = 0 if options.list else len(found) if named else _read_at_once(found)
        show(between.join(_shown(one.section, only_place=i >= read) for i, one in enumerate(found)))
    if not found:
        tell(f"{options.prog}: nothing found; try other words, a name from the code, or the error message")
    elif unknown:
        tell(f"{options.prog}: the handbook has no section with: {', '.join(unknown)}")
    return 0 if found else 1


def _read_at_once(found: Sequence[Found]) -> int:
    """How many sections get their text: the best one, then close ones while they are short."""
    lengths = itertools.accumulate(len(one.section.text) for one in found)
    least = CLOSE * found[0].score
    fits = (one.score >= least and length <= READ_AT_ONCE for one, length in zip(found, lengths, strict=True))
    return max(1, sum(itertools.takewhile(bool, fits)))


def _words(given: Sequence[str]) -> str:
    """The words of the command, or standard input in place of ``-``: a message may have quotes of a shell."""
    if "-" not in given:
        return " ".join(given)
    if len(given) > 1:
        raise UnusableError("the message comes from standard input: give no words beside -")
    words = sys.stdin.buffer.read().decode("utf-8", "replace").strip()
    if not words:
        raise UnusableError("no message on standard input")
    return words


def _named(words: str) -> list[Found]:
    """What the words name, if each of them is a rule, a page, an example or a part of them; else nothing."""
    named = [_rule(word) or _PLACE.fullmatch(word) for word in words.split()]
    if any(one is None or (isinstance(one, re.Match) and _is_any_file(one)) for one in named):
        return []
    return [one if isinstance(one, Found) else _place(one) for one in named if one is not None]


def _is_any_file(named: re.Match[str]) -> bool:
    """Is it the name of a file that is no example, such as ``models.py``? Then it is a word like others."""
    name, *part = named.groups()
    return name.endswith(".py") and not any(part) and len(_examples_called(name)) != 1


def _rule(wanted: str) -> Found | None:
    """The page of the rule that has this code or name. Raises UnusableError for a code that no rule has."""
    names = {rule.name: code for code, rule in RULES.items()}
    rule = RULES.get(names.get(wanted.lower(), wanted.upper()))
    if rule is None:
        if _CODE.fullmatch(wanted):
            raise UnusableError(f"{wanted} names no rule; check --rules lists all")
        return None
    heading = f"{rule.code} {rule.name}"
    return Found(Section("references/rules.md", 1, "Rules", heading, page_of_rule(rule).strip()), 1.0)


def _place(named: re.Match[str]) -> Found:
    """The section that is named as a link does it, ``page.md#anchor``, or by its line, ``locks.md:37``.

    Of a page or an example, ``locks.md``, its anchors, each with the size of its section.
    """
    name, anchor, line = named[1], named[2], named[3]
    if name == "rules.md" and anchor is not None and (rule := _rule(anchor.partition("-")[0])) is not None:
        return rule
    sections = _sections_of_example(name) if name.endswith(".py") else _sections_of_page(name)
    by_anchor = {_anchor(section): section for section in sections}
    if line is not None:
        above = [section for section in sections if section.line <= int(line)]
        return Found((above or sections)[-1 if above else 0], 1.0)
    if anchor is None:
        first = sections[0]
        rows = [f"{_size(one):>8}  #{known}" for known, one in by_anchor.items()]
        return Found(Section(first.path, 1, first.page, first.page, "\n".join(rows)), 1.0)
    found = by_anchor.get(anchor) or _alike(anchor, by_anchor)
    if found is None:
        near = _nearest(f"#{anchor}", [f"#{one}" for one in by_anchor])
        raise UnusableError(f"{name} has no anchor #{anchor}: the nearest are {near}")
    return Found(found, 1.0)


def _alike(anchor: str, by_anchor: Mapping[str, Section]) -> Section | None:
    """The only section whose anchor differs just in case, hyphens and underscores.

    `#lock-a-row` and `#Lock_a_row` are one anchor to a reader. An example may have two such names, which are
    not guessed between.
    """
    alike = [section for known, section in by_anchor.items() if _bare(known) == _bare(anchor)]
    return alike[0] if len(alike) == 1 else None


def _bare(anchor: str) -> str:
    return re.sub("[-_]", "", anchor).lower()


def _anchor(section: Section) -> str:
    return section.heading if section.path.endswith(".py") else slug(section.heading)


def _sections_of_example(name: str) -> list[Section]:
    named = _examples_called(name)
    if not named:
        raise UnusableError(f"no example is called {name}: the nearest are {_nearest(name, _examples())}")
    if len(named) > 1:
        raise UnusableError(f"several examples are called {name}: {', '.join(named[:5])}")
    return list(example_parts(HANDBOOK / named[0], HANDBOOK))


def _examples_called(name: str) -> list[str]:
    return [path for path in _examples() if f"/{path}".endswith(f"/{name}")]


def _examples() -> list[str]:
    paths = (file.relative_to(HANDBOOK) for file in (HANDBOOK / "examples").rglob("*.py"))
    return sorted(path.as_posix() for path in paths if LEFT_OUT.isdisjoint(path.parts))


def _sections_of_page(name: str) -> list[Section]:
    pages = pages_of(HANDBOOK)
    page = next((page for page in pages if page.name.lower() == name.lower()), None)
    if page is None:
        near = _nearest(name, [page.name for page in pages])
        raise UnusableError(f"no page is called {name}: the nearest are {near}")
    return list(page_sections(page, HANDBOOK))


def _nearest(word: str, known: Iterable[str]) -> str:
    """The few that resemble a word most, the best first."""
    return ", ".join(sorted(known, key=lambda one: -SequenceMatcher(None, word, one).ratio())[:5])


def _entry(found: Found, *, only_place: bool) -> dict[str, object]:
    section = found.section
    place = {
        "path": section.path,
        "line": section.line,
        "page": section.page,
        "heading": section.heading,
    }
    return {**place, **({} if only_place else {"text": section.text}), "score": round(found.score, 2)}


def _shown(section: Section, *, only_place: bool) -> str:
    if only_place or section.page == EXAMPLE:  # an example is opened as a file: it may be long
        return f"--- {section.place} · {section.heading} · {_size(section)}"
    return f"--- {section.place} · {section.page}\n{section.text}"


def _size(section: Section) -> str:
    return f"{len(section.text.encode()) / 1000:.1f} kB"


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = common.command_parser(prog, "Print the few sections that answer a question.", _EXAMPLES)
    parser.add_argument(
        "words",
        nargs="+",
        metavar="WORD",
        help="words, a name, an error message, a code, or - for standard input",
    )
    parser.add_argument(
        "-n",
        dest="number",
        type=common.whole_number(1),
        default=3,
        metavar="N",
        help="at most so many sections (default: %(default)s)",
    )
    parser.add_argument("--list", action="store_true", help="places and headings, without the text")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
