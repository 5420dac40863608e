"""The pages that the bench runs: `corpus(form)` gives a folder as {path: text}. Nothing here touches a disk.

Four forms. `trivial` needs no database. In the other three every block does three creates and one query on an
in-memory SQLite database:

    await    top-level await. The tool opens the database and knows the models from its settings; with
             opens_database=True the block opens it itself, for tools that have no such settings.
    script   asyncio.run(main()); the block opens the database, with the project's module of eight models.
    own      the same, but with one model, which the block itself defines, in `__main__`.

It is one self-contained file, so that a test can load it: runpy.run_path("tests/bench/corpora.py")["corpus"].
"""

from collections.abc import Callable
from textwrap import indent
from typing import Literal, get_args

Form = Literal["trivial", "await", "script", "own"]
FORMS: tuple[Form, ...] = get_args(Form)
SIZES: dict[Form, tuple[int, int]] = {  # blocks, pages
    "trivial": (1000, 20),
    "await": (300, 10),
    "script": (300, 10),
    "own": (300, 10),
}

PLAIN_SETTINGS = """\
[tool.pytest.ini_options]
testpaths = ["docs"]

[tool.tortoise-dev.snippets]
paths = ["docs"]
"""

TORTOISE_SETTINGS = f"""\
{PLAIN_SETTINGS}project = "project"
models = ["bench_models"]
setup = "bench_setup:load"
"""

MODELS = """\
from tortoise import fields
from tortoise.models import Model


class Country(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=80, unique=True)


class Publisher(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=80)
    country = fields.ForeignKeyField("models.Country", related_name="publishers", null=True)


class Author(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=80, db_index=True)
    created_at = fields.DatetimeField(auto_now_add=True)


class Profile(Model):
    id = fields.IntField(primary_key=True)
    author = fields.OneToOneField("models.Author", related_name="profile")
    biography = fields.TextField(default="")


class Tag(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=40, unique=True)


class Book(Model):
    id = fields.IntField(primary_key=True)
    title = fields.CharField(max_length=200)
    pages = fields.IntField(default=0)
    publisher = fields.ForeignKeyField("models.Publisher", related_name="books")
    author = fields.ForeignKeyField("models.Author", related_name="books")
    tags = fields.ManyToManyField("models.Tag", related_name="books")


class Shelf(Model):
    id = fields.IntField(primary_key=True)
    label = fields.CharField(max_length=40)
    books = fields.ManyToManyField("models.Book", related_name="shelves")


class Review(Model):
    id = fields.IntField(primary_key=True)
    book = fields.ForeignKeyField("models.Book", related_name="reviews")
    stars = fields.SmallIntField()
    text = fields.TextField(default="")
"""

SETUP = '''\
async def load() -> None:
    """No data: the blocks that open their database themselves start with an empty one, too."""
'''

IMPORT_MODELS = "from bench_models import Author, Book, Publisher\n"
IMPORT_TORTOISE = "from tortoise import Tortoise\n"

WORK = """\
publisher = await Publisher.create(name="Publisher {n}")
author = await Author.create(name="Author {n}")
await Book.create(title="Book {n}", pages={n}, publisher=publisher, author=author)
assert await Book.filter(author__name="Author {n}").count() == 1
"""

OWN_WORK = """\
await Note.create(text="first {n}")
await Note.create(text="second {n}")
await Note.create(text="third {n}")
assert await Note.filter(text="second {n}").count() == 1
"""

OWN_MODEL = """\
from tortoise import Tortoise, fields
from tortoise.models import Model


class Note(Model):
    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=80)
"""

# The connection is closed whatever happens: its thread would keep a failed tool from ever ending.
IN_A_DATABASE = """\
await Tortoise.init(db_url="sqlite://:memory:", modules={{"models": ["{module}"]}})
try:
    await Tortoise.generate_schemas()
{work}finally:
    await Tortoise.close_connections()
"""


def corpus(form: Form, *, opens_database: bool = False, blocks: int = 0, pages: int = 0) -> dict[str, str]:
    """The corpus of this form as {relative POSIX path: text}; `blocks` and `pages` change its size."""
    usual_blocks, usual_pages = SIZES[form]
    blocks, pages = blocks or usual_blocks, pages or usual_pages
    write_block = _writers(opens_database)[form]
    files = {"pyproject.toml": PLAIN_SETTINGS if form == "trivial" else TORTOISE_SETTINGS}
    if form != "trivial":
        files["project/bench_models.py"] = MODELS
        files["project/bench_setup.py"] = SETUP
    for page in range(pages):
        numbers = range(page * blocks // pages, (page + 1) * blocks // pages)
        sections = [f"## Block {n}\n\n```python\n{write_block(n)}```\n" for n in numbers]
        files[f"docs/page_{page:02}.md"] = "\n".join([f"# Page {page}\n", *sections])
    return files


def _writers(opens_database: bool) -> dict[Form, Callable[[int], str]]:
    return {
        "trivial": lambda n: f"x = {n}\nassert x == {n}\n",
        "await": _await_with_database if opens_database else _await,
        "script": _script,
        "own": _own,
    }


def _await(n: int) -> str:
    return f"{IMPORT_MODELS}\n{WORK.format(n=n)}"


def _await_with_database(n: int) -> str:
    return f"{IMPORT_MODELS}{IMPORT_TORTOISE}\n{_in_a_database(WORK.format(n=n), 'bench_models')}"


def _script(n: int) -> str:
    main = _main(_in_a_database(WORK.format(n=n), "bench_models"))
    return f"import asyncio\n\n{IMPORT_MODELS}{IMPORT_TORTOISE}\n\n{main}"


def _own(n: int) -> str:
    main = _main(_in_a_database(OWN_WORK.format(n=n), "__main__"))
    return f"import asyncio\n\n{OWN_MODEL}\n\n{main}"


def _in_a_database(work: str, module: str) -> str:
    return IN_A_DATABASE.format(work=indent(work, "    "), module=module)


def _main(body: str) -> str:
    return f"async def main():\n{indent(body, '    ')}\n\nasyncio.run(main())\n"
