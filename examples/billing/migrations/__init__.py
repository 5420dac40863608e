"""Migrations of all sub-applications, applied with `python -m tortoise migrate`. Reviewed like code."""
