"""The relations between models as a graph, and the circles in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from .modules import Class
from .relation_calls import RelationCall, relation_calls
from .source import is_judged

if TYPE_CHECKING:
    from .project import Project


class Edge(NamedTuple):
    """A relation from one model to another."""

    source: Class
    target: Class
    label: str | None
    field: str
    call: ast.Call
    is_many: bool

    @property
    def place(self) -> tuple[str, int, int]:
        """Where it is first met: at its model, and among the fields there."""
        return self.source.module.key, self.source.node.lineno, self.call.lineno


class RelationGraph:
    """The relations between models; what can be reached from a model is read when it is asked for."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._edges: dict[Class, list[Edge]] = {}
        self._calls: dict[Class, list[RelationCall]] = {}
        self._groups: dict[Class, int] = {}
        self._circles: dict[Edge, list[Edge] | None] = {}

    def edges(self, cls: Class) -> list[Edge]:
        """The relations of a model to others, those of its bases too."""
        if cls not in self._edges:
            self._edges[cls] = [*self._read(cls)]
        return self._edges[cls]

    def _read(self, cls: Class) -> Iterator[Edge]:
        if self.project.models.is_abstract(cls) is not False or not is_judged(
            cls.module.path, self.project.root
        ):
            return
        bases = (one for one in self.project.models.ancestors(cls) if isinstance(one, Class))
        for one in (cls, *bases):
            for relation in self._relations(one):
                field = _field_name(one.module.parents[relation.call])
                target = self._named(relation.target) if relation.target else None
                if target is not None and target is not cls and field and self._named(cls.name) is cls:
                    yield Edge(cls, target, relation.label, field, relation.call, relation.is_many)

    def _relations(self, cls: Class) -> list[RelationCall]:
        if cls not in self._calls:
            for one in cls.module.classes:
                self._calls[one] = []
            for relation in relation_calls(cls.module):
                if relation.owner is not None:
                    self._calls[relation.owner].append(relation)
        return self._calls[cls]

    def _named(self, name: str) -> Class | None:
        """The one model of a name that may have a table."""
        models = self.project.models
        found = [one for one in self.project.models_named(name) if models.is_abstract(one) is not True]
        return found[0] if len(found) == 1 else None

    def circle(self, edge: Edge) -> list[Edge] | None:
        """A shortest circle over a relation, from its first place on; of keys alone, if there is one."""
        if edge.source not in self._groups:
            self._group(edge.source)
        if self._groups[edge.source] != self._groups[edge.target]:
            return None
        if edge not in self._circles:
            found = None if edge.is_many else self._shortest(edge, of_keys=True)
            found = found or self._shortest(edge, of_keys=False)
            if found is not None:
                first = found.index(min(found, key=lambda one: one.place))
                found = found[first:] + found[:first]
            self._circles[edge] = found
        return self._circles[edge]

    def _shortest(self, start: Edge, *, of_keys: bool) -> list[Edge] | None:
        """A shortest circle that begins with a relation and stays in one label."""
        group = self._groups[start.source]
        ways: dict[Class, list[Edge]] = {start.target: [start]}
        waiting = [start.target]
        for here in waiting:
            for edge in self.edges(here):
                is_other = edge.label != start.label and None not in (edge.label, start.label)
                if is_other or (of_keys and edge.is_many) or self._groups[edge.target] != group:
                    continue
                way = [*ways[here], edge]
                if edge.target is start.source:
                    return way
                if edge.target not in ways:
                    ways[edge.target] = way
                    waiting.append(edge.target)
        return None

    def _group(self, start: Class) -> None:
        """Number the models that can be reached: those that reach each other get the same number.

        This is Tarjan's algorithm without recursion. It looks at each relation once.
        """
        order: dict[Class, int] = {}
        lowest: dict[Class, int] = {}
        path: list[Class] = []
        stack = [(start, iter(self.edges(start)))]
        order[start] = lowest[start] = 0
        path.append(start)
        while stack:
            here, rest = stack[-1]
            edge = next(rest, None)
            if edge is None:
                stack.pop()
                if stack:
                    above = stack[-1][0]
                    lowest[above] = min(lowest[above], lowest[here])
                if lowest[here] == order[here]:
                    number = len(self._groups)
                    while here not in self._groups:
                        self._groups[path.pop()] = number
            elif edge.target in self._groups:
                continue
            elif edge.target in order:
                lowest[here] = min(lowest[here], order[edge.target])
            else:
                order[edge.target] = lowest[edge.target] = len(order)
                path.append(edge.target)
                stack.append((edge.target, iter(self.edges(edge.target))))


def _field_name(statement: ast.AST) -> str:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return targets[0].id if isinstance(targets[0], ast.Name) else ""
