"""Code spans and code-like words of a page's prose: does what they name exist?

A span resolves if it stands, word for word, in code that the page may speak of: its own blocks, the
examples that it links to, the running example. Else each of its parts must resolve by its kind: files in
the tree, commands and options in the parsers, Python names and keywords in the installed packages, messages
in their sources.
"""

from __future__ import annotations

import ast
import difflib
import fnmatch
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property

from prose import api
from prose.allowed import Allowed
from prose.code import NUMBER, WORD, PageCode, Tree, package_code
from prose.reading import Prose
from tortoise_dev.pages.fence_info import ATTRIBUTES
from tortoise_dev.rules import RULES

SQL_WORDS = frozenset(
    """
    SELECT FROM WHERE AND OR NOT NULL IS IN LIKE ORDER BY GROUP HAVING LIMIT OFFSET JOIN LEFT INNER
    OUTER ON AS DISTINCT INSERT INTO VALUES UPDATE SET DELETE CREATE TABLE VIEW INDEX UNIQUE PRIMARY KEY
    FOREIGN REFERENCES CHECK CONSTRAINT CONCURRENTLY DEFAULT ALTER COLUMN ADD DROP RENAME TO TYPE USING
    CASCADE RESTRICT BEGIN COMMIT ROLLBACK SAVEPOINT EXPLAIN ANALYZE WITH RECURSIVE UNION ALL EXISTS
    CASE WHEN THEN ELSE END COUNT SUM FOR LOCK LOCAL COPY EXECUTE
    CONFLICT DO NOTHING IGNORE DUPLICATE REPEATABLE READ COMMITTED SERIALIZABLE SHOW REVOKE GRANT
    VALIDATE INT TEXT
    BOOLEAN JSON JSONB UUID DATE TIME TIMESTAMPTZ PRAGMA ASC DESC FULL
    """.split()
)
UV_OPTIONS = {"--project": 1, "--extra": 1, "--with": 1, "--no-dev": 0, "--no-sync": 0, "-q": 0}
"""Options of `uv run`, and how many values each takes."""
SHELL_WORDS = frozenset(
    "cat cp curl diff docker git grep head helm kubectl mv npm pip rm sed sort tail uv".split()
)
SUFFIXES = "py md toml yaml yml json sh tpl lock cfg ini db sqlite3 sql txt".split()
BARE_FILES = ("Procfile", "Dockerfile", "Makefile")
META_WORDS = frozenset("a b n x N X NAME URL PATH FILE CODE TOPIC TOKEN DIR".split())
"""Names that stand for any other."""
PLACEHOLDER = re.compile(
    r"<(?:name|app|entity|Entity|Model|Name|table)>|\b(?:NAME|PATH|FILE|TOPIC)\b|…|\.\.\.|\*\*?"
)
PATHLIKE = re.compile(rf"^[~.$\w<>*…{{}},\[\]/-]*(?:/[~.$\w<>*…{{}},/-]*|\.(?:{'|'.join(SUFFIXES)}))$")
CAMEL = re.compile(
    r"\b[A-Z][a-z]+(?:[A-Z][a-z]+|[A-Z]{2,})\w*\b|\b[A-Z]{2,}[a-z]+[A-Z]\w*\b|\b[a-z]+[A-Z]\w*\b"
)
SNAKE = re.compile(r"\b[a-z]+_\w+\b")
CAPITALS = re.compile(r"\b[A-Z]{3,}(?:_[A-Z]+)*\b")


@dataclass(frozen=True)
class Problem:
    """What a page names though nothing bears the name."""

    line: int
    text: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: `{self.text}`: {self.message}"


