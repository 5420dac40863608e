"""``--service crud``: the functions that write and read a model, and the routes that call them."""

from __future__ import annotations

from collections.abc import Iterable

from . import names
from .entity import Entity
from .schema_file import key_type, written_type
from .source_text import Imports, call, collection

_ACTIONS = ("create", "delete", "get", "list", "update")


def functions_of(entity: Entity) -> list[str]:
    """The functions of the service, which the package re-exports."""
    return [f"{action}_{entity.files if action == 'list' else entity.snake}" for action in _ACTIONS]


class ServiceFile:
    """Writes the service of a model."""

    def __init__(self, entity: Entity, own: Iterable[str], width: int) -> None:
        self.entity = entity
        self.width = width
        self.imports = Imports(own)
        self.phrase = names.with_article(entity.words)
        self.parameters = _parameters(entity, self.imports)
        self.key = f"{entity.key_parameter}: {key_type(entity.base.key, self.imports)}"
        self.by_key = f"{entity.base.key.name}={entity.key_parameter}"

    def render(self) -> str:
        """The source of the file."""
        self.imports.add(f"{self.entity.app}.models", self.entity.name)
        self.imports.add("tortoise.exceptions", "DoesNotExist")
        self.imports.add("tortoise.transactions", "atomic")
        for link in self.entity.to_one:
            self.imports.add(link.target.imported_from, link.target.name)
        plural = names.plural(self.entity.words).capitalize()
        head = f'"""{plural}: create, read, change and delete them."""\n\n{self.imports.render(self.width)}'
        functions = (self._create(), self._delete(), self._get(), self._list(), self._update())
        return "\n\n\n".join([head, *functions]) + "\n"

    def _create(self) -> str:
        model = self.entity.name
        given = [f"{name}={names.variable(name)}" for name in _stored_names(self.entity)]
        lines = [
            "@atomic()",
            self._define(f"create_{self.entity.snake}", ["*", *self.parameters], model),
            _docstring(f"Create {self.phrase}.", _raises(self.entity), self.width),
            *_found(self.entity),
            call(f"return await {model}.create(", given, ")", 4, self.width),
        ]
        return "\n".join(lines)

    def _delete(self) -> str:
        model = self.entity.name
        raises = [self._missing(), "Other rows need it: IntegrityError."]
        lines = [
            self._define(f"delete_{self.entity.snake}", [self.key], "None"),
            _docstring(f"Delete {self.phrase}.", raises, self.width),
            call(f"if not await {model}.filter(", [self.by_key], ").delete():", 4, self.width),
            f"        raise DoesNotExist({model})",
        ]
        return "\n".join(lines)

    def _get(self) -> str:
        model = self.entity.name
        lines = [
            self._define(f"get_{self.entity.snake}", [self.key], model),
            _docstring(f"Read {self.phrase}.", [self._missing()], self.width),
            call(f"return await {model}.get(", [self.by_key], ")", 4, self.width),
        ]
        return "\n".join(lines)

    def _list(self) -> str:
        model = self.entity.name
        page = f"Read a page of {names.plural(self.entity.words)}."
        parameters = ["*", "limit: int", "offset: int"]
        lines = [
            self._define(f"list_{self.entity.files}", parameters, f"tuple[list[{model}], int]"),
            _docstring(page, ["Count all of them, too: two queries."], self.width),
            f"    page = await {model}.all().limit(limit).offset(offset)",
            f"    return page, await {model}.all().count()",
        ]
        return "\n".join(lines)

    def _update(self) -> str:
        model, row, changes = self.entity.name, self.entity.variable, self.entity.free("changes")
        raises = [self._missing(), *_raises(self.entity)]
        changed = [f'"{name}": {names.variable(name)}' for name in _stored_names(self.entity)]
        lines = [
            "@atomic()",
            self._define(f"update_{self.entity.snake}", [self.key, "*", *self.parameters], model),
            _docstring(f"Give {self.phrase} other values.", raises, self.width),
            call(f"{row} = await {model}.select_for_update().get(", [self.by_key], ")", 4, self.width),
            *_found(self.entity),
            collection(f"{changes} = {{", changed, "}", 4, self.width),
            f"    await {row}.update_from_dict({changes}).save()",
            f"    return {row}",
        ]
        return "\n".join(lines)

    def _define(self, name: str, parameters: list[str], result: str) -> str:
        return call(f"async def {name}(", parameters, f") -> {result}:", 0, self.width)

    def _missing(self) -> str:
        return f"No such {self.entity.words}: DoesNotExist."


