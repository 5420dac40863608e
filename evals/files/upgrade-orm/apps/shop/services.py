"""What is done with jobs."""

from datetime import datetime, timedelta

from apps.shop.models import Job


async def add_jobs(*names: str, first: str = "") -> list[int]:
    """Add jobs, and return their keys in the order of the names. `first` is kept in the column `first`."""
    return [(await Job.create(name=name, first=first)).id for name in names]


async def prune(limit: int) -> int:
    """Delete the oldest jobs that are done, at most `limit` of them. Returns how many were deleted."""
    return await Job.filter(done=True).order_by("id").limit(limit).delete()


async def recent(minutes: int) -> list[str]:
    """The names of jobs that were added in the last minutes, oldest first."""
    since = datetime.utcnow() - timedelta(minutes=minutes)
    return [job.name for job in await Job.filter(created_at__gte=since).order_by("id")]
