"""What a bash block's text says: lists that may fail unseen, ends, installs, transcripts."""

from __future__ import annotations

import pytest
from tortoise_dev.snippets import shell_text
from tortoise_dev.snippets.shell_installs import installs
from tortoise_dev.snippets.transcript import transcript_problem

HERE_DOCUMENT = "cat <<'END' > a\na && b\nEND\n! c"


def test_logical_lines_leave_out_comments_and_here_documents() -> None:
    script = "a \\\n  b  # && c\n\n" + HERE_DOCUMENT
    lines = [(line.first, line.last, line.text) for line in shell_text.logical_lines(script)]
    assert lines == [(1, 2, "a   b"), (4, 4, "cat <<'END' > a"), (7, 7, "! c")]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a && b", [1]),
        ("a &&\n  b\nc", [1, 2]),
        ("! a", [1]),
        ("if ! a; then b; fi", []),
        ("a && b || c", []),
        ("a && continue", []),
        ("echo 'a && b'", []),
        (HERE_DOCUMENT, [4]),
    ],
)
def test_lines_that_may_fail_unseen(script: str, expected: list[int]) -> None:
    assert shell_text.suspects(script) == expected


@pytest.mark.parametrize(
    ("script", "line", "ends"),
    [
        ("exit 0\nfalse", 1, False),
        ("exit 0; false", 1, False),
        ("a\nexit 0\n\n# the end", 2, True),
        ("if a; then\n  exit 0\nfi\n", 2, True),
        ("if a; then\n  exit 0\nfi\nfalse", 2, False),
        ("if a; then\n  exit 0\nelse\n  b\nfi", 2, True),
        ("case a in\n  a) exit 0 ;;\n  b) c ;;\nesac", 2, True),
    ],
)
def test_where_leaving_ends_a_block(script: str, line: int, ends: bool) -> None:
    assert shell_text.ends_at(script, line) is ends


@pytest.mark.parametrize(
    ("script", "command", "status", "lost"),
    [
        ("for x in $(ls a); do b; done", "ls a", 2, True),
        ("for x in `ls a`; do b; done", "ls a", 2, True),
        ('for x in "$(ls a)"; do b; done', "ls a", 2, True),
        ("for x in $(LC_ALL=C grep a b); do c; done", "LC_ALL=C grep a b", 1, False),
        ("for x in $(/usr/bin/grep a b); do c; done", "/usr/bin/grep a b", 1, False),
        ("for x in $(/usr/bin/grep a b); do c; done", "/usr/bin/grep a b", 2, True),
        ("for x in $(find . | xargs grep a); do c; done", "xargs grep a", 123, False),
        ('for x in "$(find . | xargs grep a)"; do c; done', "xargs grep a", 123, False),
        ("for x in $(expr 1 - 1); do c; done", "expr 1 - 1", 1, False),
        ("for x in $(git -C a grep b); do c; done", "git -C a grep b", 1, False),
        ("for x in $(git ls-files a); do c; done", "git ls-files a", 1, True),
        ("for x in $(command -v a); do c; done", "command -v a", 1, False),
        ("for x in $(ls *.x 2>/dev/null); do c; done", "ls *.x 2> /dev/null", 2, False),
        ('for x in $(cat a); do b="$(ls c)" || d; done', "ls c", 2, False),
        ("for x in $(cat a); do (b) || c; done", "b", 2, False),
        ("for x in a b; do c; done", "c", 2, False),
    ],
)
def test_commands_that_fail_among_the_words_of_a_for(
    script: str, command: str, status: int, lost: bool
) -> None:
    assert shell_text.is_lost_in_for(script, 1, command, status) is lost


def test_a_function_that_nothing_names_again() -> None:
    assert shell_text.uncalled_function("f() {\n  a\n}") == "f"
    assert shell_text.uncalled_function("f() { a; }\nf") is None
    assert shell_text.uncalled_function("f() { a; }", ["trap 'f' EXIT"]) is None


@pytest.mark.parametrize(
    ("script", "only"),
    [
        ("pip install a", True),
        (".venv/bin/pip install -U a", True),
        ("python3.12 -m pip install a", True),
        ("cd a && uv sync", True),
        ("curl -fsSL https://example.org/a.sh | sh", True),
        ("git clone git@example.org:a/b.git", True),
        ("pip install a\na --help", False),
    ],
)
def test_installs(script: str, only: bool) -> None:
    lines, found = installs(script)
    assert lines
    assert found is only


@pytest.mark.parametrize(
    "script",
    [
        "pip list",
        "uv pip list",
        "uv run pytest",
        "npm run build",
        "git clone ./a b",
        "curl http://localhost:8000/",
        "echo 'pip install a'",
    ],
)
def test_no_installs(script: str) -> None:
    assert installs(script) == ([], False)


def test_what_a_block_needs_by_name_is_there() -> None:
    assert installs("docker run a", "docker") == ([], False)
    assert installs("pip install a", "pip")[1]


@pytest.mark.parametrize(
    "line", ["$ a", "(venv) $ a", "me@box:~$ a", "root@box:/# a", "% a", "> a b", "C:\\> a"]
)
def test_prompts_in_a_script(line: str) -> None:
    problem = transcript_problem(f"# a comment\n{line}\n")
    assert problem is not None
    assert problem[0] == 2


@pytest.mark.parametrize("script", ["> a.txt", "echo $ a", "$(pwd)/a", "cat <<END\n$ a\nEND", "# $ a"])
def test_scripts_that_are_no_transcripts(script: str) -> None:
    assert transcript_problem(script) is None
