"""examples/billing/migrate.py: replicas that start together migrate once, on each database."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tortoise
from packaging.version import Version
from servers import ON_ALL, new_database
from tortoise.context import TortoiseContext

BILLING = Path(__file__).resolve().parents[1] / "examples" / "billing"

KEY = 20_260_201  # as in migrate.py

pytestmark = pytest.mark.slow

HEAD = """
import asyncio
import os
from pathlib import Path

from tortoise import migrations
from tortoise.migrations import operations as ops
"""

# A data migration that shows how often it ran. It lets others come in: until three are here, or for SECONDS.
DOUBLE = """
async def double(apps, schema_editor):
    Path(f"arrived-{os.getpid()}").touch()
    for _ in range(SECONDS * 20):
        if len(list(Path().glob("arrived-*"))) == 3:
            break
        await asyncio.sleep(0.05)
    await schema_editor.client.execute_query("UPDATE tally SET n = n * 2")


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.RunPython(double)]
"""

PLAIN = """
class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.RunSQL("UPDATE tally SET n = n * 2")]
"""

CONCURRENTLY = """
class Migration(migrations.Migration):
    atomic = False
    dependencies = [("models", "0001_initial")]
    operations = [
        ops.RunSQL("SELECT pg_sleep(1.5)"),  # the other run is here by then, and waits
        ops.RunSQL("CREATE INDEX CONCURRENTLY ix_tally ON tally (n)"),
    ]
"""

FOREVER = """
async def hang(apps, schema_editor):
    Path("hangs").touch()
    await asyncio.sleep(60)


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.RunPython(hang)]
"""

# Doubles, and then takes its time before it commits. (On MariaDB schema_editor.client is in no transaction.)
SLOWLY = """
from tortoise.transactions import in_transaction

async def double(apps, schema_editor):
    Path(f"begun-{os.getpid()}").touch()
    async with in_transaction("default") as connection:
        await connection.execute_query("UPDATE tally SET n = n * 2")
        Path(f"doubled-{os.getpid()}").touch()
        await WAIT


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.RunPython(double)]
"""

BROKEN = """
class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.RunSQL("UPDATE no_such_table SET n = 1")]
"""


def sql(url: str, *statements: str) -> list[dict[str, Any]]:
    """Run statements, each on its own; the rows of the last one."""

    async def run() -> list[dict[str, Any]]:
        rows: Any = []
        async with TortoiseContext() as context:
            await context.init(db_url=url, modules={"models": ["aerich.models"]})  # any: it must not be empty
            for statement in statements:
                _, rows = await context.connections.get("default").execute_query(statement)
        return [dict(row) for row in rows]

    return asyncio.run(run())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A throw-away copy of the project."""
    ignore = shutil.ignore_patterns(".*", "__pycache__", "*.sqlite3*", "tests")
    return shutil.copytree(BILLING, tmp_path / "billing", ignore=ignore)


@pytest.fixture(params=ON_ALL)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database with a table `tally` of one row: 1."""
    kind: str = request.param
    yield from fresh_database(kind, tmp_path)


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """As `database`, on PostgreSQL."""
    yield from fresh_database("postgres", tmp_path)


def fresh_database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "mysql" and Version(tortoise.__version__) < Version("1.1.8"):
        pytest.skip("before 1.1.8 a migration cannot be recorded on MariaDB: its time is no DATETIME there")
    with new_database(kind, folder) as url:
        prepare(url)
        yield url


def prepare(url: str) -> None:
    status, printed = finish(start(BILLING, url))
    assert status == 0, printed
    sql(url, "CREATE TABLE tally (n INT)", "INSERT INTO tally VALUES (1)")


def start(project: Path, url: str, *command: str) -> subprocess.Popen[str]:
    """Start `python COMMAND` in the project, `python migrate.py` where none is given."""
    return subprocess.Popen(
        [sys.executable, *(command or ("migrate.py",))],
        cwd=project,
        env=os.environ | {"DATABASE_URL": url, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(run: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit status of a run and what it printed."""
    printed, _ = run.communicate(timeout=60)
    return run.returncode, printed


def add_migration(project: Path, text: str) -> None:
    (project / "migrations" / "0002_next.py").write_text(HEAD + text)


def applied(url: str) -> int:
    rows = sql(url, "SELECT name FROM tortoise_migrations WHERE name = '0002_next'")
    return len(rows)


def test_three_replicas_apply_a_data_migration_once(project: Path, database: str) -> None:
    add_migration(project, DOUBLE.replace("SECONDS", "1"))
    replicas = [finish(run) for run in [start(project, database) for _ in range(3)]]
    assert [status for status, _ in replicas] == [0, 0, 0], replicas
    printed = "".join(text for _, text in replicas)
    assert printed.count("apply_done: models.0002_next") == 1
    assert printed.count("The database is up to date.") == 3
    assert "Another run is migrating" in printed
    assert sql(database, "SELECT n FROM tally") == [{"n": 2}]
    assert applied(database) == 1


