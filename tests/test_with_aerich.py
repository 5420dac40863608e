"""examples/with_aerich: a whole project on Aerich, run as its users run it, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import SERVERS, new_database
from sources import definitions_in
from tortoise.context import TortoiseContext
from tortoise.transactions import in_transaction

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "examples" / "with_aerich"
BILLING = ROOT / "examples" / "billing"
SERVER = SERVERS["postgres"]

pytest.importorskip("aerich")
pytestmark = pytest.mark.slow

ON_BOTH = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.servers)], indirect=True
)
LATER = """
async def upgrade(db):
    return "UPDATE book SET copies = copies * 10"


async def downgrade(db):
    return "SELECT 1"


"""
ROWS = """
INSERT INTO author (id, created_at, updated_at, name)
    VALUES ('00000000-0000-0000-0000-000000000001', '2026-01-01 00:00:00', '2026-01-01 00:00:00', 'Austen');
INSERT INTO book (id, created_at, updated_at, title, binding, author_id)
    VALUES ('00000000-0000-0000-0000-000000000002', '2026-01-01 00:00:00', '2026-01-01 00:00:00', 'Emma',
        'paper', '00000000-0000-0000-0000-000000000001');
"""


def sql(url: str, statement: str) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        async with TortoiseContext() as context:
            await context.init(db_url=url, modules={"models": ["aerich.models"]})  # any: it must not be empty
            connection = context.connections.get("default")
            if statement.lstrip().startswith("SELECT"):
                return [dict(row) for row in await connection.execute_query_dict(statement)]
            await connection.execute_script(statement)
            return []

    return asyncio.run(run())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A throw-away copy of the project."""
    ignore = shutil.ignore_patterns(".*", "__pycache__", "*.sqlite3*")
    return shutil.copytree(LIBRARY, tmp_path / "library", ignore=ignore)


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    with new_database(request.param, tmp_path) as url:
        yield url


