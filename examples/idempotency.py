# snippet: needs="sqlite|postgres|mysql"
# ruff: noqa: E402 - the imported files exist only after the code above
"""What the files of references/idempotency.md do with many requests in two processes, and if a process dies.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/idempotency.py
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

FOLDER = Path(__file__).parent
PROJECT = Path(os.environ.get("SHOP_PROJECT") or tempfile.mkdtemp())
BLOCK = re.compile(r'(?ms)^```python (?:continues )?title="([^"]+)"\n(.+?)^```')
is_child = "SHOP_PROJECT" in os.environ

if not is_child:
    for project in ("billing", "once", "shop", "pay_once"):
        shutil.copytree(FOLDER / project / "apps", PROJECT / "apps", dirs_exist_ok=True)
    page = (FOLDER.parent / "references" / "idempotency.md").read_text(encoding="utf-8")
    for path, text in BLOCK.findall(page):
        (PROJECT / path).parent.mkdir(parents=True, exist_ok=True)
        (PROJECT / path).write_text(text, encoding="utf-8")
sys.path.insert(0, str(PROJECT))
sys.dont_write_bytecode = True
for loaded in [one for one in sys.modules if one.split(".")[0] == "apps"]:
    del sys.modules[loaded]  # another copy of the project

import httpx
from apps.common.errors import EXCEPTION_HANDLERS
from apps.once import dependencies
from apps.once.models import IdempotencyKey
from apps.once.services import Answer, RefusedError, answer_of, answer_once
from apps.shop.models import Claim, Order, OrderLine, OrderStatus, Product, Voucher
from apps.shop.routers import orders as routes
from apps.shop.services.claim import claim_voucher
from apps.shop.services.pay import pay_order
from fastapi import FastAPI
from tortoise import fields
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import DoesNotExist, IntegrityError
from tortoise.expressions import F
from tortoise.models import Model
from tortoise.transactions import atomic, in_transaction

URL = os.environ["DATABASE_URL"]
if URL.startswith("sqlite"):
    URL = f"sqlite://{PROJECT}/shop.sqlite3"  # two processes cannot share a database in memory
IS_SQLITE, IS_POSTGRES = URL.startswith("sqlite"), URL.startswith(("postgres", "asyncpg", "psycopg"))
IS_MYSQL = not IS_SQLITE and not IS_POSTGRES
ANN = UUID(int=1)
DONE = {"taken": 1}
KEYS, REPEATS = 6, 4


class PlainKey(Model):
    """WRONG: the text of the header, and JSON as the answer."""

    id = fields.IntField(primary_key=True)
    key = fields.CharField(max_length=255, unique=True)
    body: Any = fields.JSONField(null=True)


@asynccontextmanager
async def database(init_command: str | None = None, **credentials: Any):
    """A pool of its own, as in another process."""
    entry = expand_db_url(URL)
    entry["credentials"] |= credentials
    if init_command:
        entry["credentials"]["init_command"] = init_command
    apps = {
        "models": {
            "models": ["apps.once.models", "apps.shop.models", "__main__"],
            "default_connection": "default",
        }
    }
    async with TortoiseContext() as context:
        await context.init(config={"connections": {"default": entry}, "apps": apps, "use_tz": True})
        yield context


def client() -> httpx.AsyncClient:
    app = FastAPI(exception_handlers=EXCEPTION_HANDLERS)
    app.include_router(routes.router)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://shop.test")


async def post(http: httpx.AsyncClient, order_id: UUID, key: str | None = None) -> tuple[int, str]:
    headers = {"X-User": str(ANN)} | ({"Idempotency-Key": key} if key else {})
    answer = await http.post(f"/orders/{order_id}/pay", headers=headers)
    return answer.status_code, answer.text


async def an_order(product: Product, quantity: int = 1) -> Order:
    order = await Order.create(total="5.00")
    await OrderLine.create(order=order, product=product, quantity=quantity)
    return order


async def stock(product: Product) -> int:
    return (await Product.get(id=product.id)).stock


async def all_at_once(order_ids: list[UUID]) -> list[tuple[int, str]]:
    async with client() as http:
        return await asyncio.gather(
            *(post(http, pk, f"key of {pk}") for pk in order_ids for _ in range(REPEATS))
        )


# What the child processes do


async def send() -> None:
    """Send the requests, and print the answers."""
    async with database():
        print(json.dumps(await all_at_once([UUID(one) for one in sys.argv[2:]])))


async def die_before_the_answer() -> None:
    """The process ends between the change and the COMMIT."""
    async with database(), client() as http:
        with patch.object(dependencies, "Answer", side_effect=lambda *args: os._exit(9)):
            await post(http, UUID(sys.argv[2]), "k")


async def die_after_the_commit() -> None:
    """The process ends before the client gets the answer."""
    async with database(), client() as http:
        with patch.object(dependencies, "Response", side_effect=lambda *args, **options: os._exit(9)):
            await post(http, UUID(sys.argv[2]), "k")


def start(name: str, *order_ids: UUID) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, name, *map(str, order_ids)]
    environment = os.environ | {"SHOP_PROJECT": str(PROJECT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


async def died(name: str, order_id: UUID) -> bool:
    child = start(name, order_id)
    await asyncio.to_thread(child.communicate, timeout=40)
    return child.returncode == 9


# The proofs


async def two_processes() -> None:
    """Each key is sent four times by each of two processes: one change, eight equal answers."""
    tea = await Product.create(name="tea", stock=KEYS - 1)  # one order gets nothing
    ids = [(await an_order(tea)).id for _ in range(KEYS)]
    child = start("send", *ids)
    mine = await all_at_once(ids)
    output, _ = await asyncio.to_thread(child.communicate, timeout=40)
    assert child.returncode == 0
    theirs = [(status, text) for status, text in json.loads(output)]
    answers = [
        {*mine[at : at + REPEATS], *theirs[at : at + REPEATS]} for at in range(0, KEYS * REPEATS, REPEATS)
    ]
    assert [len(one) for one in answers] == [1] * KEYS, answers  # all answers to a key are equal
    statuses = sorted(status for one in answers for status, _ in one)
    assert statuses == [200] * (KEYS - 1) + [409]
    assert await stock(tea) == 0
    assert await Order.filter(status=OrderStatus.PAID).count() == KEYS - 1


async def a_process_dies() -> None:
    tea = await Product.create(name="tea", stock=1)
    order = await an_order(tea)
    async with client() as http:
        assert await died("die_before_the_answer", order.id)
        assert (await stock(tea), await IdempotencyKey.all().count()) == (1, 0)  # nothing is kept
        assert await died("die_after_the_commit", order.id)
        assert (await stock(tea), await IdempotencyKey.all().count()) == (0, 1)
        status, text = await post(http, order.id, "k")
        assert (status, json.loads(text)["total"], await stock(tea)) == (200, "5.00", 0)


async def answers_without_a_key() -> None:
    """Without a key, the service pays once, and a service that adds adds twice."""
    tea = await Product.create(name="tea", stock=9)
    order, gone = await an_order(tea), await an_order(tea)
    await Order.filter(id=gone.id).update(status=OrderStatus.CANCELLED)
    async with client() as http:
        assert [(await post(http, order.id))[0] for _ in "ab"] == [200, 409]
        assert (await stock(tea), await IdempotencyKey.all().count()) == (8, 0)
        answers = [await post(http, gone.id, "gone"), await post(http, uuid4(), "unknown")]
    assert [status for status, _ in answers] == [409, 404]
    assert json.loads(answers[0][1]) == {"detail": "The order is cancelled"}
    assert (await stock(tea), await IdempotencyKey.all().count()) == (8, 1)
    assert [(await answer_of(lambda: take_one(tea.id))).status for _ in "ab"] == [200, 200]
    assert await stock(tea) == 6  # WRONG: changed twice


async def claims() -> None:
    """The unique constraint refuses the second claim. A foreign key is not called a second claim."""
    voucher, (ann, bob) = await Voucher.create(code="v"), [uuid4(), uuid4()]

    async def claim(customer_id: UUID, voucher_id: UUID = voucher.id) -> Any:
        try:
            await claim_voucher(voucher_id, customer_id)
        except (RefusedError, DoesNotExist) as error:
            return type(error)

    async def in_time() -> Any:
        return await claim(ann)

    async with in_transaction():
        assert await claim(ann) is None
        task = asyncio.create_task(in_its_own_pool(in_time))
        assert await is_waiting(task)
    assert await task is RefusedError
    async with in_transaction():
        assert [await claim(one) for one in (ann, bob)] == [RefusedError, None]
        assert await claim(bob, uuid4()) is DoesNotExist
    assert await Claim.all().count() == 2


async def errors() -> None:
    tea = await Product.create(name="tea", stock=9)
    order = await an_order(tea)
    async with client() as http:
        with patch.object(dependencies, "Answer", side_effect=RuntimeError):
            assert (await post(http, order.id, "k"))[0] == 500
        assert (await stock(tea), await IdempotencyKey.all().count()) == (9, 0)
        assert (await post(http, order.id, "k"))[0] == 200


async def quantities() -> None:
    """WRONG: nothing limits the quantity of a line."""
    tea = await Product.create(name="tea", stock=9)
    negative, large = await an_order(tea, -1), await an_order(tea, 2147483647)
    await OrderLine.create(order=large, product=tea, quantity=1)
    async with client() as http:
        assert ((await post(http, negative.id, "a"))[0], await stock(tea)) == (200, 10)
        is_asyncpg = URL.startswith(("postgres", "asyncpg"))
        assert (await post(http, large.id, "b"))[0] == (500 if is_asyncpg else 409)


async def is_waiting(task: asyncio.Task[Any]) -> bool:
    await asyncio.wait([task], timeout=0.5)
    return not task.done()


async def in_its_own_pool(call: Callable[[], Awaitable[Any]], *args: Any, **options: Any) -> Any:
    async with database(*args, **options):
        return await call()


async def take_one(product_id: UUID) -> Answer:
    await Product.filter(id=product_id).update(stock=F("stock") - 1)
    return Answer(200, "1")


async def the_second_request_waits() -> None:
    tea = await Product.create(name="tea", stock=9)

    async def second() -> Any:
        return await answer_once(ANN, "k", b"", lambda: take_one(tea.id))

    async with in_transaction():
        first = await second()
        task = asyncio.create_task(in_its_own_pool(second))
        assert await is_waiting(task)
    assert await task == first
    assert await stock(tea) == 8


async def a_wait_that_is_too_long() -> None:
    """The limit of lock waits ends the second request with an error. A repeat gets the answer."""
    tea = await Product.create(name="tea", stock=9)

    async def call() -> Any:
        return await answer_once(ANN, "k", b"", lambda: take_one(tea.id))

    @atomic()
    async def limited() -> Any:
        if IS_POSTGRES:
            await get_connection("default").execute_query("SET LOCAL lock_timeout = 100")
        return await call()

    options: dict[str, Any] = {"busy_timeout": 100} if IS_SQLITE else {}
    limit = "SET SESSION innodb_lock_wait_timeout = 1" if IS_MYSQL else None
    async with in_transaction():
        first = await call()
        second = in_its_own_pool(limited, limit, **options)
        (error,) = await asyncio.gather(second, return_exceptions=True)
    assert ("database is locked" if IS_SQLITE else "lock timeout" if IS_POSTGRES else "(1205, ") in repr(
        error
    )
    assert await call() == first
    assert await stock(tea) == 8


async def the_first_request_fails() -> None:
    """Two requests wait for the first one. On MariaDB, they can end in a deadlock, and the client repeats."""
    tea = await Product.create(name="tea", stock=9)

    async def other() -> Any:
        return await answer_once(ANN, "k", b"", lambda: take_one(tea.id))

    tasks = []
    try:
        async with in_transaction():
            await other()
            tasks = [asyncio.create_task(in_its_own_pool(other)) for _ in range(2)]
            assert await is_waiting(tasks[0]) and await is_waiting(tasks[1])
            raise ZeroDivisionError
    except ZeroDivisionError:
        results = await asyncio.gather(*tasks, return_exceptions=True)
    failed = [one for one in results if isinstance(one, Exception)]
    version = await get_connection("default").execute_query_dict("SELECT VERSION()") if IS_MYSQL else ""
    allowed = {1} if "MariaDB" in str(version) else {0, 1} if IS_MYSQL else {0}
    assert len(failed) in allowed, failed
    assert await other() == Answer(200, "1")
    assert await stock(tea) == 8


async def levels() -> None:
    """MariaDB with innodb_snapshot_isolation=ON: no error 1020. PostgreSQL with REPEATABLE READ: WRONG."""
    tea = await Product.create(name="tea", stock=1)
    one, two = await an_order(tea), await an_order(tea)

    async def answer(order: Order, key: str) -> Answer:
        async def work() -> Answer:
            await pay_order(order.id)
            return Answer(200, "1")

        return await answer_once(ANN, key, str(order.id).encode(), work)

    if IS_MYSQL and await get_connection("default").execute_query_dict(
        "SHOW VARIABLES LIKE 'innodb_snapshot_isolation'"
    ):
        isolated = "SET SESSION innodb_snapshot_isolation = ON"
        async with in_transaction():
            first = await answer(one, "a")
            tasks = [
                asyncio.create_task(in_its_own_pool(lambda: answer(one, "a"), isolated)),
                asyncio.create_task(in_its_own_pool(lambda: answer(two, "b"), isolated)),
            ]
            assert await is_waiting(tasks[0]) and await is_waiting(tasks[1])
        assert await tasks[0] == first == Answer(200, "1")
        assert (await tasks[1]).status == 409
    if IS_POSTGRES:

        @atomic()
        async def repeatable() -> Answer:
            level = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
            await get_connection("default").execute_query(level)
            return await answer(one, "a")

        async with in_transaction():
            await answer(one, "a")
            task = asyncio.create_task(in_its_own_pool(repeatable))
            assert await is_waiting(task)
        assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], DoesNotExist)  # WRONG


# Wrong code: what the rules prevent


class DiedError(Exception):
    """Stands for a process that ends here."""


async def look_first(product_id: UUID) -> None:
    """WRONG: look for the key, do the change, insert the key."""
    if not await PlainKey.exists(key="k"):
        await take_one(product_id)
        await asyncio.sleep(0.3)
        await PlainKey.get_or_create(key="k")


async def key_last(product_id: UUID, *, dies: bool) -> dict[str, int] | None:
    """WRONG: the change is committed before the key."""
    if stored := await PlainKey.get_or_none(key="k"):
        return stored.body
    await take_one(product_id)
    if dies:
        raise DiedError
    return (await PlainKey.create(key="k", body=DONE)).body


async def key_first(product_id: UUID, *, dies: bool) -> dict[str, int] | None:
    """WRONG: the key is committed before the change."""
    try:
        row = await PlainKey.create(key="k")
    except IntegrityError:
        return (await PlainKey.get(key="k")).body
    if dies:
        raise DiedError
    await take_one(product_id)
    await PlainKey.filter(id=row.id).update(body=DONE)
    return DONE


async def answer_last(product_id: UUID, *, dies: bool) -> dict[str, int] | None:
    """WRONG: key and change are one transaction, but the answer is stored after the commit."""
    try:
        async with in_transaction():
            row = await PlainKey.create(key="k")
            await take_one(product_id)
    except IntegrityError:
        return (await PlainKey.get(key="k")).body
    if dies:
        raise DiedError
    await PlainKey.filter(id=row.id).update(body=DONE)
    return DONE


async def after_a_death(
    wrong: Callable[..., Awaitable[dict[str, int] | None]],
) -> tuple[dict[str, int] | None, int]:
    """The answer of the repeated request, and what both requests have taken."""
    tea = await Product.create(name="tea", stock=9)
    await PlainKey.all().delete()
    with suppress(DiedError):
        await wrong(tea.id, dies=True)
    answer = await wrong(tea.id, dies=False)
    return answer, 9 - await stock(tea)


async def wrong_orders() -> None:
    tea = await Product.create(name="tea", stock=9)
    await asyncio.gather(*(in_its_own_pool(lambda: look_first(tea.id)) for _ in range(2)))
    assert await stock(tea) == 7  # WRONG: taken twice
    assert await after_a_death(key_last) == (DONE, 2)  # WRONG: taken twice
    assert await after_a_death(key_first) == (None, 0)  # WRONG: no answer, and nothing is taken
    assert await after_a_death(answer_last) == (None, 1)  # WRONG: no answer


async def without_a_savepoint() -> None:
    """WRONG: pay_order() without @atomic() and without a savepoint leaves the order paid."""
    tea = await Product.create(name="tea", stock=0)
    order = await an_order(tea)
    async with in_transaction():
        with suppress(RefusedError):
            await pay_order.__wrapped__(order.id)
    assert await Order.exists(id=order.id, status=OrderStatus.PAID)  # WRONG
    await Order.filter(id=order.id).update(status=OrderStatus.DRAFT)

    async def work() -> Answer:
        await pay_order.__wrapped__(order.id)
        return Answer(200, "1")

    assert (await answer_once(ANN, "k", b"", work)).status == 409  # answer_of() opens the savepoint
    assert await Order.exists(id=order.id, status=OrderStatus.DRAFT)


async def columns() -> None:
    """Why the key is a hash, and the answer a text."""
    await PlainKey.create(key="a", body={"total": 1, "id": 2})
    try:
        await PlainKey.create(key="A")
    except IntegrityError:
        assert IS_MYSQL  # WRONG: two keys, one row
    else:
        assert not IS_MYSQL
    names = list((await PlainKey.get(key="a")).body)
    is_sorted = IS_POSTGRES
    if IS_MYSQL:  # MariaDB stores JSON as a text
        (row,) = await get_connection("default").execute_query_dict("SELECT VERSION() AS version")
        is_sorted = "MariaDB" not in row["version"]
    assert names == (["id", "total"] if is_sorted else ["total", "id"])  # WRONG on PostgreSQL and MySQL
    for key in ("a", "A"):
        assert await answer_once(ANN, key, b"", lambda: done(200)) == Answer(200, "{}")
    assert await IdempotencyKey.filter(user_id=ANN).count() == 2


async def done(status: int) -> Answer:
    return Answer(status, "{}")


async def main() -> None:
    async with database() as context:
        await context.generate_schemas()
    for proof in (
        two_processes,
        a_process_dies,
        answers_without_a_key,
        claims,
        errors,
        quantities,
        the_second_request_waits,
        a_wait_that_is_too_long,
        the_first_request_fails,
        levels,
        wrong_orders,
        without_a_savepoint,
        columns,
    ):
        async with database():
            await proof()
            for model in (Claim, Voucher, OrderLine, Order, Product, IdempotencyKey, PlainKey):
                await model.all().delete()


if len(sys.argv) > 1 and is_child:
    asyncio.run(globals()[sys.argv[1]]())
else:
    asyncio.run(main())
    shutil.rmtree(PROJECT, ignore_errors=True)