@pytest.mark.servers
def test_the_naive_way_applies_it_three_times(project: Path, postgres: str) -> None:
    add_migration(project, DOUBLE.replace("SECONDS", "30"))
    naive = ("-m", "tortoise", "migrate")
    for run in [start(project, postgres, *naive) for _ in range(3)]:
        finish(run)
    assert sql(postgres, "SELECT n FROM tally") == [{"n": 8}]


def test_a_killed_run_leaves_no_lock(project: Path, database: str) -> None:
    add_migration(project, FOREVER)
    hanging = start(project, database)
    while not (project / "hangs").exists():
        assert hanging.poll() is None, finish(hanging)
        time.sleep(0.05)
    hanging.send_signal(signal.SIGKILL)
    finish(hanging)
    add_migration(project, PLAIN)
    status, printed = finish(start(project, database))
    assert status == 0, printed
    assert sql(database, "SELECT n FROM tally") == [{"n": 2}]


def test_a_kill_before_the_record_applies_it_again(project: Path, database: str) -> None:
    """Tortoise records a migration after its transaction: data migrations must bear a second run."""
    add_migration(project, PLAIN)
    killed = """
import asyncio, os, migrate
from tortoise.migrations.recorder import MigrationRecorder

async def record_applied(self, app, name):
    os._exit(9)

MigrationRecorder.record_applied = record_applied
asyncio.run(migrate.main())
"""
    assert finish(start(project, database, "-c", killed))[0] == 9
    assert finish(start(project, database))[0] == 0
    assert sql(database, "SELECT n FROM tally") == [{"n": 4}]


@pytest.mark.servers
def test_a_run_that_waits_does_not_block_an_index_built_concurrently(project: Path, postgres: str) -> None:
    """It would for ever, if it waited in `SELECT pg_advisory_lock()`: that statement is a transaction."""
    add_migration(project, CONCURRENTLY)
    replicas = [finish(run) for run in [start(project, postgres) for _ in range(2)]]
    assert [status for status, _ in replicas] == [0, 0], replicas
    assert "Another run is migrating" in replicas[0][1] + replicas[1][1]
    assert sql(postgres, "SELECT 1 AS n FROM pg_indexes WHERE indexname = 'ix_tally'") == [{"n": 1}]


