# snippet: needs="sqlite|postgres|mariadb"
"""A tree in one table: read all descendants or all ancestors with one recursive query (WITH RECURSIVE).

By hand, on an empty database: DATABASE_URL=postgres://… python examples/queries_tree.py
"""

import asyncio
import os

from tortoise import Tortoise, fields
from tortoise.context import TortoiseContext
from tortoise.models import Model


class Folder(Model):
    class Meta:
        table = "tree_folder"
        ordering = ("name",)

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=20)
    parent: fields.ForeignKeyNullableRelation["Folder"] = fields.ForeignKeyField(
        "models.Folder", related_name="children", null=True, on_delete=fields.CASCADE
    )


DOWN = "tree_folder.parent_id = tree.id"
UP = "tree_folder.id = tree.parent_id"
MARKS = {"sqlite": "?", "postgres": "$1", "mysql": "%s"}  # psycopg: %s


async def line(start: int, step: str) -> list[Folder]:
    """The folder and all below it (DOWN) or above it (UP): two statements, however deep the tree is.

    UNION, not UNION ALL: a row that is its own ancestor then ends the recursion.
    """
    connection = Tortoise.get_connection("default")
    mark = "%s" if "psycopg" in type(connection).__module__ else MARKS[connection.capabilities.dialect]
    rows = await connection.execute_query_dict(
        "WITH RECURSIVE tree (id, parent_id) AS ("
        f" SELECT id, parent_id FROM tree_folder WHERE id = {mark}"
        f" UNION SELECT tree_folder.id, tree_folder.parent_id FROM tree_folder JOIN tree ON {step}"
        ") SELECT id FROM tree",
        [start],
    )
    return await Folder.filter(id__in=[row["id"] for row in rows])


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await Tortoise.generate_schemas()
        await Folder.all().delete()
        root = await Folder.create(name="a root")
        child = await Folder.create(name="b child", parent=root)
        leaf = await Folder.create(name="c leaf", parent=child)
        other = await Folder.create(name="d other", parent=root)

        assert await line(child.id, DOWN) == [child, leaf]
        assert await line(leaf.id, UP) == [root, child, leaf]
        await Folder.filter(id=root.id).update(parent_id=leaf.id)  # a circle
        assert await line(child.id, DOWN) == [root, child, leaf, other]
        await Folder.filter(id=root.id).update(parent_id=None)
        await root.delete()
        assert await Folder.all().count() == 0


asyncio.run(main())
