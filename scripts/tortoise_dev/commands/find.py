"""``handbook.py find WORDS``: the few sections of the handbook that answer a question."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence

from ..about import SKILL as HANDBOOK
from ..handbook.find import Found, find
from ..handbook.sections import EXAMPLE, Section, handbook_sections
from ..pages.headings import slug
from ..report.findings import to_json
from ..rules import RULES
from ..rules.docs import page_of_rule
from . import common
from .common import UnusableError, show, tell

_EXAMPLES = """\
examples:
  %(prog)s select_for_update                      the sections about a name
  %(prog)s "default_connection for the model"     where an error message is explained
  %(prog)s TD106                                  a rule with its examples
  %(prog)s locks.md#job-queue                     one section, as a link names it
  %(prog)s -n 1 keyset pages                      the best section only
  %(prog)s --list slow report                     places and headings, without the text

exit status: 0 found · 1 nothing found · 2 the handbook is not beside this file"""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    return common.run(_parser(prog), _run, arguments)


def _run(options: argparse.Namespace) -> int:
    if not (HANDBOOK / "SKILL.md").is_file():
        raise UnusableError(f"no SKILL.md in {HANDBOOK}: install the skill's whole folder")
    words = " ".join(options.words)
    found = _rule(words) or _section(words) or find(words, handbook_sections(HANDBOOK), options.number)
    if options.format == "json":
        show(to_json({"version": 1, "found": [_entry(one) for one in found]}))
    elif found:
        between = "\n" if options.list else "\n\n"
        show(between.join(_shown(one.section, only_place=options.list) for one in found))
    else:
        tell(f"{options.prog}: nothing found; try other words, a name from the code, or the error message")
    return 0 if found else 1


def _rule(words: str) -> list[Found]:
    """The page of the rule that the words are the code or the name of."""
    wanted = words.strip()
    names = {rule.name: code for code, rule in RULES.items()}
    rule = RULES.get(names.get(wanted.lower(), wanted.upper()))
    if rule is None or not re.fullmatch(r"[\w-]+", wanted):
        return []
    heading = f"{rule.code} {rule.name}"
    return [Found(Section("references/rules.md", 1, "Rules", heading, page_of_rule(rule).strip()), 1.0)]


def _section(words: str) -> list[Found]:
    """The one section that the words name, as a link does: ``locks.md#job-queue``."""
    match = re.fullmatch(r"(?:references/)?([\w-]+\.md)#([\w-]+)", words.strip())
    if match is None:
        return []
    wanted = {f"references/{match[1]}", match[1]}
    sections = (section for section in handbook_sections(HANDBOOK) if section.path in wanted)
    return [Found(section, 1.0) for section in sections if slug(section.heading) == match[2]]


def _entry(found: Found) -> dict[str, object]:
    section = found.section
    return {
        "path": section.path,
        "line": section.line,
        "page": section.page,
        "heading": section.heading,
        "text": section.text,
        "score": round(found.score, 2),
    }


def _shown(section: Section, *, only_place: bool) -> str:
    head = f"--- {section.place} · {section.page}"
    if only_place or section.page == EXAMPLE:  # an example is opened as a file: it may be long
        return f"{head} · {section.heading}"
    return f"{head}\n{section.text}"


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = common.command_parser(prog, "Print the few sections that answer a question.", _EXAMPLES)
    parser.add_argument("words", nargs="+", metavar="WORD", help="words, a name, an error message, a code")
    parser.add_argument(
        "-n", dest="number", type=int, default=3, metavar="N", help="sections (default: %(default)s)"
    )
    parser.add_argument("--list", action="store_true", help="places and headings, without the text")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


if __name__ == "__main__":
    sys.exit(main())
