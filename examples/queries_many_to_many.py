"""Conditions on a many-to-many relation share one join: rows with any, all or none of some tags."""

import asyncio
import contextvars
import os

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import ConfigurationError, IntegrityError
from tortoise.expressions import Q, Subquery
from tortoise.functions import Count, Lower
from tortoise.models import Model
from tortoise.transactions import in_transaction
from tortoise.utils import get_schema_sql

URL = os.environ.get("DATABASE_URL", "sqlite://:memory:")


class Tag(Model):
    class Meta:
        table = "tag"

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10)
    hidden_in: fields.ManyToManyRelation["Post"] = fields.ManyToManyField(
        "models.Post", related_name="hidden"
    )


class Post(Model):
    class Meta:
        table = "post"
        ordering = ("title",)

    id = fields.UUIDField(primary_key=True)
    title = fields.CharField(max_length=10)
    tags: fields.ManyToManyRelation[Tag] = fields.ManyToManyField("models.Tag", related_name="posts")


class Label(Model):
    class Meta:
        table = "label"

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10)


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        await context.generate_schemas()
        # Each model declares one relation: the names differ, because each begins with the declaring table.
        tables = get_schema_sql(context.db(), safe=False).replace("`", '"')
        assert all(tables.count(f'CREATE TABLE "{name}"') == 1 for name in ("tag_post", "post_tag"))
        sql, python = await Tag.create(name="sql"), await Tag.create(name="python")
        both, only_sql, bare = [await Post.create(title=title) for title in ("a", "b", "c")]
        await both.tags.add(sql, python)
        await only_sql.tags.add(sql)
        await only_sql.tags.add(sql)  # a second time changes nothing
        assert await Post.filter(tags__name="sql").count() == 2

        # A function takes a field of a relation that another condition joins.
        joined = Post.filter(tags__name="sql", title__not=Lower("tags__name"))
        assert await joined.count() == 2

        # Any of them: a row for each match.
        any_of = Post.filter(tags__name__in=["sql", "python"])
        assert await any_of == [both, both, only_sql]
        assert await any_of.distinct() == [both, only_sql]

        # All of them: two conditions meet on the same joined row, which has one name.
        assert await Post.filter(tags__name="sql").filter(tags__name="python") == []
        assert await Post.filter(Q(tags__name="sql") & Q(tags__name="python")) == []
        found = Count("tags", distinct=True, _filter=Q(tags__name__in=["sql", "python"]))
        assert await Post.annotate(found=found).filter(found=2) == [both]
        # Another condition on the tags counts on the same joined rows.
        assert await Post.annotate(found=found).filter(found=2, tags__name="sql") == []
        with_sql = Subquery(Post.filter(tags__name="sql").values("id"))
        assert await Post.filter(id__in=with_sql).filter(tags__name="python") == [both]

        # None of them: exclude() joins too, and keeps a post for the sake of its other tags.
        wrong = await Post.exclude(tags__name="sql").distinct()
        assert both in wrong and bare not in wrong
        assert await Post.exclude(id__in=with_sql) == [bare]

        # The tags of one post see no other post.
        assert await both.tags.filter(name="sql").exists() and await only_sql.tags.filter(name="sql").exists()
        assert await both.tags.filter(posts__title="b") == []
        assert await both.tags.all().annotate(n=Count("posts")).values_list("n", flat=True) == [1, 1]

        # add() takes any object: the key of a label counts as the key of a tag.
        await bare.tags.add(await Label.create(id=python.id, name="x"))  # type: ignore[arg-type]
        assert await bare.tags.all() == [python]
        await bare.tags.clear()

        # They are written through the manager, not through the constructor.
        try:
            Post(tags=[sql])
        except ConfigurationError as error:
            assert "You can't set m2m relations through init, use m2m_manager instead" in str(error)
        else:
            raise AssertionError("a many-to-many relation was taken in the constructor")

        if "sqlite" not in URL:
            await two_at_once(bare, sql)


async def two_at_once(post: Post, tag: Tag) -> None:
    """The second add() sees no row yet, and waits for the first one: only its INSERT is refused."""
    outside = contextvars.copy_context()  # a task in it is no part of the transaction below
    async with in_transaction():
        await post.tags.add(tag)
        other = asyncio.create_task(post.tags.add(tag), context=outside)
        await asyncio.sleep(0.5)
    try:
        await other
    except IntegrityError:
        await post.tags.add(tag)  # the pair is there now, so this changes nothing
        assert await post.tags.filter(id=tag.id).count() == 1
        return
    raise AssertionError("two rows for one pair")


asyncio.run(main())
