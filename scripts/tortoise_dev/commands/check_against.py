"""``--against REF``: what the files of a commit were already reported for."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..analysis.git_tree import GitError, tree_at
from ..rules.baseline import Baseline
from .check_run import Run
from .common import UnusableError


def known_at(ref: str, here: Path, options: argparse.Namespace, paths: Sequence[Path]) -> Baseline:
    """The findings in the same paths as a commit has them, by today's rules and settings.

    Raises UnusableError where git does not know the commit, or a path lies outside of the repository.
    """
    with tempfile.TemporaryDirectory(prefix="tortoise-dev-") as folder:
        try:
            old = tree_at(ref, here, Path(folder).resolve())
        except GitError as error:
            raise UnusableError(f"--against {ref}: {error}") from None
        places = [old.place_of(path) for path in paths]
        if None in places:
            raise UnusableError(f"--against {ref}: {paths[places.index(None)]} is not in the repository")
        there = [place for place in places if place is not None and place.exists()]
        run = Run(old.place_of(here) or old.folder, options, old.today)
        found = run.judge(there, None)[1] if there else []
        known = Baseline.of(found, old.folder)
    return Baseline(known.counts, old.repository, renamed=old.renamed)
