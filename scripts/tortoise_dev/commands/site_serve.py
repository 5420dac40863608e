"""``handbook.py serve``: the website on this machine, built again when a page or a record changes."""

from __future__ import annotations

import argparse
import functools
import http.server
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from ..about import SKILL as HANDBOOK
from . import common
from .common import UnusableError, show, tell
from .site_build import add_folders

_EXAMPLES = """\
examples:
  %(prog)s               the website at http://127.0.0.1:8000/, until Ctrl-C
  %(prog)s --port 0      at a port that is free
  %(prog)s -o public     built in another folder

If a page or a record cannot be used, the command says why in one line. The last good website stays.

exit status: 2 the first build failed, or the port is taken · 130 interrupted"""

_INTERVAL = 0.5
"""Seconds between two looks at the files."""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    return common.run(_parser(prog), _run, arguments, extra="site")


def _run(options: argparse.Namespace) -> int:
    from .site_run import build  # it imports packages: --help needs none

    with _server(options.port, options.output) as server:
        seen = _state(options.records)
        build(options.records, options.output)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        show(f"http://127.0.0.1:{server.server_port}/")
        while True:
            time.sleep(_INTERVAL)
            if (now := _state(options.records)) == seen:
                continue
            seen = now
            try:
                build(options.records, options.output)
                tell(f"{options.prog}: built again")
            except (UnusableError, OSError) as error:
                tell(f"{options.prog}: {error}")


def _server(port: int, folder: Path) -> http.server.ThreadingHTTPServer:
    """A server of a folder. Raises UnusableError where the port is taken, before the build."""
    try:
        return http.server.ThreadingHTTPServer(
            ("127.0.0.1", port), functools.partial(_Quiet, directory=str(folder))
        )
    except OSError as error:
        raise UnusableError(f"--port {port}: {error.strerror or error}") from None


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the folder; a browser asks for each page again, and no request is told."""

    def end_headers(self) -> None:
        """Let nothing be kept: the next build may change it."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""


def _state(records: Path) -> dict[str, tuple[int, int]]:
    """Size and time of all files that the website is made of."""
    from ..handbook.site.build import sources

    files = [*sources(HANDBOOK), *(records.glob("*.json") if records.is_dir() else ())]
    state = {}
    for file in files:
        try:
            status = file.stat()
        except OSError:  # it went between two looks
            continue
        state[str(file)] = (status.st_size, status.st_mtime_ns)
    return state


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = common.command_parser(prog, "Serve the website to this machine alone.", _EXAMPLES)
    add_folders(parser)
    port = common.whole_number(0, 65535)
    parser.add_argument("--port", type=port, default=8000, metavar="N", help="default: %(default)s; 0: any")
    return parser


if __name__ == "__main__":
    sys.exit(main())