def _parameters(entity: Entity, imports: Imports) -> list[str]:
    found = []
    for field in entity.scalars:
        if not field.auto:
            kind = written_type(entity, field, imports)
            none = " | None" if field.null else ""
            found.append(f"{names.variable(field.name)}: {kind}{none}")
    for link in entity.to_one:
        none = " | None" if link.spec.null else ""
        found.append(f"{link.column}: {key_type(link.target.key, imports)}{none}")
    return found


def _found(entity: Entity) -> list[str]:
    """The lines that read the rows that the new one refers to."""
    lines = []
    for link in entity.to_one:
        get = f"await {link.target.name}.get({link.target.key.name}={link.column})"
        get = f"None if {link.column} is None else {get}" if link.spec.null else get
        lines.append(f"    {names.variable(link.spec.name)} = {get}")
    return lines


def _stored_names(entity: Entity) -> list[str]:
    stored = [field.name for field in entity.scalars if not field.auto]
    return [*stored, *(link.spec.name for link in entity.to_one)]


def _raises(entity: Entity) -> list[str]:
    """What creating and changing may raise, in words."""
    missing = [f"No such {link.spec.name.replace('_', ' ')}: DoesNotExist." for link in entity.to_one]
    unique = [field.name.replace("_", " ") for field in entity.scalars if field.unique]
    taken = [f"The {name} is taken: IntegrityError." for name in unique]
    if entity.together:
        taken.append("Another row has the same values of unique_together: IntegrityError.")
    return [*missing, *taken]


def _docstring(summary: str, more: list[str], width: int) -> str:
    one = f'    """{" ".join([summary, *more])}"""'
    if len(one) <= width:
        return one
    lines = "\n".join(f"    {sentence}" for sentence in more)
    return f'    """{summary}\n\n{lines}\n    """'


