"""The models."""

from .job import BaseJob, Job

__all__ = ["BaseJob", "Job"]
