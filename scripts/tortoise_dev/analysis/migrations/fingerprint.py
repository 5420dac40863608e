"""What a migration means, as one text: it changes when the migration does, and not with a comment."""

from __future__ import annotations

import ast

from ..sql_tokens import without_comments
from .facts import MODELS_STATE


def fingerprint(tree: ast.Module) -> str:
    """The migration's code and SQL without comments, docstrings, layout and the order of imports.

    Empty for code that is nested too deeply to be compared.
    """
    try:
        return _fingerprint(tree)
    except RecursionError:
        return ""


def _fingerprint(tree: ast.Module) -> str:
    body = [node for node in tree.body if not _is_state(node) and not _is_text(node)]
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = sorted(
        {(getattr(node, "module", ""), one.name, one.asname or "") for node in imports for one in node.names}
    )
    code = (ast.dump(_Plain().visit(_copy(node))) for node in body if node not in imports)
    return "\n".join([str(names), *code])


def _copy(node: ast.stmt) -> ast.stmt:
    return ast.parse(ast.unparse(node)).body[0]


def _is_state(node: ast.stmt) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(target, ast.Name) and target.id == MODELS_STATE for target in targets)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class _Plain(ast.NodeTransformer):
    """Strings as tokens of SQL, one space between them; texts that stand alone go."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str):
            return ast.Constant(without_comments(node.value) or node.value.strip())
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if _is_text(node) else self.generic_visit(node)
