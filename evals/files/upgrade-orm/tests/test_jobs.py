"""Tests of the jobs."""

from tortoise.contrib import test

from apps.shop.models import Job
from apps.shop.services import add_jobs, prune, recent


class TestJobs(test.TestCase):
    async def test_added(self):
        first, second = await add_jobs("a", "b", first="x")
        assert (await Job.get(id=second)).name == "b"
        assert first != second

    async def test_recent(self):
        await add_jobs("a", "b")
        assert await recent(5) == ["a", "b"]

    async def test_pruned(self):
        await add_jobs("a")
        await Job.all().update(done=True)
        assert await prune(5) == 1
