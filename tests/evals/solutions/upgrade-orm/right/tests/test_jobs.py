"""Tests of the jobs."""

from apps.shop.models import Job
from apps.shop.services import add_jobs, prune, recent


async def test_added():
    first, second = await add_jobs("a", "b", first="x")
    assert (await Job.get(id=second)).name == "b"
    assert first != second


async def test_recent():
    await add_jobs("a", "b")
    assert await recent(5) == ["a", "b"]


async def test_pruned():
    await add_jobs("a")
    await Job.all().update(done=True)
    assert await prune(5) == 1