def end_the_session_of_the_lock(url: str) -> None:
    """As a restarted server, a failover or a firewall does."""
    if url.startswith("mysql"):
        (row,) = sql(url, f"SELECT IS_USED_LOCK(CONCAT(DATABASE(), '.{KEY}')) AS pid")
        sql(url, f"KILL {row['pid']}")
        return
    holder = (
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {} AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    (row,) = sql(url, f"SELECT pg_terminate_backend(pid) AS ended FROM ({holder.format(KEY)}) AS holder")
    assert row["ended"]


def two_runs_of_which_the_first_loses_the_lock(project: Path, url: str, first: subprocess.Popen[str]) -> Any:
    """The exit status and the output of both."""
    while not list(project.glob("doubled-*")):
        assert first.poll() is None, finish(first)
        time.sleep(0.05)
    end_the_session_of_the_lock(url)
    second = start(project, url)
    return finish(first), finish(second)


@pytest.mark.servers
@pytest.mark.parametrize("busy", [False, True], ids=["between statements", "in a statement"])
@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_a_run_that_loses_its_lock_stops(project: Path, tmp_path: Path, kind: str, busy: bool) -> None:
    """What it has not committed is undone, so the next run applies the migration once."""
    function = "pg_sleep" if kind == "postgres" else "SLEEP"
    statement = f'connection.execute_query("SELECT {function}(3)")'
    for url in fresh_database(kind, tmp_path):
        add_migration(project, SLOWLY.replace("WAIT", statement if busy else "asyncio.sleep(3)"))
        first, second = two_runs_of_which_the_first_loses_the_lock(project, url, start(project, url))
        assert [first[0], second[0]] == [1, 0], (first, second)
        assert first[1].splitlines()[-1].startswith("Lost the lock, and stopped."), first[1]
        assert "up to date" not in first[1]
        assert sql(url, "SELECT n FROM tally") == [{"n": 2}]
        assert applied(url) == 1


@pytest.mark.servers
def test_without_the_watch_it_would_be_applied_twice(project: Path, postgres: str) -> None:
    both_have_begun = """for_both()

async def for_both():
    while len(list(Path().glob("begun-*"))) < 2:
        await asyncio.sleep(0.05)
"""
    add_migration(project, SLOWLY.replace("WAIT", both_have_begun))
    careless = """
import asyncio, migrate
from contextlib import nullcontext

migrate.watched = lambda lock: nullcontext()
asyncio.run(migrate.main())
"""
    first = start(project, postgres, "-c", careless)
    runs = two_runs_of_which_the_first_loses_the_lock(project, postgres, first)
    done = [printed for status, printed in runs if status == 0]
    assert done and all("up to date" in printed for printed in done), runs
    failed = [printed for status, printed in runs if status != 0]
    assert all("duplicate key" in printed for printed in failed), runs  # the record of the one that is later
    assert sql(postgres, "SELECT n FROM tally") == [{"n": 4}]


@pytest.mark.servers
def test_a_lock_that_is_lost_at_the_very_end_is_an_error(project: Path, postgres: str) -> None:
    """Everything is applied, and yet the status is not 0: another run may have begun meanwhile."""
    at_the_end = """
import asyncio, migrate

async def no_lock(lock):
    return False

async def apply(**options):
    await migrate_all(**options)
    migrate.still_held = no_lock

migrate_all, migrate.migrate, migrate.WATCH = migrate.migrate, apply, 60
asyncio.run(migrate.main())
"""
    add_migration(project, PLAIN)
    status, printed = finish(start(project, postgres, "-c", at_the_end))
    assert status == 1 and "Lost the lock" in printed and "up to date" not in printed, printed
    assert applied(postgres) == 1


def test_impatience_is_an_error(project: Path, database: str) -> None:
    add_migration(project, FOREVER)
    hanging = start(project, database)
    while not (project / "hangs").exists():
        assert hanging.poll() is None, finish(hanging)
        time.sleep(0.05)
    impatient = "import asyncio, migrate; migrate.PATIENCE = 0.5; asyncio.run(migrate.main())"
    status, printed = finish(start(project, database, "-c", impatient))
    hanging.kill()
    finish(hanging)
    assert status == 1
    assert printed.splitlines()[-1].startswith("Gave up: another run has been migrating for")


def test_a_pooler_is_refused(project: Path, postgres: str) -> None:
    """PgBouncer gives a client a number that is not that of the server's session."""
    behind_a_pooler = """
import asyncio
from asyncpg.connection import Connection
import migrate

Connection.get_server_pid = lambda self: -1
asyncio.run(migrate.main())
"""
    add_migration(project, PLAIN)
    status, printed = finish(start(project, postgres, "-c", behind_a_pooler))
    assert status == 1 and "Connect to the server itself." in printed, printed
    assert applied(postgres) == 0


def test_an_older_version_leaves_a_newer_database_alone(project: Path, database: str) -> None:
    """As after a rollback: the database knows a migration that the files do not."""
    add_migration(project, PLAIN)
    assert finish(start(project, database))[0] == 0
    status, printed = finish(start(BILLING, database))
    assert status == 0 and "apply" not in printed, printed
    assert sql(database, "SELECT n FROM tally") == [{"n": 2}]


def test_a_failing_migration_is_an_error(project: Path, database: str) -> None:
    add_migration(project, BROKEN)
    status, printed = finish(start(project, database))
    assert status == 1
    assert "no_such_table" in printed
    assert "up to date" not in printed
    assert applied(database) == 0


def test_a_configuration_without_migrations_is_an_error(project: Path, tmp_path: Path) -> None:
    """As in a project on Aerich. migrate() itself would apply nothing, without an error."""
    config = project / "config" / "tortoise.py"
    text = config.read_text()
    config.write_text(text.replace('            "migrations": "migrations",\n', ""))
    assert config.read_text() != text
    status, printed = finish(start(project, f"sqlite://{tmp_path / 'fresh.sqlite3'}"))
    assert status == 1 and 'has the key "migrations"' in printed, printed


def test_without_a_url_it_is_an_error(project: Path) -> None:
    """And no new file is migrated, which would be up to date. Development may go without."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}

    def run(**more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "migrate.py"]
        return subprocess.run(
            command,
            cwd=project,
            env=environment | more,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    done = run()
    assert done.returncode == 1 and "DATABASE_URL is missing" in done.stderr, done
    assert not list(project.glob("*.sqlite3*"))
    done = run(ENVIRONMENT="development")
    assert done.returncode == 0 and "up to date" in done.stdout, done
    assert list(project.glob("*.sqlite3"))


def test_a_database_without_a_lock_is_refused(project: Path) -> None:
    """Before anything is sent to it."""
    url = "psycopg://nobody@127.0.0.1:1/none"
    status, printed = finish(start(project, url))
    assert status == 1
    assert re.search(r"no lock for PsycopgClient|No module named 'psycopg", printed), printed