@dataclass(frozen=True)
class Names:
    """What one page may name."""

    page: Prose
    tree: Tree
    allowed: Allowed = field(default_factory=Allowed)

    @cached_property
    def code(self) -> PageCode:
        return PageCode(self.page, self.tree)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of code that the page may speak of."""
        return self.code.words | self.tree.example_words | self.tree.words_of_tools(self.page.name)

    def problems(self) -> Iterator[Problem]:
        """What does not resolve, in page order."""
        for _, piece in self.page.pieces:
            for span in piece.spans:
                message = self.problem_of(span.text)
                if message and not self.allowed.allows_span(span.text, self.page.name):
                    yield Problem(span.line, span.text, message)
            for pattern in (CAMEL, SNAKE, CAPITALS):
                for word in pattern.findall(piece.text):
                    if not self.is_known_in_prose(word):
                        yield Problem(piece.line, word, f"is no name known here{self.nearest(word)}")

    def is_known_in_prose(self, word: str) -> bool:
        singular = {word, word.removesuffix("s"), word.removesuffix("es")}
        return bool(singular & self.allowed.proper) or any(
            self.is_name(one) or one in SQL_WORDS for one in singular
        )

    def problem_of(self, span: str) -> str | None:
        """Why a span does not resolve, or None."""
        text = span.strip()
        if not WORD.search(text) and not NUMBER.search(text):
            return None  # an operator
        for resolves in (self._as_path, self._as_command, self._as_python, self._as_words):
            answer = resolves(text)
            if answer is not None:
                answer = answer or self._problem_of_numbers(text)
                stands = not answer or self.stands_in_code(text) or self._is_said_somewhere(text)
                return None if stands else answer
        return None

    # Each of these answers "" where the span resolves, a message where it does not, None for another kind.

    def _as_path(self, text: str) -> str | None:
        if not (PATHLIKE.match(text) or text in BARE_FILES) or "://" in text:
            return None
        if self.stands_in_code(text):
            return ""
        for path in expanded(text):
            if not self._is_path(path):
                return f"is no file or folder of the tree{self._nearest_file(path)}"
        return ""

    def _is_path(self, path: str) -> bool:
        path = re.sub(r"^(?:~/|\./|\.\./|\$?SKILL/)", "", path)
        pattern = PLACEHOLDER.sub("*", path).rstrip("/")
        if path.endswith("/") or "." not in path.rsplit("/", 1)[-1]:
            return any(_matches(folder, pattern) for folder in self.tree.folders | self.tree.files)
        return any(_matches(file, pattern) for file in self.tree.files)

    def _as_command(self, text: str) -> str | None:
        if text.startswith("--") and " " not in text.split("=")[0]:
            option = text.split("=")[0]
            known = self._options()
            is_known = option in known or self.stands_in_code(option)
            return "" if is_known else f"is no option{_near(option, known)}"
        words = text.split()
        found = self._command(words)
        if found is None:
            return None
        commands, rest = found
        positional = [word for word in rest if not word.startswith("-")]
        allowed = commands[""]
        if len(rest) > 2 and rest[0] in allowed and rest[1] not in commands and rest[2] in commands:
            # `--app billing upgrade`: the value of an option comes first
            positional.append(positional.pop(0))
        if len(commands) > 1 and positional:
            if positional[0] not in commands:
                if self.stands_in_code(text):
                    return ""
                return f"{positional[0]!r} is no command{_near(positional[0], commands)}"
            allowed = commands[positional[0]] | commands[""]
            positional = positional[1:]
        for option in (word.split("=")[0] for word in rest if word.startswith("-")):
            if option not in allowed and not self.stands_in_code(option):
                return f"has no option {option}{_near(option, allowed)}"
        for word in positional:
            answer = self._as_words(word)
            if answer:
                return answer
        return ""

    def _command(self, words: list[str]) -> tuple[api.Commands, list[str]] | None:
        """The command that a line calls, and its arguments."""
        if words[:2] == ["uv", "run"]:
            words = words[2:]
            while words and words[0] in UV_OPTIONS:
                words = words[1 + UV_OPTIONS[words[0]] :]
        while words and words[0] in ("$", "uv", "run", "python", "python3", "-m", "--no-sync", "release:"):
            words = words[1:]
        if not words:
            return None
        known = api.commands()
        program = words[0].rsplit("/", 1)[-1]
        if program in known:
            return known[program], words[1:]
        if program == "tortoise-dev" and words[1:] and words[1] in ("check", "snippets"):
            return known[f"{words[1]}.py"], words[2:]
        if len(words) > 1 and not re.search(r"[(=\"]", words[0]):
            tools = [known[tool] for tool in ("tortoise", "aerich") if words[0] in known[tool]]
            if tools:
                options = {words[0]: frozenset().union(*(tool[words[0]] | tool[""] for tool in tools))}
                return {"": frozenset(), **options}, words
        return None

    def _options(self) -> frozenset[str]:
        return frozenset().union(
            *(options for command in api.commands().values() for options in command.values())
        )

    def _as_python(self, text: str) -> str | None:
        tree = parsed(text)
        if tree is None:
            return None
        if self.stands_in_code(text):
            return ""
        for node in ast.walk(tree):
            answer = self._problem_of_node(node)
            if answer:
                return answer
        return ""

    def _problem_of_node(self, node: ast.AST) -> str | None:
        match node:
            case ast.Name(id=name) | ast.arg(arg=name):
                return self._missing(name)
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                return self._missing(name)
            case ast.alias(name=name):
                return self._problem_of_dotted(name)
            case ast.Attribute():
                return self._problem_of_attribute(node)
            case ast.Call():
                return self._problem_of_call(node)
            case ast.Constant(value=str(value)):
                return self._as_words(value)
        return None

    def _problem_of_attribute(self, node: ast.Attribute) -> str | None:
        dotted = ast.unparse(node)
        if re.fullmatch(r"[\w.]+", dotted):
            return self._problem_of_dotted(dotted)
        return self._missing(node.attr)

    def _problem_of_dotted(self, dotted: str) -> str | None:
        head, *rest = dotted.split(".")
        if self.stands_in_code(dotted):
            return None
        if head == "Meta" and len(rest) == 1:
            known = api.META_OPTIONS
            return None if rest[0] in known else f"Meta has no option {rest[0]!r}{_near(rest[0], known)}"
        if rest and api.is_package(head) and (head in api.STRICT or head not in self.code.words):
            try:
                api.resolve(dotted)
            except LookupError:
                if any(_has(value, rest) for value in api.names()[head]):
                    return None  # a class with the name of its module: `datetime.now`
                return f"is not in the installed package {head}"
            return None
        owners = [value for value in api.names().get(head, []) if api.is_strict(value)]
        if rest and head[0].isupper() and owners and head not in self.code.words - api.names().keys():
            if not any(_has(owner, rest) for owner in owners):
                return f"{head} has no {'.'.join(rest)}"
            return None
        for name in (head, *rest):
            answer = self._missing(name)
            if answer:
                return answer
        return None

    def _problem_of_call(self, node: ast.Call) -> str | None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        taken = api.parameters_of(name)
        own = self.words - api.names().keys() if name in self.code.words else frozenset()
        for given in (keyword.arg for keyword in node.keywords if keyword.arg):
            if given in taken:
                continue
            if taken and "**" not in taken and name not in own:
                return f"{name}() takes no {given}={_near(given, taken)}"
            if not self.is_name(given):
                return f"{given}= is no keyword known here{self.nearest(given)}"
        return None

    def _problem_of_numbers(self, text: str) -> str:
        """A number in a span stands in code behind the same word: `limit(1)`, `replicas: 3`."""
        for match in NUMBER.finditer(text):
            number, words = match[0], WORD.findall(text[: match.start()])
            if number in ("0", "1"):
                continue  # they stand everywhere
            if words:
                found = re.compile(
                    rf"\b{words[-1]}\b(?:[\W\d]|\[\w+\]){{1,14}}(?<![\d.]){re.escape(number)}(?![\w.]*\d)"
                )
                if any(found.search(code) for code in (self.code.text, self.tree.configuration)):
                    continue
                return (
                    f"the number {number} stands nowhere behind {words[-1]!r}, in no block or linked example"
                )
            if number not in self.code.numbers:
                return f"the number {number} stands in no block or linked example"
        return ""

    def _as_words(self, text: str) -> str:
        """Any other text: as a whole in code or in a package's source, or word by word."""
        if self.stands_in_code(text) or self._is_said_somewhere(text):
            return ""
        for part in re.split(r"…|\.\.\.|<(?:name|app|entity|Entity|table)>|\*|\s\|\s", text):
            if part.strip() and (self.stands_in_code(part) or self._is_said_somewhere(part)):
                continue
            for name in re.findall(r"--[\w-]+", part):
                if name not in self._options():
                    return f"{name} is no option{_near(name, self._options())}"
            for path in re.findall(r"[\w.-]+/[\w./-]+|[\w-]+\.(?:py|md|toml|ya?ml)\b", part):
                if "://" not in text and not self.stands_in_code(path) and not self._is_path(path):
                    return f"{path} is no file or folder of the tree{self._nearest_file(path)}"
            rest = re.sub(r"--[\w-]+|[\w.-]+/[\w./-]+|[\w-]+\.(?:py|md|toml|ya?ml)\b", " ", part)
            for name in re.findall(r"[A-Za-z_]\w*|\d+[A-Za-z_]\w*", rest):
                answer = self._missing(name)
                if answer:
                    return answer
        return ""

    def _missing(self, name: str) -> str | None:
        return None if self.is_name(name) else f"{name!r} is no name known here{self.nearest(name)}"

    def is_name(self, name: str) -> bool:
        if len(name) <= 2:
            return name in META_WORDS or name in api.names() or name in self.words or name in SQL_WORDS
        if name in self.words or name in api.names() or name in META_WORDS or name in SQL_WORDS:
            return True
        if (
            name in ATTRIBUTES
            or name in RULES
            or name in SHELL_WORDS
            or name in self.allowed.words
            or name in self.allowed.foreign_to(self.page.name)
        ):
            return True
        if name.startswith("__") and not name.endswith("__"):  # a lookup: `__isnull`
            return all(part in lookups() or part in self.words for part in name.strip("_").split("__"))
        parts = name.split("__")
        if len(parts) > 1 and all(parts):
            return all(part in lookups() or part in self.words or part in META_WORDS for part in parts)
        return (
            name in api.all_parameters()
            or name in lookups()
            or name in api.META_OPTIONS
            or any(name in command for command in api.commands().values())
            or f"{name}.py" in self.tree.file_names
            or any(folder.rsplit("/", 1)[-1] == name for folder in self.tree.folders)
            or (self._may_be_a_key(name) and name in api.manifest_words())
            or occurs(name, self.tree.configuration)
        )

    def _may_be_a_key(self, name: str) -> bool:
        """Whether to look among the keys of manifests; a plain word is one on pages of deployment alone."""
        is_about = self.page.name.startswith("references/deployment")
        return is_about or re.search("_|[a-z][A-Z]", name) is not None

    def stands_in_code(self, text: str) -> bool:
        """Whether the text stands, between word boundaries, in the page's code or in the running example."""
        text = text.strip()
        if len(text) < 2 or not re.search(r"\w", text):
            return False
        if re.fullmatch(r"\w+", text):
            return text in self.words
        return occurs(text, self.code.text) or (len(text) > 5 and occurs(text, self.tree.configuration))

    def _is_said_somewhere(self, text: str) -> bool:
        """Whether a phrase (a message) stands in the source of a package, or in an example."""
        text = text.strip().strip("\"'")
        if len(text) < 8 or not re.search(r"\w\W+\w", text):
            return False
        return occurs(text, api.said_by_packages()) or occurs(text, self.tree.examples)

    def nearest(self, name: str) -> str:
        return _near(name, itertools.chain(self.words, api.names(), api.all_parameters()))

    def _nearest_file(self, path: str) -> str:
        last = path.rstrip("/").rsplit("/", 1)[-1]
        return _near(last, {file.rsplit("/", 1)[-1] for file in self.tree.files | self.tree.folders})


