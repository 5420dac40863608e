"""A book: its logic without a database, its table on one."""

import pytest
from tortoise.exceptions import IntegrityError

from apps.library.models import Author, BaseBook, Binding, Book


class FakeBook(BaseBook):
    class Meta:
        abstract = True


def test_copies_that_are_lent_are_not_available():
    assert FakeBook(title="Emma", copies=3, lent=2).available() == 1


async def test_a_book_is_bound_in_paper_unless_it_says_otherwise(tables):
    austen = await Author.create(name="Austen")
    await Book.create(title="Emma", author=austen)
    assert (await Book.get(author__name="Austen")).binding is Binding.PAPER


async def test_an_author_with_books_stays(tables):
    austen = await Author.create(name="Austen")
    await Book.create(title="Emma", author=austen)
    with pytest.raises(IntegrityError):
        await austen.delete()
    assert await Author.exists(name="Austen")
