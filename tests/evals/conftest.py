"""Solutions hold tests of their own: they belong to the tasks, not to this repository."""

collect_ignore = ["solutions"]
