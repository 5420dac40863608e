"""What happens when something was saved."""

from typing import Any

from tortoise.signals import post_save

from .models.article import Article

published: list[str] = []


@post_save(Article)
async def note_published(
    sender: type[Article], instance: Article, created: bool, using_db: Any, update_fields: Any
) -> None:
    if instance.is_public():
        published.append(instance.title)
