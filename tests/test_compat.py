"""The private APIs of other libraries: all are there today, and one that is missing is named."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from tortoise_dev import compat


def test_every_private_name_is_there() -> None:
    assert list(compat.incompatible(compat.PRIVATE)) == []


def test_no_other_module_uses_a_private_name() -> None:
    last = {name.rpartition(":")[2].rpartition(".")[2] for names in compat.PRIVATE.values() for name in names}
    private = "|".join(name for name in last if name.startswith("_"))
    use = re.compile(
        rf"""\.({private})\b|def ({private})\(self|["']({private})["']|^\s*(from|import) _[a-z]""", re.M
    )
    library = Path(compat.__file__).parent
    texts = {file: file.read_text(encoding="utf-8") for file in library.rglob("*.py")}
    assert [file.relative_to(library).as_posix() for file, text in texts.items() if use.search(text)] == [
        "compat.py"
    ]


def test_asyncio_asks_a_future_of_another_thread_by_the_function_that_we_know() -> None:
    loop = asyncio.new_event_loop()
    coroutine = asyncio.sleep(0)
    future = asyncio.run_coroutine_threadsafe(coroutine, loop)
    loop.run_until_complete(asyncio.sleep(0.01))
    asked = [callback.__name__ for callback in future._done_callbacks]
    loop.close()
    assert asked == [compat.CANCEL_CHECK]


def test_a_missing_name_is_told_with_library_and_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(compat.PRIVATE, "python", ("atexit:_run_exitfuncs", "atexit:_no_such_function"))
    monkeypatch.setitem(compat.PRIVATE, "pytest", ("pytest:no_such.name", "no_such_module:thing"))
    python, first, second = compat.incompatible(["python", "pytest"])
    assert python.startswith("python 3.")
    assert "atexit._no_such_function" in python
    assert first == f"pytest {pytest.__version__} has no pytest.no_such.name, which tortoise-dev uses"
    assert "no_such_module.thing" in second
