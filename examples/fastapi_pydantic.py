"""The schemas of pydantic_model_creator before and after the relations are known, and their queries."""

import asyncio
import logging
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, ValidationError
from tortoise import Tortoise, fields
from tortoise.contrib.pydantic import pydantic_model_creator
from tortoise.contrib.test import tortoise_test_context
from tortoise.models import Model


class Author(Model):
    name = fields.CharField(max_length=20)

    @property
    def initial(self) -> str:
        return self.name[:1]


class Book(Model):
    title = fields.CharField(max_length=20)
    price = fields.DecimalField(max_digits=5, decimal_places=2, default=Decimal(0))
    author = fields.ForeignKeyField("models.Author", related_name="books")


EarlyIn = pydantic_model_creator(Book, name="EarlyIn", exclude_readonly=True)
EarlyOut = pydantic_model_creator(Author, name="EarlyOut")
assert set(EarlyIn.model_fields) == {"title", "price"}
assert set(EarlyOut.model_fields) == {"id", "name"}
early = pydantic_model_creator(Book, name="EarlyExcluded", exclude=("author",))
assert set(early.model_fields) == {"id", "title", "price"}
early = pydantic_model_creator(Book, name="EarlyIncluded", include=("id", "author_id"))
assert set(early.model_fields) == {"id"}

Tortoise.init_models(["__main__"], "models")
BookIn = pydantic_model_creator(Book, name="BookIn", exclude_readonly=True)
BookPatch = pydantic_model_creator(
    Book, name="BookPatch", exclude_readonly=True, optional=("title", "author_id")
)
AuthorOut = pydantic_model_creator(Author, name="AuthorOut")
assert set(BookIn.model_fields) == {"title", "price", "author_id"}
assert set(AuthorOut.model_fields) == {"id", "name", "books"}
assert BookIn(title="t", price="-123456.789", author_id=1)  # the column: five digits, two of them decimals
assert BookPatch(title="x").model_dump(exclude_unset=True) == {"title": "x"}
late = pydantic_model_creator(Book, name="Excluded", exclude=("author",))
assert set(late.model_fields) == {"id", "title", "price", "author_id"}
late = pydantic_model_creator(Book, name="BothExcluded", exclude=("author", "author_id"))
assert set(late.model_fields) == {"id", "title", "price"}
Named = pydantic_model_creator(Book, name="Named", include=("id", "title"))
assert set(Named.model_fields) == {"id", "title"}


class BookPatchByHand(BaseModel):
    """By hand, for PATCH: the default is never used."""

    title: str = ""
    note: str | None = None


assert BookPatchByHand(note=None).model_dump(exclude_unset=True) == {"note": None}


class AuthorOutByHand(BaseModel):
    """By hand, for output: it reads a property of the model, too."""

    model_config = ConfigDict(from_attributes=True)
    name: str
    initial: str


assert AuthorOutByHand.model_validate(Author(name="Ann")).model_dump() == {"name": "Ann", "initial": "A"}
try:
    BookPatchByHand(title=None)  # type: ignore[arg-type]
except ValidationError as error:
    assert "Input should be a valid string" in str(error)
else:
    raise AssertionError("null for a NOT NULL column")


BOOK = {"id": 1, "title": "t", "price": Decimal(0)}


class Sent(logging.Handler):
    """The statements that Tortoise has logged."""

    def __init__(self) -> None:
        super().__init__()
        self.statements: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.statements.append(record.getMessage())


async def main() -> None:
    sent = Sent()
    async with tortoise_test_context(["__main__"]):
        for number in range(3):
            author = await Author.create(name=f"author {number}")
            await Book.create(**BookIn(title="t", author_id=author.id).model_dump())

        try:
            AuthorOut.model_validate(await Author.get(id=1))
        except ValidationError as error:
            assert "Input should be a valid list" in str(error)
        else:
            raise AssertionError("an unfetched relation was read")

        log = logging.getLogger("tortoise.db_client")
        log.setLevel(logging.DEBUG)
        log.addHandler(sent)
        authors = await AuthorOut.from_queryset(Author.all())
        assert authors[0].model_dump() == {"id": 1, "name": "author 0", "books": [BOOK]}
        assert len(sent.statements) == 2

        sent.statements.clear()
        for author in await Author.all():
            await AuthorOut.from_tortoise_orm(author)
        assert len(sent.statements) == 1 + 3
        log.removeHandler(sent)


asyncio.run(main())
