"""Draft one file that runs on SQLite and on PostgreSQL: `python draft_both.py --name what_changed`.

`aerich migrate --offline` writes SQL for one database product. This program runs it once for each of the two,
in copies of the folder, and joins both drafts in one file with one MODELS_STATE. If the two drafts have the
same SQL, it keeps one of them. If the app has no file yet, it runs `aerich init-migrations` instead.

Before it writes SQL, it applies all files to a new SQLite database, and undoes the new one. It asks no
server. Exit status 0: there is one new file. 1: there is none, nothing has changed, and the log says why.
"""

import argparse
import asyncio
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from aerich import Command
from aerich.exceptions import DowngradeError
from aerich.migrate import Migrate
from aerich.utils import load_tortoise_config
from tortoise.context import TortoiseContext

DRIVER = "asyncpg" if importlib.util.find_spec("asyncpg") else "psycopg"
POSTGRES = f"{DRIVER}://nobody@127.0.0.1:1/none"  # a draft opens no connection
SQLITE = "sqlite://:memory:"
# The configuration of the project, with another database.
CONFIG = """
from aerich.utils import load_tortoise_config

PROJECT = load_tortoise_config()
TORTOISE_ORM = PROJECT | {{"connections": dict.fromkeys(PROJECT["connections"], {url!r})}}
"""
SECTION = """
[tool.aerich]
tortoise_orm = "draft_both_config.TORTOISE_ORM"
location = "{location}"
"""
SAME = '''\
async def {name}(db: BaseDBAsyncClient) -> str:
    return """{sql}"""
'''
BOTH = '''\
async def {name}(db: BaseDBAsyncClient) -> str:
    # `aerich migrate` can call {name}(None) of old files. None gets the SQL of PostgreSQL.
    if db and db.capabilities.dialect == "sqlite":
        return """{sqlite}"""
    return """{postgres}"""
'''
FUNCTION = r'async def {name}\(db: BaseDBAsyncClient\) -> str:\n    return """(.*?)"""\n'
FUNCTIONS = ("upgrade", "downgrade")
ADD_KEY = re.compile(r'\s*ALTER TABLE ("\w+") ADD CONSTRAINT "\w+" FOREIGN KEY \(("\w+")\) ([^;]+);')
DROP_KEY = re.compile(r'\s*ALTER TABLE "\w+" DROP FOREIGN KEY "\w+";')
COLUMN_OR_COMMENT = re.compile(r'ALTER TABLE "[^"]+" ALTER COLUMN |COMMENT ON ')


class DraftError(Exception):
    """Why there is no file."""


class Project(NamedTuple):
    """Where the files are, and for which app a new one is drafted."""

    apps: list[str]
    app: str
    location: str  # as in [tool.aerich]

    def folder(self, app: str) -> Path:
        """The migration files of an app."""
        return Migrate.get_migration_dir(self.location, app)

    def files(self) -> set[str]:
        """The names of the files that the app has."""
        return numbered(self.folder(self.app))


class Draft(NamedTuple):
    """The name of a file, and its text."""

    file: str
    text: str

    @property
    def state(self) -> str:
        """MODELS_STATE, to the end of the file."""
        return self.text[self.text.index("MODELS_STATE") :]

    def sql(self, name: str) -> str:
        """The SQL that `upgrade` or `downgrade` returns, as it stands in the file."""
        found = re.search(FUNCTION.format(name=name), self.text, re.DOTALL)
        if found is None:
            raise DraftError(f"This version of Aerich writes {name}() in another way:\n{self.text[:500]}")
        return found[1]

    def replaced(self, name: str, template: str, **sql: str) -> "Draft":
        """The same file with another function."""
        function = template.format(name=name, **sql)
        pattern = FUNCTION.format(name=name)
        return Draft(self.file, re.sub(pattern, lambda _: function, self.text, flags=re.DOTALL))


def numbered(folder: Path) -> set[str]:
    """The migration files in a folder."""
    return {file.name for file in folder.glob("[0-9]*_*.py")}


@contextmanager
def copy_of(project: Project, url: str) -> Iterator[Path]:
    """A copy of the migration files of all apps. Beside it, a pyproject.toml names it and the database."""
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        for app in project.apps:
            if numbered(project.folder(app)):
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(project.folder(app), home / "migrations" / app, ignore=ignored)
        (home / "draft_both_config.py").write_text(CONFIG.format(url=url), encoding="utf-8")
        section = SECTION.format(location=(home / "migrations").as_posix())
        (home / "pyproject.toml").write_text(section, encoding="utf-8")
        yield home / "migrations"


