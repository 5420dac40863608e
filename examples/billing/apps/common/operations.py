"""Migration operations that Tortoise lacks. Keep this file as long as a migration imports it.

The operations also change the state, from which the next migration is computed.
"""

from copy import deepcopy
from typing import Any

from tortoise.migrations import operations as ops


class RenameClass(ops.RenameModel):
    """The class gets another name, the table keeps its own: no SQL."""

    def state_forward(self, app_label: str, state: Any) -> None:
        model = state.models.pop((app_label, self.old_name))
        model.name = self.new_name
        model.table = model.options.get("table", model.table)  # AlterModelOptions changes only the options
        state.models[app_label, self.new_name] = model
        for other in state.models.values():
            for name, field in other.fields.items():
                if getattr(field, "model_name", None) == f"{app_label}.{self.old_name}":
                    other.fields[name] = deepcopy(field)
                    other.fields[name].model_name = f"{app_label}.{self.new_name}"
        state.apps = state.apps.clone(state.models)


class RenameForeignKey(ops.RenameField):
    """The foreign key and its column get another name: RENAME COLUMN."""

    def state_forward(self, app_label: str, state: Any) -> None:
        fields = self.get_model_state(state, app_label, self.model_name).fields
        fields[self.old_name] = deepcopy(fields[self.old_name])
        fields[self.old_name].source_field = f"{self.new_name}_id"
        super().state_forward(app_label, state)


class RenameAttribute(ops.RenameField):
    """The attribute gets another name, the column keeps its own (`source_field=` in the model): no SQL."""

    def __init__(self, model_name: str, old_name: str, new_name: str, column: str) -> None:
        super().__init__(model_name, old_name, new_name)
        self.column = column

    def state_forward(self, app_label: str, state: Any) -> None:
        fields = self.get_model_state(state, app_label, self.model_name).fields
        fields[self.old_name] = deepcopy(fields[self.old_name])
        fields[self.old_name].source_field = self.column
        super().state_forward(app_label, state)

    async def database_forward(self, *args: Any, **kwargs: Any) -> None:
        return None

    async def database_backward(self, *args: Any, **kwargs: Any) -> None:
        return None


class ForgetField(ops.RemoveField):
    """The model has lost the field, the table keeps the column: no SQL."""

    async def database_forward(self, *args: Any, **kwargs: Any) -> None:
        return None

    async def database_backward(self, *args: Any, **kwargs: Any) -> None:
        return None


class StateOnly(ops.TortoiseOperation):
    """The state changes as `operation` says: no SQL, because other SQL has changed the table."""

    def __init__(self, operation: ops.TortoiseOperation) -> None:
        self.operation = operation

    def describe(self) -> str:
        return f"{self.operation.describe()} (no SQL)"

    def state_forward(self, app_label: str, state: Any) -> None:
        self.operation.state_forward(app_label, state)


class LockTimeout(ops.RunSQL):
    """PostgreSQL: fail after some seconds of waiting for a lock, while everybody else waits behind it.

    Put it first, in a migration that runs in a transaction. Elsewhere it does nothing.
    """

    def __init__(self, seconds: float) -> None:
        statement = f"SET LOCAL lock_timeout = '{round(seconds * 1000)}ms'"
        super().__init__(statement, statement)

    async def _run_sql(self, state_editor: Any, sqls: Any) -> None:
        if state_editor.DIALECT == "postgres":
            await super()._run_sql(state_editor, sqls)


class AddIndexConcurrently(ops.AddIndex):
    """PostgreSQL: build and drop an index of any kind without blocking writes.

    The migration needs `atomic = False`. Elsewhere it does what AddIndex does.
    """

    async def database_forward(
        self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None
    ) -> None:
        if state_editor is None or state_editor.DIALECT != "postgres":
            await super().database_forward(app_label, old_state, new_state, state_editor)
            return
        model = new_state.apps.get_model(app_label, self.model_name)
        create = self.index.get_sql(state_editor, model, safe=False)  # with its type and its condition
        await state_editor._run_sql(create.replace("INDEX", "INDEX CONCURRENTLY", 1))

    async def database_backward(
        self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None
    ) -> None:
        if state_editor is None or state_editor.DIALECT != "postgres":
            await super().database_backward(app_label, old_state, new_state, state_editor)
            return
        model = old_state.apps.get_model(app_label, self.model_name)
        name = state_editor._index_name_for_model(model, self.index)
        drop = state_editor._drop_index_sql(model, name)
        await state_editor._run_sql(drop.replace("DROP INDEX", "DROP INDEX CONCURRENTLY", 1))


class SetNotNull(ops.AlterField):
    """PostgreSQL: make a filled column NOT NULL, and look at its rows while others read and write them.

    SET NOT NULL alone locks the table against everybody until it has looked at each row. If a CHECK says
    the same, it looks at no row. The migration needs `atomic = False`. Elsewhere it does the same as
    AlterField. If a row still has NULL, it raises and changes nothing: fill the row, and migrate again.
    """

    def __init__(self, model_name: str, name: str, field: Any, lock_timeout: float = 2) -> None:
        super().__init__(model_name, name, field)
        self.lock_timeout = lock_timeout

    async def database_forward(
        self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None
    ) -> None:
        if state_editor is None or state_editor.DIALECT != "postgres":
            if state_editor is not None and not state_editor.collect_sql:
                await self._refuse_nulls(old_state.apps.get_model(app_label, self.model_name), state_editor)
            await super().database_forward(app_label, old_state, new_state, state_editor)
            return
        if state_editor.atomic_migration and not state_editor.collect_sql:
            raise ValueError("SetNotNull: write `atomic = False` into the migration, else it locks the table")
        meta = new_state.apps.get_model(app_label, self.model_name)._meta
        column = meta.fields_db_projection[self.name]
        alter, check = f'ALTER TABLE "{meta.db_table}"', f'"{meta.db_table}_{column}_given"'
        drop = f"{alter} DROP CONSTRAINT IF EXISTS {check}"  # also that of a run that was killed
        add = f'{alter} ADD CONSTRAINT {check} CHECK ("{column}" IS NOT NULL) NOT VALID'
        await self._run(state_editor, f"{drop}; {add}")
        try:
            await self._run(state_editor, f"{alter} VALIDATE CONSTRAINT {check}")
        except BaseException as error:
            try:
                await self._run(state_editor, drop)  # old code may still write NULL
            except Exception as left:
                error.add_note(f"{check} is still there, and the next run drops it: {left}")
            raise
        await self._run(state_editor, f'{alter} ALTER COLUMN "{column}" SET NOT NULL; {drop}')

    async def _run(self, state_editor: Any, statements: str) -> None:
        """Run statements, together in one transaction, and wait for locks only briefly."""
        timeout = f"SET LOCAL lock_timeout = '{round(self.lock_timeout * 1000)}ms'"
        await state_editor._run_sql(f"{timeout}; {statements}")

    async def _refuse_nulls(self, model: Any, state_editor: Any) -> None:
        """Raise ValueError for NULLs, before SQLite makes a table that it would leave behind."""
        empty = model.filter(**{f"{self.name}__isnull": True}).using_db(state_editor.client)
        if await empty.exists():
            raise ValueError(f"{self.model_name}.{self.name} is NULL in some rows: fill them first")
