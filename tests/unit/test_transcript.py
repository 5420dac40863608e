"""Commands and answers of a transcript are told apart."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tortoise_dev.snippets.transcript import TranscriptError, read_transcript, script_of


def entries(text: str) -> list[tuple[int, str, str, int]]:
    return [(e.line, "\n".join(e.command), e.shown, e.output_line) for e in read_transcript(text)]


def test_prompts_and_what_they_printed() -> None:
    text = "# a remark\n$ a\none\n\ntwo\n\n# another\n(venv) $ b\n# a heading\n"
    assert entries(text) == [(2, "a", "one\n\ntwo", 3), (8, "b", "# a heading", 9)]


def test_a_command_may_go_on() -> None:
    text = "$ a \\\n    b\n$ for n in 1; do\n> c\n> done\n> d\n"
    assert entries(text) == [(1, "a \\\n    b", "", 0), (3, "for n in 1; do\nc\ndone", "> d", 6)]


def test_a_hash_is_a_prompt_where_nothing_else_is() -> None:
    assert entries("# a\none\n# b\n") == [(1, "a", "one", 2), (3, "b", "", 0)]


def test_the_commands_alone_keep_their_lines() -> None:
    assert script_of(read_transcript("$ a\none\n$ b\n")) == "a\n\nb"


def test_text_above_the_first_prompt() -> None:
    with pytest.raises(TranscriptError) as caught:
        read_transcript("one\n$ a\n")
    assert caught.value.line == 1


def test_bash_is_asked_in_utf8_whatever_the_locale_is() -> None:
    """Its answer quotes the text."""
    code = (
        "from tortoise_dev.snippets.transcript import is_unfinished; print(is_unfinished(['echo (\\u00fc)']))"
    )
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | ascii_only, capture_output=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == (b"False", 0), done.stderr
