# snippet: needs="uvicorn"
"""What uvicorn does with SIGTERM, with a request that is too long, and with several workers.

By hand: python examples/deployment_stop.py
"""

import http.client
import os
import re
import shutil
import signal
import socket
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
    print("began", flush=True)
    await asyncio.sleep(float(scope["path"][1:] or 0))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})
"""
PATIENCE = 55  # seconds that a busy machine may need for what takes one
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
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("GET", f"/{path}")
            answers.append(connection.getresponse().read().decode())
        except OSError as error:
            answers.append(type(error).__name__)

    server = start("--timeout-graceful-shutdown", limit)
    said = read_until(server, "running on")
    port = port_of(said)
    running = threading.Thread(target=get, args=[seconds])
    running.start()
    read_until(server, "began")
    server.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    read_until(server, "Shutting down")
    while is_open(port):
        time.sleep(0.05)
    get(0)  # a request that arrives after SIGTERM
    running.join()
    rest, _ = server.communicate(timeout=PATIENCE)
    return answers, time.monotonic() - begin, rest


def port_of(said: str) -> int:
    """The port that the server chose."""
    return int(re.findall(r"http://127.0.0.1:(\d+)", said)[0])


def is_open(port: int) -> bool:
    """Does the server still take connections?"""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def workers_end_with_the_parent() -> None:
    server = start(WEB_CONCURRENCY="2")  # as `--workers 2`
    said = read_until(server, "startup complete", times=2)
    [first, second] = re.findall(r"server process \[(\d+)\]", said)
    os.kill(int(first), signal.SIGKILL)  # as the kernel does with a process that takes too much memory
    said = read_until(server, "startup complete")
    assert f"Child process [{first}] died" in said  # the parent starts another one, and the container goes on
    server.send_signal(signal.SIGTERM)
    said, _ = server.communicate(timeout=PATIENCE)
    assert said.count("closes its connections") == 2 and server.returncode == 0
    assert f"Terminated child process [{second}]" in said


def workers_answer_no_new_request() -> None:
    """The parent keeps the port open: a request after SIGTERM waits, and its connection is reset later."""
    server = start(WEB_CONCURRENCY="2")
    said = read_until(server, "startup complete", times=2)
    port = port_of(said)
    running = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    running.request("GET", "/3")
    read_until(server, "began")
    server.send_signal(signal.SIGTERM)
    read_until(server, "Shutting down", times=2)
    assert is_open(port)
    later = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        later.request("GET", "/0")
        later.getresponse()
    except ConnectionResetError:
        pass
    else:
        raise AssertionError("a worker answered")
    assert running.getresponse().read() == b"done"
    server.communicate(timeout=PATIENCE)


def broken_start(workers: str) -> int:
    """The status with which the server ends by itself."""
    server = start(WEB_CONCURRENCY=workers, BROKEN="yes")
    try:
        server.communicate(timeout=PATIENCE)
    finally:
        server.kill()
    return server.returncode


if __name__ == "__main__":
    answers, took, said = stop(3, "50")
    assert answers == ["ConnectionRefusedError", "done"]  # the later request comes back first
    assert took < 45 and "closes its connections" in said
    answers, took, said = stop(50, "1")
    assert answers == ["ConnectionRefusedError", "Internal Server Error"]
    assert took < 45 and "timeout graceful shutdown exceeded" in said
    assert "closes its connections" in said  # the lifespan ends, and closes the pool

    workers_end_with_the_parent()
    workers_answer_no_new_request()
    assert broken_start("1") == 3
    if tuple(map(int, version("uvicorn").split(".")[:2])) >= (0, 50):
        assert broken_start("2") in (0, 3)  # uvicorn 0.42 starts the worker again and again
    shutil.rmtree(FOLDER)
