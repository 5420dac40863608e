"""Messages arrive as they were sent, and nothing else is taken for one."""

from __future__ import annotations

import json
from json import encoder
from typing import Any

import pytest
from tortoise_dev import compat
from tortoise_dev.snippets import protocol
from tortoise_dev.snippets.protocol import (
    Answer,
    Crash,
    End,
    Exit,
    Failure,
    Observation,
    Outcome,
    Problem,
    Ready,
    Request,
    Step,
    decode,
    decode_requests,
    encode,
    encode_requests,
)

PROBLEM = Problem(3, "left a task", 'more\nof "it" é 🐢 \x00 \udce9')
FAILURE = Failure("KeyError", "builtins.KeyError", "'a'", "'a'", 4, "Traceback\n")
ANSWERS: list[Answer] = [
    Ready(),
    Ready("no models"),
    Outcome(0, FAILURE, [PROBLEM], None, "out\n", "err\n", ["SELECT 1"], 0.25, True),
    Outcome(1),
    End([PROBLEM]),
    Crash("Traceback\n"),
    Exit(-9, True, "stacks\n", 1.5, ["sleep 5"]),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_answers_arrive_as_they_were_sent(answer: Answer) -> None:
    line = encode(answer)
    assert line.count(b"\n") == 1
    assert decode(line.decode()) == answer


def test_requests_arrive_as_they_were_sent() -> None:
    files = [("a.py", "x\n")]
    request = Request("/a.md", [Step(0, "python", "x\n", 3)], "/c", "/s", "/k", 10.0, files=files)
    assert decode_requests(encode_requests([request, request])) == [request, request]


@pytest.mark.parametrize(
    "line", ["", "{", "[]", "{}", '{"is": "Request"}', '{"is": "Exit"}', '{"is": "Exit", "x": 1}']
)
def test_what_is_no_message_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        decode(line)


def test_an_observation_takes_all_of_it_in() -> None:
    observation = Observation()
    for answer in ANSWERS[2:]:
        observation.note(answer)
    assert observation.outcomes.keys() == {0, 1}
    assert observation.ended
    assert (observation.exit, observation.timed_out, observation.processor) == (-9, True, 1.5)
    assert observation.left == ["sleep 5"]
    assert observation.crash == "Traceback\n"


@pytest.mark.parametrize("make", [encoder.c_make_encoder, None], ids=["C", "Python"])
def test_json_is_written_as_json_dumps_writes_it(monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    monkeypatch.setattr(encoder, "c_make_encoder", make)
    value = {"a": [1, 2.5, None, True, "é\n\x00\udce9"], "b": PROBLEM, "c": float("nan"), "d": {}, "e": ()}
    assert compat.json_encoder(vars)(value) == json.dumps(value, default=vars)
    assert protocol.encode(Ready()) == b'{"is": "Ready", "problem": null}\n'