class RouterFile:
    """The routes of a model, for FastAPI or Starlette. ``common`` is the package with shared schemas."""

    def __init__(self, entity: Entity, common: str, own: Iterable[str], width: int) -> None:
        self.entity = entity
        self.common = common
        self.width = width
        self.imports = Imports(own)
        self.url = f"/{entity.files.replace('_', '-')}"
        self.row, self.rows = entity.variable, "rows" if entity.is_long else entity.files
        self.key = entity.key_parameter
        self.out = f"{entity.name}Out"

    def render(self, framework: str) -> str:
        """The source of the file."""
        self.imports.add(f"{self.entity.app}.schemas", f"{self.entity.name}In", self.out)
        self.imports.add(f"{self.entity.app}.services", *functions_of(self.entity))
        routes = self._fastapi() if framework == "fastapi" else self._starlette()
        head = f'"""{self.url}"""\n\n{self.imports.render(self.width)}'
        if framework == "fastapi":
            head, *routes = f"{head}\n\n{routes[0]}", *routes[1:]
        return "\n\n\n".join([head, *routes]) + "\n"

    def _given(self) -> list[str]:
        given = [field.name for field in self.entity.scalars if not field.auto]
        given += [link.column for link in self.entity.to_one]
        return [f"{names.variable(name)}=body.{name}" for name in given]

    def _call(self, action: str, first: list[str]) -> str:
        head = f"{self.row} = await {action}_{self.entity.snake}("
        return call(head, [*first, *self._given()], ")", 4, self.width)

    def _validated(self, before: str, value: str, behind: str) -> str:
        """A line that makes the output of a row."""
        return call(f"{before}{self.out}.model_validate(", [value], f"){behind}", 4, self.width)

    def _listed(self, limit: str, offset: str) -> str:
        head = f"{self.rows}, total = await list_{self.entity.files}("
        return call(head, [f"limit={limit}", f"offset={offset}"], ")", 4, self.width)

    def _items(self) -> str:
        return f"[{self.out}.model_validate({self.row}) for {self.row} in {self.rows}]"

    def _fastapi(self) -> list[str]:
        entity, one = self.entity, self.key
        self.imports.add("fastapi", "APIRouter", "status")
        self.imports.add(f"{self.common}.schemas", "Limit", "Offset", "Page")
        key = f"{one}: {key_type(entity.base.key, self.imports)}"
        path = f'"/{{{one}}}"'
        no_content = "status_code=status.HTTP_204_NO_CONTENT"
        answer = self._validated("return ", self.row, "")
        title = entity.files.replace("_", " ")
        parameters = ["limit: Limit = 20", "offset: Offset = 0"]
        index = call("async def index(", parameters, f") -> Page[{self.out}]:", 0, self.width)
        page = call("return Page(", [f"items={self._items()}", "total=total"], ")", 4, self.width)
        return [
            call("router = APIRouter(", [f'prefix="{self.url}"', f'tags=["{title}"]'], ")", 0, self.width),
            f"""@router.get("")
{index}
{self._listed("limit", "offset")}
{page}""",
            f"""@router.post("", status_code=status.HTTP_201_CREATED)
{call("async def create(", [f"body: {entity.name}In"], f") -> {self.out}:", 0, self.width)}
{self._call("create", [])}
{answer}""",
            f"""@router.get({path})
{call("async def get(", [key], f") -> {self.out}:", 0, self.width)}
{self._validated("return ", f"await get_{entity.snake}({one})", "")}""",
            f"""@router.put({path})
{call("async def update(", [key, f"body: {entity.name}In"], f") -> {self.out}:", 0, self.width)}
{self._call("update", [one])}
{answer}""",
            f"""{call("@router.delete(", [path, no_content], ")", 0, self.width)}
async def delete({key}) -> None:
    await delete_{entity.snake}({one})""",
        ]

    def _starlette(self) -> list[str]:
        entity, one = self.entity, self.key
        self.imports.add("starlette.requests", "Request")
        self.imports.add("starlette.responses", "Response")
        self.imports.add("starlette.routing", "Route")
        self.imports.add(f"{self.common}.schemas", "Page", "Paging")
        self.imports.add(f"{self.common}.http", "answer", "read_body", "read_query")
        kind = {"UUID": ":uuid", "int": ":int", "str": ""}[entity.base.key.type]
        path = f"{self.url}/{{{one}{kind}}}"
        key = f'request.path_params["{one}"]'
        body = f"    body = await read_body(request, {entity.name}In)"
        page = f"Page(items={self._items()}, total=total)"
        shown = f"    return answer({page})"
        if len(shown) > self.width:
            shown = f"    page = {page}\n    return answer(page)"
        if len(shown.splitlines()[0]) > self.width:
            shown = f"    items = {self._items()}\n    return answer(Page(items=items, total=total))"
        handlers = [("", "index", "GET"), ("", "create", "POST")]
        handlers += [("one", "get", "GET"), ("one", "update", "PUT"), ("one", "delete", "DELETE")]
        routes = [
            call(
                "Route(",
                [f'"{path if which else self.url}"', handler, f'methods=["{method}"]'],
                "),",
                4,
                self.width,
            )
            for which, handler, method in handlers
        ]
        return [
            f"""async def index(request: Request) -> Response:
    paging = read_query(request, Paging)
{self._listed("paging.limit", "paging.offset")}
{shown}""",
            f"""async def create(request: Request) -> Response:
{body}
{self._call("create", [])}
    return answer({self.out}.model_validate({self.row}), 201)""",
            f"""async def get(request: Request) -> Response:
    {self.row} = await get_{entity.snake}({key})
    return answer({self.out}.model_validate({self.row}))""",
            f"""async def update(request: Request) -> Response:
{body}
{self._call("update", [key])}
    return answer({self.out}.model_validate({self.row}))""",
            f"""async def delete(request: Request) -> Response:
    await delete_{entity.snake}({key})
    return Response(status_code=204)""",
            "\n".join(["routes = [", *routes, "]"]),
        ]
