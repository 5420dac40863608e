# snippet: needs="tortoise>=1.1.9"
"""Prefetching: statements of a many-to-many relation, how children are sorted, what only() must name.

On a server, by hand, on an empty database: DATABASE_URL=postgres://… python examples/queries_prefetch.py
"""

import asyncio
import logging
import os
from logging.handlers import BufferingHandler
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.query_utils import Prefetch
from tortoise.queryset import QuerySet


class PrefetchTag(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10)


class PrefetchBlog(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10)


class PrefetchPost(Model):
    id = fields.IntField(primary_key=True)
    title = fields.CharField(max_length=10)
    blog = fields.ForeignKeyField("models.PrefetchBlog", related_name="posts")
    tags = fields.ManyToManyField("models.PrefetchTag", related_name="posts")


SENT = BufferingHandler(1000)  # a record for each statement


async def statements(query: QuerySet[Any]) -> int:
    SENT.buffer.clear()
    await query
    return len(SENT.buffer)


async def counted() -> None:
    """Many-to-many: the rows, the link table, the targets. Without rows or targets, the rest is not sent."""
    bare = PrefetchPost.filter(title="bare")
    assert await statements(bare.prefetch_related("tags")) == 1
    blog = await PrefetchBlog.create(name="other")
    await PrefetchPost.create(title="bare", blog=blog)
    assert await statements(bare.prefetch_related("tags")) == 2
    await bare.delete()
    await blog.delete()
    assert await statements(PrefetchPost.all()) == 1
    assert await statements(PrefetchBlog.all().prefetch_related("posts")) == 2
    assert await statements(PrefetchPost.all().prefetch_related("tags")) == 3
    assert await statements(PrefetchBlog.all().prefetch_related("posts__tags")) == 4


async def ordered() -> None:
    """A Prefetch names a path. At each level, the children of each parent keep the order of its queryset."""
    blog = (
        await PrefetchBlog.all()
        .first()
        .prefetch_related(
            Prefetch("posts", queryset=PrefetchPost.all().order_by("-title")),
            Prefetch("posts__tags", queryset=PrefetchTag.all().order_by("name")),
        )
    )
    assert blog is not None
    found = [(post.title, [tag.name for tag in post.tags]) for post in blog.posts]
    assert found == [("second", ["a", "b", "c"]), ("first", ["a", "b", "c"])]


async def sorted_targets() -> None:
    """Also at the first level of a many-to-many relation."""
    in_order = Prefetch("tags", queryset=PrefetchTag.all().order_by("name"))
    for post in await PrefetchPost.all().prefetch_related(in_order):
        assert [tag.name for tag in post.tags] == ["a", "b", "c"]


async def of_rows_that_were_read() -> None:
    """fetch_related() and fetch_for_list() take names only."""
    in_order = Prefetch("tags", queryset=PrefetchTag.all().order_by("name"))
    posts = await PrefetchPost.all()
    for call in (posts[0].fetch_related(in_order), PrefetchPost.fetch_for_list(posts, in_order)):
        try:
            await call
        except AttributeError as error:
            assert str(error) == "'Prefetch' object has no attribute 'partition'"
        else:
            raise AssertionError("a Prefetch was taken")


async def way_back() -> None:
    """A prefetched child does not know that its parent is there."""
    blog = await PrefetchBlog.all().prefetch_related("posts").get(name="blog")
    assert isinstance(blog.posts[0].blog, QuerySet)
    blog = await PrefetchBlog.all().prefetch_related("posts__blog").get(name="blog")
    assert blog.posts[0].blog == blog


async def incomplete() -> None:
    """only() must name what joins the rows: the columns of the joined table, the key of the parent."""
    posts = PrefetchPost.all().select_related("blog")
    assert (await posts.only("id", "blog__name"))[0].blog.name == "blog"
    (post, _) = await posts.only("id", "blog_id")
    try:
        _ = post.blog.name
    except AttributeError as error:
        assert "name" in str(error)
    else:
        raise AssertionError("the joined row was read without its columns")

    whole = Prefetch("posts", queryset=PrefetchPost.all().only("id", "title", "blog_id"))
    (blog,) = await PrefetchBlog.all().prefetch_related(whole)
    assert len(blog.posts) == 2
    short = Prefetch("posts", queryset=PrefetchPost.all().only("id", "title"))
    try:
        await PrefetchBlog.all().prefetch_related(short)
    except AttributeError as error:
        assert "blog_id" in str(error)
    else:
        raise AssertionError("children were found without the key of their parent")


async def main() -> None:
    logger = logging.getLogger("tortoise.db_client")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(SENT)
    async with TortoiseContext() as context:
        url = os.environ.get("DATABASE_URL", "sqlite://:memory:")
        await context.init(db_url=url, modules={"models": ["__main__"]})
        await context.generate_schemas()
        blog = await PrefetchBlog.create(name="blog")
        tags = [await PrefetchTag.create(name=name) for name in "cab"]
        for title in ("first", "second"):
            post = await PrefetchPost.create(title=title, blog=blog)
            await post.tags.add(*tags)
        for part in (counted, ordered, sorted_targets, of_rows_that_were_read, way_back, incomplete):
            await part()


asyncio.run(main())
