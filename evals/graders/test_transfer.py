"""Judges test-transfer: tests that pass, that notice each way to break the service, and touch no database."""

import re
from pathlib import Path

from tortoise_dev.evals.work import Grader, Work

grader = Grader("pytest", "tortoise.contrib.test", "tortoise.backends.sqlite.client")
SERVICE = "apps/bank/services/transfer.py"
BREAKS = {
    "money arrives nowhere": (r"    await Account\.filter\(id=target_id\).*\n", ""),
    "an account can fall below zero": (r", balance__gte=amount", ""),
    "a negative amount is accepted": (r"amount <= 0", "amount == 0"),
    "a refused transfer leaves a record": (r"@atomic\(\)\n", ""),
}
OPTIONS = ("-q", "-x", "--color=no", "-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin")
"""Other plugins of this environment stay out: they would take most of the time."""


def run_tests(work: Work, url: str = "sqlite://production.sqlite3") -> str:
    """Run the project's tests, as a machine that names another database does."""
    return work.python(
        "-m", "pytest", *OPTIONS, "tests", DATABASE_URL=url, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"
    )


def broken(work: Work, pattern: str, replacement: str) -> bool:
    """Break the service, and say whether the tests notice it."""
    service = work.folder / SERVICE
    sound = service.read_text(encoding="utf-8")
    text, count = re.subn(pattern, replacement, sound)
    assert count == 1, f"{SERVICE} was changed"
    service.write_text(text, encoding="utf-8")
    try:
        run_tests(work)
    except AssertionError as failure:
        return bool(re.search(r"\d+ (failed|error)", str(failure)))
    finally:
        service.write_text(sound, encoding="utf-8")
    return False


@grader.function("The tests pass, and there are at least five of them")
def passes(work: Work) -> str:
    printed = run_tests(work)
    count = re.search(r"(\d+) passed", printed)
    assert count and int(count[1]) >= 5, printed.strip()[-200:]
    return count[0]


def judge_of(name: str) -> None:
    """Add an assertion for one way to break the service."""
    pattern, replacement = BREAKS[name]

    @grader.function(f"The tests fail when {name}")
    def notices(work: Work) -> str:
        assert broken(work, pattern, replacement), "the tests still pass"
        return "they fail"


for _name in BREAKS:
    judge_of(_name)


@grader.convention("The database that DATABASE_URL names is not touched, and no file is left behind")
def untouched(work: Work) -> str:
    before = files(work.folder)
    run_tests(work)
    assert (left := files(work.folder) - before) == set(), f"left behind: {', '.join(sorted(left))}"
    return "no file"


def files(folder: Path) -> set[str]:
    """The files of a folder, without caches."""
    paths = (path for path in folder.rglob("*") if path.is_file() and "cache" not in path.as_posix())
    return {path.relative_to(folder).as_posix() for path in paths}


@grader.convention("The tests pass with a server in DATABASE_URL that does not answer")
def alone(work: Work) -> str:
    run_tests(work, "postgres://nobody@127.0.0.1:9/nothing")
    return "no server was asked"


@grader.convention("Nothing but tests was written, and check.py finds nothing in them")
def left_alone(work: Work) -> str:
    assert work.changed(), "nothing was written"
    work.assert_no_findings("tests")
    return work.assert_changed_only(r"tests/.*", r"conftest\.py")


if __name__ == "__main__":
    grader.main()