def start(project: Path, url: str | None, *command: str, **more: str) -> subprocess.Popen[str]:
    """Start `python COMMAND` in the project; no DATABASE_URL where the URL is None."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1"} | ({} if url is None else {"DATABASE_URL": url}) | more
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(project: Path, url: str | None, *command: str, **more: str) -> tuple[int, str]:
    """The exit status of `python COMMAND` and what it printed."""
    return finish(start(project, url, *command, **more))


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    printed, _ = process.communicate(timeout=60)
    return process.returncode, printed


@ON_BOTH
def test_the_project_passes_its_own_tests(project: Path, database: str) -> None:
    tests = "sqlite://:memory:" if database.startswith("sqlite") else f"{SERVER.rpartition('/')[0]}/test_{{}}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"],
        cwd=project,
        env=os.environ | {"TEST_DATABASE_URL": tests},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout and "skipped" not in done.stdout


TABLES = "tests/test_migrations.py::test_they_make_what_the_models_say"
COMPARE = ["-m", "pytest", "-q", "-p", "no:cacheprovider", TABLES]


@ON_BOTH
def test_its_tests_let_out_a_table_without_a_model(project: Path, database: str) -> None:
    file = project / "migrations" / "models" / "2_20260301000000_more.py"
    newest = max(file.parent.glob("1_*.py")).read_text().partition("MODELS_STATE")
    merged = LATER.replace("UPDATE book SET copies = copies * 10", "CREATE TABLE author_merged (id INT)")
    file.write_text(merged + newest[1] + newest[2])
    tests = "sqlite://:memory:" if database.startswith("sqlite") else f"{SERVER.rpartition('/')[0]}/test_{{}}"
    status, printed = run(project, database, *COMPARE, TEST_DATABASE_URL=tests)
    assert status == 1 and "1 failed" in printed, printed
    test = project / "tests" / "test_migrations.py"
    named = test.read_text().replace("NO_MODEL: set[str] = set()", 'NO_MODEL = {"author_merged"}')
    assert named != test.read_text()
    test.write_text(named)
    status, printed = run(project, database, *COMPARE, TEST_DATABASE_URL=tests)
    assert status == 0, printed


@pytest.mark.servers
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_its_tests_let_out_an_exclude_constraint(project: Path, database: str) -> None:
    """No model can declare it. An index that only the migration makes is still a difference."""
    file = project / "migrations" / "models" / "2_20260301000000_more.py"
    newest = max(file.parent.glob("1_*.py")).read_text().partition("MODELS_STATE")
    rule = "ALTER TABLE book ADD CONSTRAINT ex_book EXCLUDE USING gist (int4range(lent, copies) WITH &&)"
    index = "CREATE INDEX ix_book_spans ON book USING gist (int4range(lent, copies))"
    tests = f"{SERVER.rpartition('/')[0]}/test_{{}}"
    for change, expected in ((rule, 0), (index, 1)):
        file.write_text(LATER.replace("UPDATE book SET copies = copies * 10", change) + newest[1] + newest[2])
        status, printed = run(project, database, *COMPARE, TEST_DATABASE_URL=tests)
        assert status == expected, printed


def assert_tests_notice(project: Path, database: str, draft: Path, right: str, wrong: str) -> None:
    """The tests of the project pass. Then one fails if the draft has `wrong` in place of `right`."""
    tests = "sqlite://:memory:" if database.startswith("sqlite") else f"{SERVER.rpartition('/')[0]}/test_{{}}"
    status, printed = run(project, database, *COMPARE, TEST_DATABASE_URL=tests)
    assert status == 0, printed
    changed = draft.read_text().replace(right, wrong)
    assert changed != draft.read_text()
    draft.write_text(changed)
    status, printed = run(project, database, *COMPARE, TEST_DATABASE_URL=tests)
    assert status == 1 and "1 failed" in printed, printed


@ON_BOTH
def test_its_tests_find_a_plain_index_in_place_of_a_unique_one(project: Path, database: str) -> None:
    author = project / "apps" / "library" / "models" / "author.py"
    changed = author.read_text().replace("max_length=100", "max_length=100, unique=True")
    assert changed != author.read_text()
    author.write_text(changed)
    drafted = run(project, database, "-m", "aerich", "migrate", "--offline", "--name", "unique")[1]
    assert "Success creating migration file 2_" in drafted
    (draft,) = (project / "migrations" / "models").glob("2_*.py")
    assert_tests_notice(project, database, draft, "CREATE UNIQUE INDEX", "CREATE INDEX")


@ON_BOTH
def test_its_tests_find_another_rule_of_a_foreign_key(project: Path, database: str) -> None:
    """The draft is right, but for the name: on PostgreSQL, the table of the models gets another one."""
    book = project / "apps" / "library" / "models" / "book.py"
    field = (
        '    editor = fields.ForeignKeyField("models.Author", related_name="edited", null=True)\n    lent = '
    )
    changed = book.read_text().replace("    lent = ", field)
    assert changed != book.read_text()
    book.write_text(changed)
    drafted = run(project, database, "-m", "aerich", "migrate", "--offline", "--name", "editor")[1]
    assert "Success creating migration file 2_" in drafted
    (draft,) = (project / "migrations" / "models").glob("2_*.py")
    if database.startswith("sqlite"):  # it refuses ADD CONSTRAINT
        draft.write_text(
            re.sub(r";\s+ALTER \S+ \S+ ADD CONSTRAINT \S+ FOREIGN KEY \S+", "", draft.read_text())
        )
    assert_tests_notice(project, database, draft, "ON DELETE CASCADE", "ON DELETE SET NULL")


@ON_BOTH
def test_three_replicas_apply_each_file_once(project: Path, database: str) -> None:
    files = sorted(file.name for file in (project / "migrations" / "models").glob("*.py"))
    assert len(files) == 2
    replicas = [finish(each) for each in [start(project, database, "migrate.py") for _ in range(3)]]
    assert [status for status, _ in replicas] == [0, 0, 0], replicas
    printed = "".join(text for _, text in replicas)
    assert printed.count("The database is up to date.") == 3
    assert [printed.count(f"applied: models {file}") for file in files] == [1, 1]

    # A data migration, beside the others: once, too.
    sql(database, ROWS)
    state = (project / "migrations" / "models" / files[-1]).read_text().partition("MODELS_STATE")
    (project / "migrations" / "models" / "2_20260301000000_more.py").write_text(LATER + state[1] + state[2])
    replicas = [finish(each) for each in [start(project, database, "migrate.py") for _ in range(3)]]
    assert [status for status, _ in replicas] == [0, 0, 0], replicas
    assert sql(database, "SELECT copies FROM book") == [{"copies": 10}]


@pytest.mark.servers
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.parametrize("is_repeated", [True, False], ids=["in a transaction", "in none"])
def test_a_file_that_gets_no_lock(project: Path, database: str, is_repeated: bool) -> None:
    """It is tried again, and others read the table meanwhile. Without a transaction, it fails."""
    assert run(project, database, "migrate.py")[0] == 0
    models = project / "migrations" / "models"
    _, assignment, state = max(models.glob("1_*.py")).read_text().partition("MODELS_STATE")
    limit = "" if is_repeated else "SET lock_timeout = 100; "
    later = LATER.replace("UPDATE book SET copies = copies * 10", f"{limit}ALTER TABLE book ADD place INT")
    (models / "2_20260301000000_place.py").write_text(
        f"RUN_IN_TRANSACTION = {is_repeated}\n{later}{assignment}{state}"
    )
    program = project / "migrate.py"
    program.write_text(program.read_text().replace('"2s"', '"100ms"').replace("= 60, 5.0", "= 600, 0.1"))

    async def migrate_beside_a_reader() -> tuple[int, str]:
        async with TortoiseContext() as context:
            await context.init(db_url=database, modules={"models": ["aerich.models"]})
            async with in_transaction() as reader:
                await reader.execute_query("SELECT FROM book")
                process, printed = start(project, database, "migrate.py"), ""
                assert process.stdout is not None
                while process.poll() is None and "trying again" not in printed:
                    printed += await asyncio.to_thread(process.stdout.readline)
                await context.connections.get("default").execute_query("SELECT FROM book")
            status, rest = await asyncio.to_thread(finish, process)
            return status, printed + rest

    status, printed = asyncio.run(migrate_beside_a_reader())
    if is_repeated:
        assert status == 0 and -1 < printed.find("trying again") < printed.find("applied: models 2_"), printed
    else:
        assert status == 1 and "trying again" not in printed and "lock timeout" in printed, printed
    assert sql(database, "SELECT count(*) AS n FROM aerich") == [{"n": 2 + is_repeated}]


@pytest.mark.servers
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_file_that_a_deadlock_ends(project: Path, database: str) -> None:
    """PostgreSQL undoes it, so it is tried again. It has locked book when a reader of author asks for it."""
    assert run(project, database, "migrate.py")[0] == 0
    models = project / "migrations" / "models"
    _, assignment, state = max(models.glob("1_*.py")).read_text().partition("MODELS_STATE")
    two = "ALTER TABLE book ADD place INT; ALTER TABLE author ADD place INT"
    later = LATER.replace("UPDATE book SET copies = copies * 10", two)
    (models / "2_20260301000000_place.py").write_text(later + assignment + state)
    program = project / "migrate.py"
    program.write_text(program.read_text().replace('"2s"', '"30s"').replace("= 60, 5.0", "= 600, 0.1"))
    waits = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'author'::regclass"

    async def migrate_beside_a_reader() -> tuple[int, str]:
        async with TortoiseContext() as context:
            await context.init(db_url=database, modules={"models": ["aerich.models"]})
            other = context.connections.get("default")
            async with in_transaction() as reader:
                await reader.execute_query("SELECT FROM author")
                process = start(project, database, "migrate.py")
                while not (await other.execute_query(waits))[0]:
                    assert process.poll() is None, finish(process)
                    await asyncio.sleep(0.02)
                await reader.execute_query("SELECT FROM book")
            return await asyncio.to_thread(finish, process)

    status, printed = asyncio.run(migrate_beside_a_reader())
    assert status == 0, printed
    assert "deadlock detected" in printed
    assert -1 < printed.find("trying again") < printed.find("applied: models 2_"), printed
    assert sql(database, "SELECT place FROM book UNION SELECT place FROM author") == []


@ON_BOTH
def test_aerich_itself_reads_the_project(project: Path, database: str) -> None:
    assert "Success upgrading to 1_" in run(project, database, "-m", "aerich", "upgrade")[1]
    assert "No changes detected" in run(project, database, "-m", "aerich", "migrate", "--offline")[1]

    # The drift check finds what is missing.
    book = project / "apps" / "library" / "models" / "book.py"
    changed = book.read_text().replace(
        "    lent = ", "    isbn = fields.CharField(max_length=13, null=True)\n    lent = "
    )
    assert changed != book.read_text()
    book.write_text(changed)
    printed = run(project, database, "-m", "aerich", "migrate", "--offline", "--name", "isbn")[1]
    assert "Success creating migration file 2_" in printed
    (draft,) = (project / "migrations" / "models").glob("2_*.py")
    assert 'ADD "isbn" VARCHAR(13)' in draft.read_text()


@pytest.mark.parametrize("url", [None, ""])
@pytest.mark.parametrize("command", [("migrate.py",), ("-m", "aerich", "upgrade")])
def test_a_missing_database_url_is_an_error(project: Path, url: str | None, command: tuple[str, ...]) -> None:
    status, printed = run(project, url, *command)
    assert status != 0
    assert "DATABASE_URL" in printed and "Field required" in printed, printed
    assert not list(project.glob("*.sqlite3*"))


def test_a_wrong_location_is_an_error(project: Path, tmp_path: Path) -> None:
    """Aerich itself would apply nothing, without an error."""
    program = project / "migrate.py"
    text = program.read_text()
    program.write_text(text.replace('LOCATION = "./migrations"', 'LOCATION = "./elsewhere"'))
    assert program.read_text() != text
    status, printed = run(project, f"sqlite://{tmp_path / 'fresh.sqlite3'}", "migrate.py")
    assert status == 1 and "No migration file is in ./elsewhere" in printed, printed


def test_check_py_finds_nothing_in_it() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "check.py"), str(LIBRARY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "5 models: no findings" in done.stdout + done.stderr


def test_its_lock_is_that_of_the_running_example() -> None:
    """lock.py is billing/migrate.py without what migrates. Changed there: copy it."""
    here, there = definitions_in(LIBRARY / "lock.py"), definitions_in(BILLING / "migrate.py")
    assert {name: there.get(name) for name in here} == here
    assert set(there) - set(here) <= {"main", "report"}


def test_its_connection_is_that_of_the_running_example() -> None:
    """So its URL takes `sslmode` and `pgbouncer`, too. Changed there: copy it."""
    here, there = (folder / "config" / "database.py" for folder in (LIBRARY, BILLING))
    assert here.read_text() == there.read_text()
