"""Copy it into the project of references/jobs.md: workers in processes of their own."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from tortoise import Tortoise
from tortoise.context import TortoiseContext

from apps.billing.models.reminder import Reminder
from apps.billing.services.reminders import remind
from apps.jobs.http_sender import sender
from apps.jobs.models import JobStatus
from apps.jobs.services import LEASE
from tests.conftest import DATABASE_URL, MODELS
from tests.test_reminders import make_due

PROJECT = Path(__file__).parents[1]
RUN_OFTEN = """\
import asyncio, remind
from apps.jobs import worker
worker.PAUSE = 0.5
asyncio.run(worker.serve(remind.run))
"""


class Workers:
    """Workers, their database, and a mail provider that answers when it may."""

    def __init__(self, database: str) -> None:
        self.environment = os.environ | {"DATABASE_URL": database, "PYTHONPATH": str(PROJECT)}
        self.processes: list[Process] = []
        self.keys: list[str] = []
        self.three_send, self.may_answer = asyncio.Event(), asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        self.keys.append(head.split("idempotency-key: ")[1].split("\r\n")[0])
        if len(self.keys) == 3:
            self.three_send.set()
        await self.may_answer.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    async def start(self, *arguments: str, **environment: str) -> Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *(arguments or [str(PROJECT / "remind.py")])),
            env=self.environment | environment,
            stderr=PIPE,
        )
        self.processes.append(process)
        return process


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[Workers]:
    sqlite = DATABASE_URL.startswith("sqlite")
    url = f"sqlite://{tmp_path}/workers.sqlite3" if sqlite else DATABASE_URL.format(uuid4().hex)
    workers = Workers(url)
    server = await asyncio.start_server(workers.answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    workers.environment["MAIL_URL"] = f"http://{host}:{port}/"
    async with server, TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": MODELS}, _create_db=not sqlite)
        await Tortoise.generate_schemas()
        try:
            yield workers
        finally:
            for process in workers.processes:
                if process.returncode is None:
                    process.kill()
                await process.communicate()
            await Tortoise._drop_databases()


async def test_one_is_killed_and_two_are_stopped_while_they_send(workers: Workers) -> None:
    signals = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
    await make_due("1", "2", "3")
    processes = [await workers.start() for _ in signals]
    await asyncio.wait_for(workers.three_send.wait(), 30)
    for process, number in zip(processes, signals, strict=True):
        process.send_signal(number)
    await processes[0].wait()
    workers.may_answer.set()
    assert [await process.wait() for process in processes] == [-signal.SIGKILL, 0, 0]
    left = await Reminder.get(status=JobStatus.WAITING)
    assert len(set(workers.keys)) == 3

    async with httpx.AsyncClient() as client:
        send = sender(client, workers.environment["MAIL_URL"])
        await remind(send, asyncio.Event())
        assert len(workers.keys) == 3  # the claim of the dead worker has not ended
        await Reminder.filter(id=left.id).update(next_attempt_at=left.next_attempt_at - LEASE)
        await remind(send, asyncio.Event())
    assert str(left.id) in workers.keys[:3]
    assert workers.keys[3:] == [str(left.id)]  # the provider knows the key, and sends nothing
    assert await Reminder.filter(status=JobStatus.DONE, failures=0).count() == 3


@contextlib.asynccontextmanager
async def relay(port: int, target: str | None, target_port: int | None) -> AsyncIterator[None]:
    """Pass the bytes of each connection on to the database server."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection(target, target_port)
        await asyncio.gather(pass_on(reader, outer), pass_on(inner, writer))

    async with await asyncio.start_server(connected, "127.0.0.1", port):
        yield


async def test_without_a_database_a_worker_goes_on(workers: Workers, tmp_path: Path) -> None:
    await make_due("1")
    workers.may_answer.set()
    url = urlsplit(workers.environment["DATABASE_URL"])
    begins: contextlib.AbstractAsyncContextManager[None] = contextlib.nullcontext()
    if url.scheme == "sqlite":
        late = f"sqlite://{tmp_path}/late/workers.sqlite3"  # the folder is missing
    else:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        account = url.netloc.rpartition("@")[0]
        query = "timeout=1" if url.scheme == "psycopg" else url.query  # its default is 30 seconds
        late = url._replace(netloc=f"{account}@127.0.0.1:{port}", query=query).geturl()
        begins = relay(port, url.hostname, url.port)
    process = await workers.start("-c", RUN_OFTEN, DATABASE_URL=late)
    assert process.stderr
    log = ""
    async with asyncio.timeout(30):
        while log.count("This run has ended early") < 2:
            log += (await process.stderr.readline()).decode()
    if url.scheme == "sqlite":
        (tmp_path / "late").symlink_to(tmp_path)
    async with begins, asyncio.timeout(30):
        while not await Reminder.exists(status=JobStatus.DONE):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        process.terminate()
        _, rest = await process.communicate()
    assert process.returncode == 0
    assert f":{url.password}@" not in log + rest.decode()
