"""For the handbook's pages: run one migration after another, and insert as each release does."""

from contextlib import nullcontext
from typing import Any

from tortoise import BaseDBAsyncClient
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.migrations import Migration
from tortoise.migrations.executor import MigrationExecutor
from tortoise.models import Model
from tortoise.transactions import in_transaction

from .fixtures import INV_3, NOW


class Releases:
    """The migrations that a page has applied after those of the project."""

    def __init__(self, db: BaseDBAsyncClient) -> None:
        self._db = db
        self._applied: list[type[Migration]] = []

    async def run(self, migration: type[Migration]) -> type[Model]:
        """Apply a migration, and return the model `Payment` as it is then."""
        executor = MigrationExecutor(self._db, {"models": {"migrations": "migrations"}})
        await executor.loader.build_graph()
        state = await executor._project_state(set(executor.loader.graph.nodes))
        for earlier in self._applied:
            await earlier("earlier", "models").apply(state, dry_run=True, schema_editor=None)
        editor = executor._schema_editor(atomic=migration.atomic)
        context: Any = in_transaction() if editor.atomic_migration else nullcontext(self._db)
        async with context as editor.client:
            await migration("step", "models").apply(state, schema_editor=editor)
        self._applied.append(migration)
        return state.apps.get_model("models.Payment")


async def pay(code: type[Model], **values: object) -> Any:
    """Insert a payment with the model of a release."""
    EXECUTOR_CACHE.clear()  # as in a new process
    return await code.create(invoice_id=INV_3, paid_at=NOW, **values)
