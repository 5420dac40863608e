"""The setting ``prelude``: a Python file of the project that runs before every chain."""

from __future__ import annotations

import functools
import inspect
import re
from pathlib import Path

from ...pages.fence_info import Info
from ...pages.page import Block
from ...settings import SettingsError
from ...snippet_settings import SnippetSettings
from .. import source
from ..protocol import Failure
from .planned import Chain, PlannedBlock


def project_prelude(settings: SnippetSettings) -> PlannedBlock | None:
    """The project's prelude as a block, or None. Raises SettingsError for a file that does not compile."""
    if settings.prelude is None:
        return None
    return PlannedBlock(_block(settings.prelude, settings.prelude.stat().st_mtime_ns))


@functools.cache
def _block(file: Path, changed: int) -> Block:
    """A block that runs the file's text as that file, so that tracebacks show its own lines."""
    name = str(file)
    try:
        text = file.read_text(encoding="utf-8")
        with source.warnings_as_errors():
            code = source.compile_tree(source.parse(text, name, 1), name)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: prelude: {error}") from None
    except SyntaxError as error:
        raise SettingsError(f"{file}:{error.lineno}: prelude: does not compile: {error.msg}") from None
    # lines stay lines: what a block imports is read off its text
    literal = text.replace("\\", "\\\\").replace('"', '\\"')
    flags = source.TOP_LEVEL_AWAIT
    compiled = f'compile("""{literal}""", {name!r}, \'exec\', {flags}, dont_inherit=True)'
    waits = code.co_flags & inspect.CO_COROUTINE
    runs = f"await eval({compiled}, globals())" if waits else f"exec({compiled}, globals())"
    info = Info("python", {"prelude": ""})
    return Block(f"{name}::top/1", 1, 1, 2, info, f"{runs}\n")


def runs_before(chain: Chain) -> bool:
    """Does the project's prelude run before a chain? Files of their own and pure ``bash`` have no use for
    it.
    """
    return any(p.block.kind in ("python", "session") and not p.is_written for p in chain.blocks)


def failure_of(prelude: PlannedBlock, failure: Failure) -> tuple[str, str]:
    """What went wrong in the project's prelude, with its file and line, and its own part of the traceback."""
    file = prelude.block.id.partition("::")[0]
    lines = re.findall(rf'File "{re.escape(file)}", line (\d+)', failure.traceback)
    place = f"{Path(file).name}:{lines[-1]}" if lines else Path(file).name
    head, found, tail = failure.traceback.partition(f'  File "{file}"')
    detail = f"{head.splitlines()[0]}\n{found}{tail}" if found else failure.traceback
    return f"the prelude {place} fails: {failure.type}: {failure.message}", detail
