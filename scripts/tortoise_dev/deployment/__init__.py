"""Where a project is deployed, and whether each place migrates the database before the new code starts.

Nothing is executed or written: manifests are read, and drafts are diffs.
"""
