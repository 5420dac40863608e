"""Everything that the blog stores."""

from .article import Article, BaseArticle, State
from .author import Author, BaseAuthor, this_year
from .comment import BaseComment, Comment
from .mixins import Shouting
from .tag import BaseTag, Tag

from ..signals import published  # isort: skip  - after the models that it names

__all__ = [
    "Article",
    "Author",
    "BaseArticle",
    "BaseAuthor",
    "BaseComment",
    "BaseTag",
    "Comment",
    "Shouting",
    "State",
    "Tag",
    "published",
    "this_year",
]
