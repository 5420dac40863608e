"""Each concrete model with its abstract base."""

from apps.library.models.author import Author, BaseAuthor
from apps.library.models.book import BaseBook, Binding, Book

__all__ = ["Author", "BaseAuthor", "BaseBook", "Binding", "Book"]
