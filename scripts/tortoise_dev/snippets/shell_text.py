"""A bash block as text, without running it: its lines, its commands, and how they may end."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A logical line: continuation lines are joined, comments and the text of here-documents left out.

    ``first`` and ``last`` count from 1; in ``bare`` the text in quotes is replaced by underscores.
    """

    first: int
    last: int
    text: str
    bare: str


def logical_lines(source: str) -> Iterator[Line]:
    """The lines of a script that hold commands."""
    text = bare = quote = ""
    first = 0
    documents: list[tuple[str, bool]] = []  # here-documents whose text follows
    for number, line in enumerate(source.split("\n"), 1):
        if documents and not quote and not text:
            word, strips = documents[0]
            if (line.lstrip("\t") if strips else line) == word:
                documents.pop(0)
            continue
        first = first or number
        code, hidden, quote, opened = _scan(line, quote)
        documents += opened
        continued = code.endswith("\\") and not quote
        text += code[:-1] if continued else code
        bare += hidden[:-1] if continued else hidden
        if not continued and (quote or re.search(r"(&&|\|)\s*$", hidden)):
            text, bare = f"{text}\n" if quote else f"{text} ", f"{bare} "
            continued = True
        if continued and not documents:
            continue
        if text.strip():
            yield Line(first, number, text.strip(), bare.strip())
        text = bare = ""
        first = 0
    if text.strip():
        yield Line(first, source.count("\n") + 1, text.strip(), bare.strip())


def _scan(line: str, quote: str) -> tuple[str, str, str, list[tuple[str, bool]]]:
    """One physical line: its code, the same with quoted text hidden, the quote that stays open, and the
    here-documents that it opens.
    """
    code = bare = ""
    position = 0
    while position < len(line):
        char = line[position]
        if quote:
            step = 2 if char == "\\" and quote == '"' else 1
            quote = "" if char == quote else quote
            bare += "_" * step
        elif char in "'\"":
            step, quote = 1, char
            bare += "_"
        elif char == "#" and (not code or code[-1] in " \t;&|("):
            break
        else:
            step = 2 if char == "\\" else 1
            bare += line[position : position + step]
        code += line[position : position + step]
        position += step
    opened = [
        (match[2] or match[3] or match[4], match[1] == "-")
        for match in re.finditer(r"(?<!<)<<(-?)\s*(?:'([^']+)'|\"([^\"]+)\"|\\?([\w.!]+))", code)
        if bare[match.start() : match.start() + 2] == "<<" and not re.search(r"\(\($", code[: match.start()])
    ]
    return code, bare, quote, opened


# --- statuses that bash does not count by itself


def suspects(source: str) -> list[int]:
    """The lines whose list may fail unseen in the middle of a block: ``a && b``, ``! a``.

    Not where an author handles it (``||``), asks for it (``if``), or leaves a loop or function by it.
    """
    found: list[int] = []
    for line in logical_lines(source):
        if "||" in line.bare or re.match(r"(if|elif|while|until)\b", line.bare):
            continue
        is_list = "&&" in line.bare and not re.search(
            r"&&\s*(continue|break|return|exit)\b[^;&|]*$", line.bare
        )
        if is_list or re.search(r"(^|[;{(]|\b(then|do|else)\b)\s*!\s", line.bare):
            found += range(line.first, line.last + 1)
    return found


def asked(source: str) -> list[int]:
    """The lines whose status the next command reads: ``a; echo $?``, ``b=$?`` and ``PIPESTATUS`` below it."""
    found: list[int] = []
    lines = [*logical_lines(source), Line(0, 0, "", "")]
    for line, below in itertools.pairwise(lines):
        parts = [line.text[slice(*match.span())] for match in re.finditer(r"[^;]+", line.bare)]
        following = parts[1:] or [below.text[slice(*match.span())] for match in _FIRST.finditer(below.bare)]
        is_command = re.match(r"(done|fi|esac|\}|\))", line.bare) is None
        read = re.sub(r"'[^']*'", "", following[0]) if following else ""
        if is_command and re.search(r"\$\{?\?|PIPESTATUS", read):
            found += range(line.first, line.last + 1)
    return found


_FIRST = re.compile(r"^[^;]+")


