"""Whatever a file holds: no traceback, no hang, and every file is accounted for."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tortoise_dev.analysis.project import Project
from tortoise_dev.analysis.source import SourceFile
from tortoise_dev.rules import RULES
from tortoise_dev.rules.engine import violations_of
from tortoise_dev.rules.fixing import fixed_texts

MODEL = (
    "from tortoise import fields\nfrom tortoise.models import Model\n\n\n"
    "class A(Model):\n    id = fields.IntField()\n\n    class Meta:\n        table = 'a'\n"
)
DEEP = 50_000

HOSTILE: dict[str, tuple[bytes, str]] = {
    # what the file holds, and what the error about it says; none for a file that can be checked
    "one line of 10 MB": (b"import tortoise; x = [" + b"1," * 5_000_000 + b"]", "too large"),
    "one string of 10 MB": (b"import tortoise; x = '" + b"a" * 10_000_000 + b"'", "too large"),
    "10 MB that say nothing of it": (b"x = '" + b"a" * 10_000_000 + b"'", ""),
    "brackets": (MODEL.encode() + b"x = " + b"(" * DEEP + b")" * DEEP, "parse"),
    "unclosed brackets": (MODEL.encode() + b"x = " + b"[" * DEEP, "parse"),
    "minus signs": (MODEL.encode() + b"x = " + b"-" * DEEP + b"1", "nested too deeply"),
    "a sum": (MODEL.encode() + b"x = 1" + b" + 1" * DEEP, "nested too deeply"),
    "attributes": (MODEL.encode() + b"x = a" + b".b" * DEEP, "nested too deeply"),
    "calls": (MODEL.encode() + b"x = a" + b"()" * DEEP, "nested too deeply"),
    "blocks": (
        MODEL.encode() + b"".join(b" " * n + b"if x:\n" for n in range(150)) + b" " * 150 + b"x",
        "parse",
    ),
    "else ifs": (MODEL.encode() + b"if x: pass\n" + b"elif x: pass\n" * 3000, "nested too deeply"),
    "a null byte": (MODEL.encode() + b"x = '\0'\n", "null byte"),
    "null bytes and nothing of ours": (b"x = 1\n\0\0", "null byte"),
    "invalid UTF-8": (MODEL.encode() + b"# \xff\xfe\n", "utf-8"),
    "invalid UTF-8 and nothing of ours": (b"x = 1\n# \xff\n", "utf-8"),
    "UTF-16": (MODEL.encode("utf-16"), "null byte"),
    "an unknown encoding": (b"# coding: klingon\n" + MODEL.encode(), "klingon"),
    "a byte order mark": (b"\xef\xbb\xbf" + MODEL.encode(), ""),
    "Windows line ends": (MODEL.replace("\n", "\r\n").encode(), ""),
    "old line ends": (MODEL.replace("\n", "\r").encode(), ""),
    "tabs": (MODEL.replace("    ", "\t").encode(), ""),
    "mixed indentation": (MODEL.encode() + b"    def f(self):\n\treturn 1\n", "parse"),
    "form feeds": (MODEL.replace("class", "\x0cclass", 1).encode(), ""),
    "a newer Python": (MODEL.encode() + b"class B[T = int](A):\n    pass\nmatch x:\n    case ]\n", "parse"),
    "not Python": (MODEL.encode() + b"SELECT * FROM a;\n", "parse"),
    "nothing": (b"", ""),
    "only spaces": (b"   \n\t\n", ""),
    "a class that inherits from itself": (MODEL.encode() + b"class B(B): pass\nclass A(A): pass\n", ""),
    "classes in a circle": (MODEL.encode() + b"class B(C): pass\nclass C(B): pass\nB = C\nC = B\n", ""),
    "a module that imports itself": (
        b"from hostile import *\nfrom .hostile import A as A\n" + MODEL.encode(),
        "",
    ),
    "a name out of itself": (
        MODEL.encode() + b"async def f():\n    x = x.filter(y)\n    y = x\n    y.all()\n",
        "",
    ),
    "a class in a class in a class": (
        b"from tortoise.models import Model\n"
        + b"".join(b" " * n + b"class A%d(Model):\n" % n for n in range(90))
        + b" " * 90
        + b"x = 1\n",
        "",
    ),
    "a Meta of everything": (
        MODEL.encode() + b"class B(A):\n    class Meta(B.Meta, A.Meta, Meta): pass\n",
        "",
    ),
    "many classes": (MODEL.encode() + b"".join(b"class A%d(A): pass\n" % n for n in range(1000)), ""),
    "a chain of classes": (
        MODEL.encode()
        + b"class A0(A): pass\n"
        + b"".join(b"class A%d(A%d): pass\n" % (n + 1, n) for n in range(300)),
        "",
    ),
    "many names for one thing": (
        MODEL.encode()
        + b"B0 = A\n"
        + b"".join(b"B%d = B%d\n" % (n + 1, n) for n in range(300))
        + b"class C(B300): pass",
        "",
    ),
    "annotations that cannot be read": (
        MODEL.encode()
        + b"async def f(a: '((((', b: '', c: 'x y', d: '"
        + b"[" * 300
        + b"'):\n    a.save()\n",
        "",
    ),
    "a sum of columns": (
        MODEL.encode()
        + b"from tortoise.expressions import F\n"
        + b"A.annotate(n="
        + b" + ".join([b'F("id")'] * 3000)
        + b")\n",
        "nested too deeply",
    ),
    "names that are bound again and again": (
        MODEL.encode()
        + b"async def f(data):\n"
        + b"    data = data\n    data = rows['x']\n    rows = data['y']\n" * 20
        + b"    for row in rows:\n        await A.create(name=row)\n",
        "",
    ),
    "many methods of one name that call each other": (
        MODEL.encode()
        + b"    stock = fields.IntField()\n"
        + b"".join(
            b"class C%d:\n    async def work(self, other):\n        a = await A.get(id=1)\n"
            b"        a.stock -= 1\n        await a.save()\n        await other.work(self)\n" % number
            for number in range(200)
        ),
        "",
    ),
    "a noqa without end": (MODEL.encode() + b"x = 1  # noqa: " + b"TD003," * 10_000 + b"\n", ""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file(name: str, project) -> None:
    content, says = HOSTILE[name]
    (project.root / "hostile.py").write_bytes(content)
    project.write({"fine.py": MODEL})
    started = time.perf_counter()
    done = project.run("--preview", "--format", "json")
    assert time.perf_counter() - started < 20
    assert b"Traceback" not in done.stderr
    report = json.loads(done.stdout)
    assert report["files"] == 2
    assert any(v["path"] == "fine.py" for v in report["violations"])
    errors = [e["message"] for e in report["errors"] if e["path"] == "hostile.py"]
    assert done.returncode == (2 if errors else 1)
    assert len(errors) == bool(says), errors
    assert all(says in message for message in errors)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, (content, says) in HOSTILE.items() if len(content) < 10**6])
def test_a_hostile_file_is_repaired_or_left_alone(name: str, project) -> None:
    content, _ = HOSTILE[name]
    (project.root / "hostile.py").write_bytes(content)
    done = project.run("--fix", "--format", "json")
    assert b"Traceback" not in done.stderr
    once = (project.root / "hostile.py").read_bytes()
    try:
        before = _members(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        assert once == content
    else:
        assert _members(once) == before
    project.run("--fix")
    assert (project.root / "hostile.py").read_bytes() == once


def _members(source: bytes) -> list[str]:
    return sorted(
        ast.dump(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.stmt) and not hasattr(node, "body")
    )


def test_links_pipes_and_what_is_forbidden(project) -> None:
    root: Path = project.root
    project.write({"fine.py": MODEL, "sub/deep.py": MODEL})
    (root / "sub" / "up").symlink_to(root, target_is_directory=True)
    (root / "loop.py").symlink_to(root / "loop.py")
    (root / "broken.py").symlink_to(root / "nowhere.py")
    (root / "folder.py").mkdir()
    os.mkfifo(root / "pipe.py")
    (root / "secret.py").write_text(MODEL, encoding="utf-8")
    (root / "secret.py").chmod(0)
    done = project.run("--format", "json")
    report = json.loads(done.stdout)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 2
    errors = {e["path"]: e["message"] for e in report["errors"]}
    assert set(errors) - {"secret.py"} == {"loop.py", "pipe.py"}
    assert report["files"] == 5
    assert {v["path"] for v in report["violations"]} >= {"fine.py", "sub/deep.py"}
    (root / "secret.py").chmod(0o644)


def test_a_link_that_leads_nowhere_is_no_file(project) -> None:
    """Emacs marks a file that is being edited by such a link beside it."""
    project.write({"fine.py": "x = 1\n"})
    (project.root / ".#fine.py").symlink_to("user@host.123:456")
    done = project.run()
    assert (done.returncode, done.stderr) == (0, b"")
    assert project.run(".#fine.py").returncode == 2


def test_a_name_that_is_no_text(project) -> None:
    if sys.platform == "darwin":
        pytest.skip("file names are text here")
    (project.root / os.fsdecode(b"caf\xe9.py")).write_text(MODEL, encoding="utf-8")
    done = project.run("--format", "json")
    assert b"Traceback" not in done.stderr
    assert json.loads(done.stdout)["files"] == 1
    for form in ("text", "github", "sarif"):
        assert b"Traceback" not in project.run("--format", form).stderr
    known = json.loads(done.stdout)["violations"]
    assert known
    for _ in range(2):  # recorded, and then read
        done = project.run("--baseline", "known.json")
        assert done.returncode == 0, done.stderr


# --- made-up sources

NAMES = st.sampled_from(["A", "B", "Model", "Meta", "fields", "x", "self", "User", "Tortoise"])
EXPRESSIONS = st.recursive(
    st.one_of(NAMES, st.just("1"), st.just("'text'"), st.just("fields.IntField(pk=True)"), st.just("f'{x}'")),
    lambda inner: st.one_of(
        st.builds(
            "{}.{}".format, inner, st.sampled_from(["filter", "get", "save", "all", "Meta", "name", "create"])
        ),
        st.builds("{}({})".format, inner, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("[{} for x in {}]".format, inner, inner),
        st.builds("(x := {})".format, inner),
        st.builds("(await {})".format, inner),
        st.builds("(lambda x={}: {})".format, inner, inner),
    ),
    max_leaves=6,
)


def _block(lines: list[str]) -> str:
    return textwrap.indent("\n".join(lines) or "pass", "    ")


SIMPLE = st.one_of(
    st.builds("{} = {}".format, NAMES, EXPRESSIONS),
    st.builds("{}: {} = {}".format, NAMES, EXPRESSIONS, EXPRESSIONS),
    EXPRESSIONS,
    st.just("# a comment"),
    st.just(""),
    st.just('"""text"""'),
    st.builds("from {} import {}".format, st.sampled_from(["tortoise", "tortoise.models", ".", "b"]), NAMES),
    st.builds("return {}".format, EXPRESSIONS),
)
STATEMENTS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds(
            lambda n, b, i: f"class {n}({b}):\n{_block([*i, 'pass'])}",
            NAMES,
            EXPRESSIONS,
            st.lists(inner, max_size=5),
        ),
        st.builds(
            lambda n, i: f"class Meta:\n{_block([*i, 'abstract = True'])}", NAMES, st.lists(inner, max_size=2)
        ),
        st.builds(
            lambda n, i: f"async def {n}(self, x: User):\n{_block([*i, 'pass'])}",
            NAMES,
            st.lists(inner, max_size=4),
        ),
        st.builds(
            lambda e, i: f"for x in {e}:\n{_block([*i, 'pass'])}", EXPRESSIONS, st.lists(inner, max_size=3)
        ),
        st.builds(lambda e, i: f"if {e}:\n{_block([*i, 'pass'])}", EXPRESSIONS, st.lists(inner, max_size=3)),
        st.builds(
            lambda i: f"try:\n{_block([*i, 'pass'])}\nexcept Exception:\n    pass",
            st.lists(inner, max_size=3),
        ),
    ),
    max_leaves=12,
)
SOURCES = st.lists(STATEMENTS, max_size=8).map(
    lambda parts: (
        "from tortoise import Tortoise, fields\nfrom tortoise.models import Model\n" + "\n".join(parts) + "\n"
    )
)
SHORT = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def _judge(data: bytes, *, unsafe: bool = False) -> tuple[Project, dict[Path, str]]:
    path = Path("/project/app/models/a.py")
    other = SourceFile(
        Path("/project/b.py"), b"from app.models.a import *\nfrom tortoise.models import Model as A\n"
    )
    project = Project([SourceFile(path, data), other], [path], Path("/project"), always=[path])
    violations = violations_of(project, lambda _: frozenset(RULES))
    return project, fixed_texts(project, violations, unsafe=unsafe)


def _new_spelling(source: str) -> str:
    """A source with the names of arguments that TD111 writes."""
    return re.sub(r"\bindex=", "db_index=", re.sub(r"\bpk=", "primary_key=", source))


@pytest.mark.slow
@pytest.mark.no_cover
@SHORT
@given(SOURCES)
def test_made_up_sources(source: str) -> None:
    _, texts = _judge(source.encode())
    for text in texts.values():
        wanted, given = _new_spelling(source), _new_spelling(text)
        assert _members(given.encode()) == _members(wanted.encode())
        assert sorted(given.split()) == sorted(wanted.split())
        assert _judge(text.encode())[1] == {}, "a second run must change nothing"


@pytest.mark.slow
@pytest.mark.no_cover
@SHORT
@given(SOURCES)
def test_made_up_sources_with_fixes_that_are_not_safe(source: str) -> None:
    text = source
    for _ in range(5):
        texts = _judge(text.encode(), unsafe=True)[1]
        if not texts:
            break
        (text,) = texts.values()
        ast.parse(text)
    else:
        pytest.fail(f"there is always more to repair: {text}")


@SHORT
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    _judge(b"import tortoise\n" + data)


@pytest.mark.slow
@pytest.mark.no_cover
@SHORT
@given(st.text(max_size=200))
def test_any_text_after_a_model(text: str) -> None:
    _judge(MODEL.encode() + text.encode("utf-8", "surrogatepass"))


def test_a_migration_that_is_nested_deeply(project) -> None:
    """Its f-string holds an expression that Python parses, and that no function of Python writes out."""
    text = f'async def upgrade(db):\n    return f"ALTER TABLE a ADD {{{"-" * 150}b}} INT; DROP TABLE c"\n'
    project.write({"migrations/0_a.py": text.replace("DROP TABLE c", ""), "migrations/1_b.py": text})
    assert project.found("--select", "TD202") == [("migrations/1_b.py", 2, "TD202")]
    deep = text.replace("-" * 150, "-" * 450)
    project.write({"migrations/1_b.py": deep})
    done = project.run("--select", "TD202")
    assert done.returncode in (1, 2)  # Python 3.11 parses it, later ones may not
    assert b"Traceback" not in done.stderr


def test_a_comment_in_a_file_that_is_no_text(project) -> None:
    (project.root / "_a.py").write_bytes(b"# noqa: TD005\n\n\n\xff\n")
    report = project.report()
    assert [v["rule"] for v in report["violations"]] == ["TD005"]
    assert [e["line"] for e in report["errors"]] == [4]


def test_packages_that_are_installed_are_a_project_of_their_own(project) -> None:
    model = "from tortoise.models import Model\n\n\nclass A(Model): ...\n"
    project.write({"app/main.py": model, ".venv/lib/site-packages/acme/main.py": "from app.main import A\n"})
    assert project.report(".venv/lib/site-packages")["models"] == 0
    assert project.report()["models"] == 1


def test_a_long_line_of_imports_is_read_once(project) -> None:
    """A search that began anew at each import would take hours."""
    project.write({"shop.py": "from tortoise.models import Model\n\n\nclass Item(Model): ...\n"})
    (project.root / "long.py").write_text("shop = Item = 1; " + "import a; " * 1_000_000)
    assert project.report()["models"] == 1
