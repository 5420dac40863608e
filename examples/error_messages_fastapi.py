"""Messages of FastAPI and Pydantic beside Tortoise: each mistake is made, and each message compared.

references/errors.md says for each message what caused it and what to do.
"""

import asyncio
from collections.abc import Callable

import httpx
from fastapi import FastAPI
from fastapi.exceptions import FastAPIError, ResponseValidationError
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError
from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.models import Model


class Author(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10)
    books: fields.ReverseRelation["Book"]


class Book(Model):
    id = fields.IntField(primary_key=True)
    author: fields.ForeignKeyRelation[Author] = fields.ForeignKeyField("models.Author", related_name="books")


class Folder(Model):
    id = fields.IntField(primary_key=True)
    parent = fields.ForeignKeyField("models.Folder", related_name="children", null=True)


class BareAuthorOut(BaseModel):
    name: str


class KeyOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    author: int


class AuthorOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str


class ShortBookOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int


class AuthorWithBooksOut(AuthorOut):
    books: list[ShortBookOut]


class BookOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    author: AuthorOut


class BareBookOut(BaseModel):
    """Its own rows may be objects, those of the relation may not."""

    model_config = ConfigDict(from_attributes=True)

    author: BareAuthorOut


class FolderOut(BaseModel):
    """A schema of a tree: it names itself."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    children: list["FolderOut"]


class ChildOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    parent: ShortBookOut


class AnyChildOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    parent: ShortBookOut | None


def refused(error: type[Exception], message: str, mistake: Callable[[], object]) -> None:
    try:
        mistake()
    except error as raised:
        assert message in str(raised), raised
    else:
        raise AssertionError(f"no error: {message}")


async def main() -> None:
    app = FastAPI()
    message = "Invalid args for response field! Hint: check that <class '__main__.Author'> is"
    refused(FastAPIError, message, lambda: app.get("/")(a_handler_that_returns_a_model))

    message = "Unable to generate pydantic-core schema for <class '__main__.Author'>"
    refused(PydanticSchemaGenerationError, message, lambda: create_model("Out", author=(Author, ...)))

    async with tortoise_test_context(["__main__"]):
        author = await Author.create(name="a")
        await Book.create(author=author)
        bare = "Input should be a valid dictionary or instance of BareAuthorOut"
        refused(ValidationError, bare, lambda: BareAuthorOut.model_validate(author))
        assert AuthorOut.model_validate(author).name == "a"

        message = "Input should be a valid dictionary or object to extract fields from"
        no_object = message
        refused(ValidationError, message, lambda: AuthorOut.model_validate(None))
        refused(ValidationError, message, lambda: AuthorOut.model_validate([author]))
        call = author_of_a_service()  # without await
        refused(ValidationError, message, lambda: AuthorOut.model_validate(call))
        refused(ValidationError, "input_value=<coroutine object", lambda: AuthorOut.model_validate(call))
        call.close()

        message = "Input should be a valid list"
        refused(ValidationError, message, lambda: AuthorWithBooksOut.model_validate(author))
        await author.fetch_related("books")
        assert len(AuthorWithBooksOut.model_validate(author).books) == 1

        book = await Book.get(author=author)
        message = "Field required [type=missing, input_value=<tortoise.queryset.QueryS"
        refused(ValidationError, message, lambda: BookOut.model_validate(book))
        message = "Input should be a valid integer [type=int_type, input_value=<tortoise.queryset.QueryS"
        refused(ValidationError, message, lambda: KeyOut.model_validate(book))
        refused(ValidationError, bare, lambda: BareBookOut.model_validate(book))
        refused(ValidationError, "input_type=QuerySet]", lambda: BareBookOut.model_validate(book))
        await book.fetch_related("author")
        refused(ValidationError, bare, lambda: BareBookOut.model_validate(book))  # not enough
        assert BookOut.model_validate(book).author.name == "a"

        root = await Folder.create()
        await Folder.create(parent=root)
        (root,) = await Folder.filter(parent=None).prefetch_related("children")
        refused(ValidationError, "Input should be a valid list", lambda: FolderOut.model_validate(root))
        (root,) = await Folder.filter(parent=None).prefetch_related("children__children")
        tree = FolderOut.model_validate(root).model_dump()
        assert tree == {"id": 1, "children": [{"id": 2, "children": []}]}

        root = await Folder.get(parent=None).select_related("parent")
        refused(ValidationError, no_object, lambda: ChildOut.model_validate(root))
        assert AnyChildOut.model_validate(root).parent is None

        @app.get("/authors")
        async def authors() -> list[BareAuthorOut]:
            return await Author.all().values("id")  # type: ignore[return-value]

        @app.get("/authors/1")
        async def one() -> AuthorOut:
            return Author.get(id=1)  # type: ignore[return-value]  # without await

        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")
        try:
            await client.get("/authors")
        except ResponseValidationError as raised:
            assert "'type': 'missing', 'loc': ('response', 0, 'name'), 'msg': 'Field required'" in str(raised)
        else:
            raise AssertionError("no error")
        try:
            await client.get("/authors/1")
        except ResponseValidationError as raised:
            missing = "'loc': ('response', 'name'), 'msg': 'Field required', 'input': <tortoise.queryset."
            assert missing in str(raised)
        else:
            raise AssertionError("no error")
        await client.aclose()


async def author_of_a_service() -> Author:
    return await Author.get(id=1)


async def a_handler_that_returns_a_model() -> Author:
    return await Author.get(id=1)


asyncio.run(main())
