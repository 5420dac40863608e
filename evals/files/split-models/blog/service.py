"""What the blog does."""

from blog import models
from blog.models import Article, Author, State


async def write(author: Author, title: str, *words: str) -> Article:
    """A new draft, with tags."""
    article = await Article.create(author=author, title=title)
    tags = [await models.Tag.get_or_create(name=word) for word in words]
    await article.tags.add(*(tag for tag, _ in tags))
    return article


async def publish(article: Article) -> None:
    """Make a draft public."""
    article.state = State.PUBLIC
    await article.save()