def aerich(copy: Path, app: str, *command: str) -> str:
    """What `aerich COMMAND` prints. A question of Aerich counts as an error, because nobody answers."""
    path = os.pathsep.join(filter(None, (str(copy.parent), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-m", "aerich", "-c", str(copy.parent / "pyproject.toml"), "--app", app, *command],
        # Lists in MODELS_STATE come from sets. With one seed, they have one order in both drafts.
        env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.returncode:
        return done.stdout
    said = (done.stderr.strip().splitlines() or [""])[-1]
    if "is unsupported in SQLite" in said:
        raise DraftError(f"{said}\nIf SQLite needs no SQL, as for a larger max_length, add --sqlite-nothing.")
    if asked := re.findall(r"\(.+\) Rename .+\?", done.stdout):
        raise DraftError("\n".join([*asked, "If yes, add --renamed. If no, write SQL: --by-hand."]))
    raise DraftError(f"{done.stdout}{done.stderr[-2000:]}".strip())


def drafted(url: str, project: Project, *command: str) -> Draft | None:
    """What Aerich writes for one product. None: no change."""
    with copy_of(project, url) as copy:
        said = aerich(copy, project.app, *command)
        new = numbered(copy / project.app) - project.files()
        if not new and "No changes detected" not in said:
            raise DraftError(said)
        texts = [Draft(file, (copy / project.app / file).read_text(encoding="utf-8")) for file in new]
        return texts[0] if texts else None


def for_sqlite(draft: Draft) -> Draft:
    """SQLite knows no ADD CONSTRAINT: it takes a foreign key only in the ADD of its column."""
    for name in FUNCTIONS:
        sql = draft.sql(name)
        for table, column, key in ADD_KEY.findall(sql):
            sql = re.sub(f"(ALTER TABLE {table} ADD {column} [^;]+);", rf"\1 {key};", sql)
        draft = draft.replaced(name, SAME, sql=DROP_KEY.sub("", ADD_KEY.sub("", sql)))
    return draft


def without_sql(draft: Draft) -> Draft:
    """The draft for the other product, which needs no SQL."""
    for name in FUNCTIONS:
        draft = draft.replaced(name, SAME, sql="\n        SELECT 1;")
    return draft


def sqlite_needs_nothing(postgres: Draft) -> Draft:
    """The draft for SQLite if only columns and comments change. Other SQL would be missing there."""
    for statement in map(str.strip, "".join(map(postgres.sql, FUNCTIONS)).split(";")):
        if statement and not COLUMN_OR_COMMENT.match(statement):
            raise DraftError(f"First draft this change alone. SQLite needs it, too:\n{statement}")
    return without_sql(postgres)


def joined(postgres: Draft, sqlite: Draft) -> Draft:
    """One file for both products."""
    if postgres.state != sqlite.state:
        raise DraftError("MODELS_STATE differs between the two drafts. Did a model change meanwhile?")
    draft = postgres
    for name in FUNCTIONS:
        both = {"postgres": postgres.sql(name), "sqlite": sqlite.sql(name)}
        if both["postgres"] != both["sqlite"]:
            draft = draft.replaced(name, BOTH, **both)
    return draft


async def try_on_sqlite(draft: Draft, project: Project) -> None:
    """Apply all files of all apps to a new database, and undo the new file."""
    with copy_of(project, SQLITE) as copy:
        (copy / project.app).mkdir(parents=True, exist_ok=True)
        (copy / project.app / draft.file).write_text(draft.text, encoding="utf-8")
        url = f"sqlite://{copy.as_posix()}/try.sqlite3"
        config = load_tortoise_config()
        config = config | {"connections": dict.fromkeys(config["connections"], url)}
        try:
            for app in project.apps:
                async with TortoiseContext(), Command(config, app=app, location=str(copy)) as command:
                    await command.upgrade()
            async with TortoiseContext(), Command(config, app=project.app, location=str(copy)) as command:
                with suppress(DowngradeError):  # the first file has no downgrade()
                    await command.downgrade(-1, delete=False)
        except Exception as error:
            reason = f"SQLite refuses the files. {type(error).__name__}: {error}"
            text = draft.text.removesuffix(draft.state)
            raise DraftError(f"{reason}\nUse --by-hand, and write both SQL. The draft:\n{text}") from error


def new_file(options: argparse.Namespace, project: Project) -> Draft:
    """The file for both products. It is not written yet."""
    by_hand = options.empty or options.by_hand
    if project.files():
        command = ["migrate", "--offline", "--name", options.name]
    elif by_hand:
        raise DraftError("The app has no file yet. Draft its first file without --empty and --by-hand.")
    else:
        command = ["init-migrations"]
    if options.empty and (change := drafted(POSTGRES, project, *command, "--no-input")):
        reason = "A change of the models has no file. An empty file would record it as done. Draft it first:"
        raise DraftError(f"{reason}\n{change.sql('upgrade').strip()}")
    command += ["--empty"] * by_hand + ["--no-input"] * options.renamed
    postgres = drafted(POSTGRES, project, *command)
    if options.sqlite_nothing:
        sqlite = sqlite_needs_nothing(postgres) if postgres else None
    else:
        sqlite = drafted(SQLITE, project, *command)
    if one := postgres or sqlite:
        draft = joined(postgres or without_sql(one), for_sqlite(sqlite or without_sql(one)))
        if not by_hand:
            asyncio.run(try_on_sqlite(draft, project))
        return draft
    raise DraftError("No changes detected: the newest file has the models as they are.")


def main() -> None:
    """Write the file, or say why there is none."""
    parser = argparse.ArgumentParser(description="Draft one migration file for SQLite and PostgreSQL.")
    parser.add_argument("--name", default="update", help="what the change does: part of the name of the file")
    parser.add_argument("--app", help="the app of TORTOISE_ORM (default: the first one)")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--empty", action="store_true", help="no SQL; refused if the models have changed")
    kind.add_argument("--by-hand", action="store_true", help="no SQL, although the models have changed")
    kind.add_argument("--renamed", action="store_true", help="answer yes if Aerich asks about a rename")
    kind.add_argument("--sqlite-nothing", action="store_true", help="columns change, and SQLite needs no SQL")
    options = parser.parse_args()
    sys.path.insert(0, "")
    section = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["aerich"]
    apps = list(load_tortoise_config()["apps"])
    project = Project(apps, options.app or apps[0], section["location"])
    try:
        new = new_file(options, project)
    except DraftError as error:
        sys.exit(f"No file is written. {error}")
    folder = project.folder(project.app)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / new.file).open("x", encoding="utf-8") as file:
        file.write(new.text)
    differ = "db.capabilities.dialect" in new.text
    print(folder / new.file, "has SQL of each product" if differ else "has the same SQL for both products")


if __name__ == "__main__":
    main()
