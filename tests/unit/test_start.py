"""How a command starts: its status, and Ctrl-C while it imports."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType

import pytest
from tortoise_dev import start


def begin(monkeypatch: pytest.MonkeyPatch, main: Callable[[], int]) -> int:
    module = ModuleType("tortoise_dev.commands.fake")
    monkeypatch.setattr(module, "main", main, raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return start.run("fake")


def a_class_is_made_while(error: BaseException) -> int:
    class Interrupting:
        def __set_name__(self, owner: type, name: str) -> None:
            raise error

    class Made:
        attribute = Interrupting()

    return 0


def test_the_status_is_that_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    assert begin(monkeypatch, lambda: 2) == 2


def test_ctrl_c_while_a_class_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        begin(monkeypatch, lambda: a_class_is_made_while(KeyboardInterrupt()))


def test_another_error_while_a_class_is_made_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises((RuntimeError, ValueError)):
        begin(monkeypatch, lambda: a_class_is_made_while(ValueError()))