@cache
def lookups() -> frozenset[str]:
    """The suffixes that Tortoise's filters know."""
    found = re.findall(r"f?[\"']\{?(?:field_name|field)?\}?__(\w+)[\"']", package_code("tortoise.filters"))
    return frozenset(found)


def expanded(path: str) -> list[str]:
    """A path with each of its `{a,b}` alternatives."""
    match = re.search(r"\{([\w,]+)\}", path)
    if not match:
        return [path]
    return [
        one
        for choice in match[1].split(",")
        for one in expanded(path[: match.start()] + choice + path[match.end() :])
    ]


def parsed(text: str) -> ast.AST | None:
    """A span as Python, where it is meant so: `…` is `...`; a leading dot and a trailing `=` are let be."""
    text = re.sub(r"<Entity>", "", text.replace("…", "..."))
    text = re.sub(r"(\w)\*$", r"\1", text)
    if re.fullmatch(r"\w+=", text):
        text = f"dict({text}0)".replace("=0", "=None")
    elif re.fullmatch(r"\w+=[^=,()]+(?:\([^()]*\))?", text) or re.fullmatch(r"\w+=\[.*\]", text):
        text = f"dict({text})"
    elif text.startswith("."):
        text = f"x{text}"
    elif text.startswith("**"):
        text = text[2:]
    if "=..." not in text:
        text = re.sub(r"\(([^()]*)\.\.\.\)", lambda match: f"({match[1].rstrip(' ,')})", text)
    for source in (text, f"{text}: pass", f"{text}\n    pass", f"{text}\ndef f(): pass", f"({text})"):
        try:
            tree = ast.parse(source.removesuffix(" yield: pass"))
        except (SyntaxError, ValueError):
            continue
        if (
            re.fullmatch(r"[\w ]+", text)
            and " " in text
            and not re.match(r"(await|class|raise|except|import|from)\b", text)
        ):
            return None
        return tree
    return None


def _has(owner: object, rest: list[str]) -> bool:
    for name in rest:
        if not hasattr(owner, name):
            return name in getattr(owner, "__annotations__", {})
        owner = getattr(owner, name)
    return True


def occurs(text: str, code: str) -> bool:
    """Whether a text stands in code between the boundaries of words; spaces may be line breaks there."""
    if max(text.split(), key=len, default="") not in code:
        return False  # as nearly always: a search for a pattern takes a hundred times as long
    spaced = r"\s+".join(map(re.escape, text.split()))
    after = r"(?!\w)" if re.search(r"\w$", text) else ""
    begins_a_word = re.match(r"\w", text)
    # what stands before is looked at here, because a pattern that begins with letters is found much faster
    return any(
        not (begins_a_word and re.match(r"[\w.]", code[found.start() - 1 : found.start()]))
        for found in re.finditer(f"{spaced}{after}", code)
    )


def _matches(path: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, f"*/{pattern}")


def _near(name: str, known: object) -> str:
    close = difflib.get_close_matches(name, set(known), n=1, cutoff=0.75)  # type: ignore[call-overload]
    return f"; did you mean {close[0]!r}?" if close else ""
