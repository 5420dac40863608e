r"""The first file of Aerich, for tables that Django made in PostgreSQL.

1. Print the SQL of the tables. `grep` removes lines that make the file fail. Add `-t` for each other table
   that a foreign key names, also `auth_user`:

   pg_dump -s -O -x -t 'blog_*' "$DJANGO_URL" |
       grep -Ev '^(\\|--|SET |SELECT pg_catalog.set_config|$)'

2. Run `aerich init-migrations`. Of the SQL in its file, keep only `CREATE TABLE IF NOT EXISTS "aerich" (…);`:
   the rest adds comments and a second unique index to your tables. Replace `upgrade()` by the lines below,
   which make the other tables only if all are missing. Keep the rest of the file.
3. Apply the file to an empty database. Run step 1 on this and on the old database, and compare the outputs
   with `diff`. Then `aerich migrate --offline` must print "No changes detected".
4. In production, run `aerich upgrade`. `aerich upgrade --fake` fails, because the table `aerich` is missing.
"""

from tortoise import BaseDBAsyncClient

TABLES = AERICH = ""  # the output of step 1, and the statement from Aerich's file
NAMES = {"blog_author", "blog_tag", "blog_article", "blog_article_tags"}  # all tables of step 1
FOUND = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"


async def upgrade(db: BaseDBAsyncClient) -> str:
    found = NAMES & {row["tablename"] for row in await db.execute_query_dict(FOUND)}
    if found not in (set(), NAMES):
        raise RuntimeError(f"only {found} exist: is this the right database?")
    return AERICH + ("" if found else TABLES)
