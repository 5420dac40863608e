"""``handbook.py serve``: answers on this machine, builds again, and says in one line what is broken."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from queue import Queue
from threading import Thread

import pytest

pytestmark = pytest.mark.slow

PATIENCE = 120


def test_it_answers_and_builds_again(handbook) -> None:
    process = subprocess.Popen(
        [sys.executable, "scripts/handbook.py", "serve", "--port", "0"],
        cwd=handbook.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    said: Queue[str] = Queue()
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), process.stderr.read()
        Thread(target=lambda stream: [said.put(line) for line in stream], args=(process.stderr,)).start()

        def page() -> str:
            with urllib.request.urlopen(f"{address}references/models.html", timeout=PATIENCE) as answer:
                return answer.read().decode()

        assert "counted" in page()
        handbook.edit("references/models.md", "Read this when you count.", "Read this when you calculate.")
        assert "built again" in said.get(timeout=PATIENCE)
        assert "when you calculate" in page()

        handbook.edit("references/models.md", "```text output", "````text output")
        line = said.get(timeout=PATIENCE)
        assert "references/models.md:15: the fence opened at line 15 is never closed" in line
        assert "when you calculate" in page(), "the last good website stays"

        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
    finally:
        process.kill()
        process.wait()


def test_a_port_that_is_taken_is_one_line(handbook) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "scripts/handbook.py", "serve", "--port", port],
            cwd=handbook.root,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"handbook.py serve: --port {port}: Address already in use\n"
    assert not (handbook.root / "site").exists(), "it is told before the build"
