"""Interpreters that are started before it is known what they will run."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest
from tortoise_dev.pages.reading import parse_page
from tortoise_dev.snippet_settings import SnippetSettings
from tortoise_dev.snippets.planning.plan import plan_page
from tortoise_dev.snippets.result import Result
from tortoise_dev.snippets.running.interpreters import AHEAD, Interpreter, Interpreters
from tortoise_dev.snippets.running.jobs import jobs_of
from tortoise_dev.snippets.running.scheduler import Scheduler


def end(process: Interpreter) -> None:
    process.kill()
    process.communicate()


def results_of(source: str, folder: Path, interpreters: Interpreters) -> list[tuple[str, str]]:
    """Status and reason of a block that is run by one of the interpreters."""
    settings = SnippetSettings(root=folder)
    plan = plan_page(parse_page(f"```python\n{source}\n```\n", folder / "page.md", "page.md"), settings)
    found: list[Result] = []
    scheduler = Scheduler(settings, [*jobs_of(plan, [])], workers=1, interpreters=interpreters)
    with scheduler:
        scheduler.run_all(lambda job, results: found.extend(results))
    assert scheduler.problems == []
    return [(result.status, result.reason) for result in found]


def test_those_that_nobody_takes_are_ended() -> None:
    with Interpreters(ahead=2) as interpreters:
        taken = interpreters.take()
        [waiting] = interpreters.waiting
        assert waiting.poll() is None
    assert waiting.poll() is not None
    assert taken.poll() is None
    end(taken)


def test_each_is_taken_once_and_then_new_ones_are_started() -> None:
    with Interpreters(ahead=1) as interpreters:
        taken = [interpreters.take() for _ in range(3)]
        assert len({process.pid for process in taken}) == 3
        for process in taken:
            end(process)


def test_a_machine_with_many_processors_gets_a_few_ahead() -> None:
    with Interpreters(ahead=64) as interpreters:
        assert len(interpreters.waiting) == AHEAD


def test_what_cannot_be_started_ahead_is_an_error_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with Interpreters(ahead=2) as interpreters, pytest.raises(OSError, match="nowhere"):
        interpreters.take()


@pytest.mark.slow
def test_blocks_have_the_environment_of_the_time_when_they_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "import os\n\nassert os.environ['TORTOISE_DEV_LATE'] == 'yes'"
    with Interpreters(ahead=1) as interpreters:
        [ahead] = interpreters.waiting
        monkeypatch.setenv("TORTOISE_DEV_LATE", "yes")
        assert results_of(source, tmp_path, interpreters) == [("passed", "")]
        assert ahead.poll() is not None


@pytest.mark.slow
@pytest.mark.parametrize("given", [None, "1"])
def test_blocks_do_not_see_what_is_for_the_interpreter_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    if given is None:
        monkeypatch.delenv("LD_BIND_NOW", raising=False)
    else:
        monkeypatch.setenv("LD_BIND_NOW", given)
    source = f"import os\n\nassert os.environ.get('LD_BIND_NOW') == {given!r}\n"
    source += "assert 'PYTEST_CURRENT_TEST' not in os.environ"
    with Interpreters(ahead=1) as interpreters:
        assert results_of(source, tmp_path, interpreters) == [("passed", "")]


def test_pytest_may_begin_another_test_while_an_interpreter_is_taken() -> None:
    done = threading.Event()

    def go_on() -> None:
        while not done.is_set():
            os.environ["PYTEST_CURRENT_TEST"] = "another"
            del os.environ["PYTEST_CURRENT_TEST"]

    interval = sys.getswitchinterval()
    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        sys.setswitchinterval(1e-6)
        for _ in range(3000):
            assert Interpreters().waiting == []
    finally:
        sys.setswitchinterval(interval)
        done.set()
        thread.join()
