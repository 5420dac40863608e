"""The base of a model whose rows are calls of another system. It has no table of its own."""

from apps.jobs.models.job import BaseJob, JobStatus

__all__ = ["BaseJob", "JobStatus"]
