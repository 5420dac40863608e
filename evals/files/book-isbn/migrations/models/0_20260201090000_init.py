"""The first tables, for both databases: what `aerich init-migrations` wrote with the URL of each.

Aerich writes SQL of one database. The upgrade of each file here chooses. MODELS_STATE is the same for both.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

POSTGRES = """
CREATE TABLE IF NOT EXISTS "author" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "name" VARCHAR(100) NOT NULL
);
COMMENT ON TABLE "author" IS 'Who writes';
CREATE TABLE IF NOT EXISTS "book" (
    "id" UUID NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "title" VARCHAR(200) NOT NULL,
    "binding" VARCHAR(9) NOT NULL,
    "author_id" UUID NOT NULL REFERENCES "author" ("id") ON DELETE RESTRICT
);
CREATE INDEX IF NOT EXISTS "ix_book_author_id" ON "book" ("author_id");
COMMENT ON COLUMN "book"."binding" IS 'CLOTH: cloth\nPAPER: paper';
COMMENT ON TABLE "book" IS 'What can be lent';
CREATE TABLE IF NOT EXISTS "aerich" (
    "id" SERIAL NOT NULL PRIMARY KEY,
    "version" VARCHAR(255) NOT NULL,
    "app" VARCHAR(100) NOT NULL,
    "content" JSONB NOT NULL
);
"""

SQLITE = """
CREATE TABLE IF NOT EXISTS "author" (
    "id" CHAR(36) NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "name" VARCHAR(100) NOT NULL
) /* Who writes */;
CREATE TABLE IF NOT EXISTS "book" (
    "id" CHAR(36) NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "title" VARCHAR(200) NOT NULL,
    "binding" VARCHAR(9) NOT NULL /* CLOTH: cloth\nPAPER: paper */,
    "author_id" CHAR(36) NOT NULL REFERENCES "author" ("id") ON DELETE RESTRICT
) /* What can be lent */;
CREATE INDEX IF NOT EXISTS "ix_book_author_id" ON "book" ("author_id");
CREATE TABLE IF NOT EXISTS "aerich" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "version" VARCHAR(255) NOT NULL,
    "app" VARCHAR(100) NOT NULL,
    "content" JSON NOT NULL
);
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    return SQLITE if db and db.capabilities.dialect == "sqlite" else POSTGRES


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP TABLE "book";
        DROP TABLE "author";"""


MODELS_STATE = (
    "eJztWG1P2zoU/itWPjGJi7YOtoGmSYUV0btLi0q2Xe3eq8iN3TYisTPHWalY//t8HCfOS9"
    "u1DCbK5Qs058XxeR7Hfo5vnIgTGiZ77VROuHCO0I3DcETVj5pnFzk4jq0dDBIPQx2Kbcww"
    "kQL7UllHOEyoMhGa+CKIZcAZxH6ecDQVgaR6CMJ9lRCwMbjcCUV6zF2EGUFSPU7xDA2xf4"
    "Uk189Dzq+SPchMWfA1pZ7kY6ocMPV//lPmgBF6rcY2j/GVNwpoSCqVBQQG0HZPzmJt+/ix"
    "+/5UR8Kshp7PwzRiNjqeqRJZEZ6mAdmDHPCNKaMCS0pKVbM0DA08uSmbsTJIkdJiqsQaCB"
    "3hNATsnLejlPkAGdJvgj/778zUSmGe1+u73mXH9TynATVMoQaxMfmcAU0BkwDUzTwb1wKi"
    "rQ684OSsPdh5+eqZhoAnciy0U8PlzHUiljhL1aBblH1BARMPyyba75VHBhFdjHg1s4Y8Ma"
    "l7+Y/bMJAbLAV2tebg5vDdA+COKpD0WTgz3K8gwO2edy7d9vkFvC5Kkq+hxq/tdsDT0tZZ"
    "zbqT8cXVh5h9n8Ug6HPXPUPwiL70e506q0Wc+8WBOanvmnuMTz1MSss0t+aoqUjLehqTW7"
    "JezXxi/aGwnmNUot3M3rKu/zf4PplgsZjrPL7GskJrG3mN8LUXUjaWE/X44vnzFcR+ag/0"
    "lqqiamz1jKuV+eZzOL5GV6WtFQxwFk6xIF7FY4nQ52OTiWOTdvphQEOsC2yibw78YzXEFr"
    "Iwz9dYbs3XKcDGW3wZkE1X1IrqFszwWJcE74Y3lbFaIJpyDJdLpmEesYZgwhL5mKEhRWqV"
    "yeWy6QgJw+4u0ixoGcUFoWJNyXTj2MKNqvOU/oEoeh2r/SJRgxewFHrq2oNyPJsAlZpV5e"
    "hcVaN+mD+JsidR9jA3kC09np9E2f+R9XVEmQxkuJEqKxIeoSxrrSXLWitkWSuTZWWEh6o0"
    "mMJCjDssjTTOXTUtzHzawLuU/vsQd2IcU7HhqeWc/NV3z46QH3I5+ZddtC86gyNkR9qQjM"
    "M1qDhcSsRhnYaK7lhXQVSS7lJIPAwdfAvd0Gg46gg34T3lggZj9oHOGit9cXNhbxO3E9ZG"
    "e6HMAk8LPVtdVqp+VTWVGoGB2s8H3RM308CLG7n77FXaVAT+xFl0xZt5VvYr2Mb8rGNZju"
    "kd39l2mdygOwiy1qm87gyBv9YW3OcRNoYp/NF6sf96/83LV/tvVIieZmF5veJz7/bcn3QD"
    "36hIzF3AuhqhlPIYVcLBwToq4eBguUoAX+14Uh/VBgib8EeI7p1djZXRVW+U5lakivCfl/"
    "3eklbWptQ7msCX6DsKg6SxV2wB2ivABTAqbUuO6c55++863ErsHdc1AgxwvNmt5N0fZvMf"
    "YIMwYg=="
)