def is_lost_in_for(source: str, number: int, command: str, status: int) -> bool:
    """Has a command at a line failed among the words of a ``for``, which then makes fewer rounds?

    Of a pipe nobody knows whose status it is. Nor is it known where commands of the loop run in subshells.
    """
    line = next((one for one in logical_lines(source) if one.first <= number <= one.last), None)
    match = _FOR.match(line.bare) if line is not None else None
    if line is None or match is None:
        return False
    # as long as in ``bare``, which hides what stands in quotes
    words, body = line.text[slice(*match.span("words"))], line.text[slice(*match.span("body"))]
    if not _SUBSTITUTION.search(words) or "|" in words.replace("||", ""):
        return False
    if _SUBSTITUTION.search(body) or re.search(r"[(|]", match["body"]):
        return False
    return status != 141 and not is_answer(command, status)


_FOR = re.compile(r"for\s+\w+\s+in\s(?P<words>[^;]*)(?P<body>.*)", re.DOTALL)
_SUBSTITUTION = re.compile(r"\$\(|`")


def is_answer(command: str, status: int) -> bool:
    """Is a status other than 0 what a command answers, or of no importance, rather than a failure?

    Status 1 of a search says that nothing was found, and of ``diff`` that two files differ. Who throws the
    messages of a command away expects them. There is no terminal here to be cleared.
    """
    if re.search(r"[2&]>>?\s*/dev/null|>\s*/dev/null 2>&1", command):
        return True
    names = [plain(words) for words in commands(command)]
    if any(_ON_TERMINALS.match(name) for name in names):
        return True
    return status in (1, _XARGS_FAILED) and any(_SEARCHES.match(name) for name in names)


_XARGS_FAILED = 123  # one of the commands that it started has failed
_ON_TERMINALS = re.compile(r"(\S*/)?(clear|reset|stty|tput)( |$)")
_SEARCHES = re.compile(
    r"""(xargs\ (-\S+\ )*)?(\S*/)?
    ([efz]?grep|rg|pgrep|pidof|diff|cmp|which|type|test|\[\[?|expr|git\ (\S+\ )*?(grep|diff)
    | -[vV]  # of "command -v"
    )(\ |$)""",
    re.VERBOSE,
)


def background_line(source: str) -> int:
    """The first line that starts a command in the background; 1 where none is seen."""
    lines = logical_lines(source)
    return next((line.first for line in lines if re.search(r"(?<![&<>|])&(?![&>])", line.bare)), 1)


def ends_at(source: str, number: int) -> bool:
    """Does a block end with its line ``number``, which leaves the shell, or with the compound around it?"""
    lines = list(logical_lines(source))
    at = next((n for n, line in enumerate(lines) if line.first <= number <= line.last), None)
    if at is None:
        return False
    rest = re.split(r"\b(?:exit|exec|return)\b[^;&|\n}]*", lines[at].bare, maxsplit=1)[-1]
    following = [rest, *(line.bare for line in lines[at + 1 :])]
    first = next((text for text in following if not re.fullmatch(r"\s*;?\s*", text)), "")
    if re.match(r"[\s;]*(else|elif|;;)", first):  # the other branches were not to run
        return re.search(r"(^|[\s;])(fi|esac|done|\})$", following[-1]) is not None
    return all(re.fullmatch(r"[\s;]*((fi|done|esac|\}|\)|;;)[\s;]*)*", text) for text in following)


def uncalled_function(source: str, others: Iterable[str] = ()) -> str | None:
    """A function that a block defines and that neither it nor the ``others`` name again."""
    defines = re.compile(r"(?:^|[;&]\s*)(?:function\s+([\w:.-]+)|([\w:.-]+)\s*\(\))")
    whole = "\n".join([source, *others])
    for line in logical_lines(source):
        match = defines.match(line.bare)
        if match is not None:
            name = match[1] or match[2]
            heads = len(re.findall(rf"(?m)^\s*(?:function\s+{name}\b|{name}\s*\(\))", whole))
            if len(re.findall(rf"(?<![\w-]){re.escape(name)}(?![\w-])", whole)) <= heads:
                return name
    return None


# --- commands


def commands(line: str) -> list[list[str]]:
    """The simple commands of a logical line, as words; empty where it cannot be split."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()")
    lexer.commenters = ""
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    try:
        for word in lexer:
            if re.fullmatch(r"[;&|()]+", word):
                found.append([])
            elif found[-1] or word not in _LEADERS:
                found[-1].append(word)
    except ValueError:
        return []
    return [words for words in found if words]


_LEADERS = frozenset({"sudo", "!", "time", "exec", "command", "then", "do", "else", "if", "while", "{", "}"})


def plain(words: list[str]) -> str:
    """A command as one text, without the variables set for it and without the folder of its program."""
    while words and re.match(r"\w+=", words[0]):
        words = words[1:]
    if not words:
        return ""
    return " ".join([re.sub(r"^(.*/)?(?=pip|python|uv\b)", "", words[0]), *words[1:]])
