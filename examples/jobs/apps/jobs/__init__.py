"""Call another system once for each row: references/jobs.md."""
