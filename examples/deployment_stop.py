# snippet: needs="uvicorn"
"""What uvicorn does with SIGTERM, with a request that is too long, and with several workers.

By hand: python examples/deployment_stop.py
"""

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path

APP = """
import asyncio, os

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        if "BROKEN" in os.environ:
            await send({"type": "lifespan.startup.failed", "message": "broken"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("closes its connections", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    await asyncio.sleep(float(scope["path"][1:] or 0))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})
"""
FOLDER = Path(tempfile.mkdtemp())
(FOLDER / "app.py").write_text(APP)


def start(*options: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", "0", "--no-use-colors", *options]
    return subprocess.Popen(
        command,
        cwd=FOLDER,
        env=os.environ | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def read_until(server: subprocess.Popen[str], pattern: str, times: int = 1) -> str:
    """What the server says until the pattern came so often."""
    assert server.stdout is not None
    said = ""
    while len(re.findall(pattern, said)) < times:
        line = server.stdout.readline()
        assert line, said
        said += line
    return said


def stop(seconds: float, limit: str) -> tuple[list[str], float, str]:
    """Send SIGTERM during a request, then a later request: the answers, the time to the end, the log."""
    answers: list[str] = []

    def get(path: float) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", f"/{path}")
            answers.append(connection.getresponse().read().decode())
        except OSError as error:
            answers.append(type(error).__name__)

    server = start("--timeout-graceful-shutdown", limit)
    said = read_until(server, "running on")
    port = int(re.findall(r"http://127.0.0.1:(\d+)", said)[0])
    running = threading.Thread(target=get, args=[seconds])
    running.start()
    time.sleep(0.5)
    server.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    time.sleep(0.3)
    get(0)  # a request that arrives after SIGTERM
    running.join()
    rest, _ = server.communicate(timeout=10)
    return answers, time.monotonic() - begin, rest


def workers_end_with_the_parent() -> None:
    server = start(WEB_CONCURRENCY="2")  # as `--workers 2`
    said = read_until(server, "startup complete", times=2)
    [first, second] = re.findall(r"server process \[(\d+)\]", said)
    os.kill(int(first), signal.SIGKILL)  # as the kernel does with a process that takes too much memory
    said = read_until(server, "startup complete")
    assert f"Child process [{first}] died" in said  # the parent starts another one, and the container goes on
    server.send_signal(signal.SIGTERM)
    said, _ = server.communicate(timeout=10)
    assert said.count("closes its connections") == 2 and server.returncode == 0
    assert f"Terminated child process [{second}]" in said


def broken_start(workers: str) -> int | None:
    """The status with which the server ends, or None if it goes on."""
    server = start(WEB_CONCURRENCY=workers, BROKEN="yes")
    try:
        server.communicate(timeout=4)
    except subprocess.TimeoutExpired:
        server.terminate()
        server.communicate(timeout=10)
        return None
    return server.returncode


if __name__ == "__main__":
    answers, took, said = stop(1, "5")
    assert answers == ["ConnectionRefusedError", "done"]  # the later request comes back first
    assert took < 4 and "closes its connections" in said
    answers, took, said = stop(8, "1")
    assert answers == ["ConnectionRefusedError", "Internal Server Error"]
    assert took < 4 and "timeout graceful shutdown exceeded" in said
    assert "closes its connections" in said  # the lifespan ends, and closes the pool

    workers_end_with_the_parent()
    assert broken_start("1") == 3
    if tuple(map(int, version("uvicorn").split(".")[:2])) >= (0, 50):
        assert broken_start("2") is not None  # uvicorn 0.42 starts the worker again and again
    shutil.rmtree(FOLDER)
