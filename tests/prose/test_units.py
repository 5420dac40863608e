"""The guard itself, on pages of a few lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from prose import (
    asserts,
    calls,
    data,
    grammar,
    links,
    methods,
    operations,
    phrases,
    pins,
    rendered,
    rules,
    sizes,
    spelling,
    tables,
    ties,
    wrong_code,
)
from prose.allowed import Allowed, Entry
from prose.code import Tree
from prose.names import Names
from prose.numbers import Numbers
from prose.reading import Prose

TREE = Tree(Path(__file__).resolve().parents[2])
BLOCK = """
```python needs="tortoise>=1.1.8"
from apps.billing.models import Invoice

assert await Invoice.filter(number__startswith="INV").limit(2).count() == 42
```
"""


def page(sentence: str, name: str = "references/a.md") -> Prose:
    return Prose(name, f"# Page\n\n{sentence}\n{BLOCK}")


def names(span: str) -> list[str]:
    return [problem.message for problem in Names(page(f"Say `{span}` here."), TREE).problems()]


@pytest.mark.parametrize(
    "span",
    [
        'select_for_update(of=("self",), nowait=True)',
        "Invoice.filter(...)",
        "tortoise.contrib.starlette.RegisterTortoise",
        "asyncpg.DeadlockDetectedError",
        "Meta.unique_together",
        "__isnull=False",
        "invoice__amount__gte",
        'CharField(max_length=…, db_default="INV")',
        "db_default=",
        "async with in_transaction():",
        "python -m tortoise sqlmigrate models 0001_initial --backward",
        "aerich --app models upgrade --fake",
        "check.py --baseline",
        "examples/billing/migrate.py",
        "models/__init__.py",
        "apps/<name>/models",
        "{models,schemas}/__init__.py",
        "DROP TABLE",
        "await",
        "SELECT … FROM invoice",
        "No TortoiseContext is currently active",
        "==",
    ],
)
def test_what_resolves(span: str) -> None:
    assert not names(span)


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ("select_for_updat()", "did you mean 'select_for_update'"),
        ("select_for_update(off=1)", "takes no off="),
        ("select_for_update(nowat=True)", "did you mean 'nowait'"),
        ("CharField(max_lenght=3)", "did you mean 'max_length'"),
        ("tortoise.contrib.starlet.RegisterTortoise", "not in the installed package tortoise"),
        ("asyncpg.DeadlokDetectedError", "not in the installed package asyncpg"),
        ("Tortoise.initialise()", "Tortoise has no initialise"),
        ("Meta.unique_togeter", "did you mean 'unique_together'"),
        ("__isnul=False", "no keyword known here"),
        ("invoice__amount__gtt", "no name known here"),
        ("db_defalt=", "did you mean 'db_default'"),
        ("python -m tortoise sqlmigrate models 0001_initial --backwards", "has no option --backwards"),
        ("python -m tortoise makemigration", "did you mean 'makemigrations'"),
        ("aerich upgrad --fake", "did you mean 'upgrade'"),
        ("check.py --base-line", "has no option --base-line"),
        ("--fakee", "did you mean '--fake'"),
        ("examples/billing/migrat.py", "no file or folder"),
        ("models/__init.py", "no file or folder"),
        ("DROP TABEL", "no name known here"),
        ("No TortoiseContext is currently activ", "no name known here"),
        ("INV-3", "stands nowhere"),
        (".limit(3)", "stands nowhere behind 'limit'"),
    ],
)
def test_what_does_not_resolve(span: str, message: str) -> None:
    found = names(span)
    assert len(found) == 1
    assert message in found[0]


def test_words_that_look_like_code_are_names_too() -> None:
    found = [
        problem.text
        for problem in Names(page("RunPython, not RunPythn; AddFields by hand."), TREE).problems()
    ]
    assert found == ["RunPythn"]


def test_an_exception_is_for_the_name_alone() -> None:
    allowed = Allowed(names=(Entry("Invoice2", "a successor"),))
    prose = page("`Invoice2`, `Invoice2(Invoice)`, `Invoice3`")
    assert [problem.text for problem in Names(prose, TREE, allowed).problems()] == ["Invoice3"]


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("It finds 42 rows, 2 at a time.", []),
        ("It finds 43 rows.", ["43"]),
        ("Since 1.1.8 it works.", []),
        ("Since 1.1.7 it works.", ["1.1.7"]),
        ("Rules 0–4 and Rule 5.", ["Rule 5"]),
        ("Rules 1–4.", ["Rules 1–4"]),
        ("It exits 2.", ["2"]),
        ("A loop is N+1.", []),
        ("Call it 3 times.", ["3"]),
    ],
)
def test_numbers_in_sentences(sentence: str, found: list[str]) -> None:
    assert [number.value for number in Numbers(page(sentence), TREE).problems()] == found


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("A `delete()` of a query narrowed by `limit` (TD112).", None),
        ("A `delete()` of a query narrowed by `limit` (TD104).", "did you mean TD112"),
        ("A missing `await` (TD999).", "TD999 is no rule"),
        ("Suppress it by `# noqa: TD003`.", None),
        ("Text.\n\n```python\nawait rows.limit(1).delete()  # all of them (TD112)\n```", None),
        ("Text.\n\n```python\nawait rows.limit(1).delete()  # all of them (TD107)\n```", "TD107"),
    ],
)
def test_codes_of_rules(sentence: str, said: str | None) -> None:
    found = list(rules.problems(page(sentence)))
    assert not found if said is None else said in found[0]


@pytest.mark.parametrize(
    ("block", "literals"),
    [
        ('```python\nassert "LIMIT" not in sql\n```', ["LIMIT"]),
        ('```python\nassert "LIMIT" in other\nassert "LIMIT" not in sql\n```', []),
        ('```python\nassert "LIMIT" in other\n```\n```python\nassert "LIMIT" not in sql\n```', ["LIMIT"]),
        ('```python\nassert "LIMIT" in other\n```\n```python continues\nassert "LIMIT" not in sql\n```', []),
        ('<!-- snippet: prelude\nWORD = "LIMIT"\n-->\n\n```python\nassert "LIMIT" not in sql\n```', []),
        ('```python\nassert name != "Ann"\n```', ["Ann"]),
        ('```python\nassert count != 0\n```', []),
        ('```python\nassert not await User.filter(name="Ann").exists()\n```', ["Ann"]),
        ('```python\nassert x and not hasattr(x, "gone")\n```', ["gone"]),
        ('```bash\nsed -i s/old/new/ a.py\n```', ["sed -i s/old/new/ a.py"]),
        ('```bash\nsed -i s/old/new/ a.py\ngrep -q new a.py\n```', []),
        ('```bash\nsed -i s/old/new/ a.py\nls | grep other\n```', ["sed -i s/old/new/ a.py"]),
        ('```bash\n! grep -q gone a.py\n```', ["gone"]),
        ('```bash\ncp x/a.py b/\n```', ["cp x/a.py b/"]),
        ('```bash\ncp x/a.py b/\ngrep a b/c.py\n```', ["cp x/a.py b/"]),
        ('```bash\ncp x/a.py b/\ngrep a b/a.py\n```', []),
        ('```bash\ncp -r x y && cd y\n```', []),
        ('```python\nawait rows.update(a=1, updated_at=now())\n```', ["updated_at=now()"]),
        ('```python\nawait rows.update(updated_at=now())\nassert row.updated_at == x\n```', []),
        ('```python\nawait rows.update(updated_at=now())\nawait rows.filter(updated_at=x)\n```', []),
        ('```bash\ngrep -q gone b.py\n! grep -q gone a.py\n```', []),
    ],
)  # fmt: skip
def test_what_is_only_denied(block: str, literals: list[str]) -> None:
    prose = Prose("references/a.md", f"# Page\n\n{block}\n")
    assert [problem.literal for problem in asserts.problems(prose)] == literals


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ('name = "shop"', "'name' is no table"),
        ('[project]\nname = "shop"\ndependencies = []', "lacks 'version'"),
        ('[project]\nname = "s"\nversion = "1"\ndependencies = ["tortoise-ohm"]', "no installed package"),
        ('[project]\nname = "s"\nversion = "1"\ndependencies = ["tortoise-orm[pg]"]', "no extra of"),
        ('[project]\nname = "s"\nversion = "1"\ndependencies = ["tortoise-orm[asyncmy]<1"]', "excludes"),
        (
            '[project]\nname = "s"\nversion = "1"\ndependencies = ["tortoise-orm[asyncmy]<3"]',
            "itself requires",
        ),
        ('[project]\nname = "s"\nversion = "1"\ndependencies = ["cryptography>=41"]', "itself requires"),
    ],
)
def test_data_of_a_project(block: str, says: str) -> None:
    problems = data.problems(Prose("references/a.md", f"# A\n\n```toml\n{block}\n```\n"), TREE)
    assert any(says in problem for problem in problems)


def test_settings_that_the_page_of_the_harness_leaves_out_or_misstates() -> None:
    page = Prose("references/harness.md", "# A\n\n```toml\n[tool.tortoise-dev.snippets]\ntimeout = 11\n```\n")
    found = list(data.problems(page, TREE))
    assert any("'chain' is not shown" in problem for problem in found)
    assert any("timeout is shown as 11, and is 10" in problem for problem in found)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("on: pull_request", "on: push", "does not run on pull requests"),
        ("jobs:", "jbos:", "none of the three recipes"),
        ("workflows/tortoise.yml", "tortoise.yml", "is not where GitHub looks"),
        ("      - uses: actions/checkout@v4\n", "", "the action does not come after ['actions/checkout@v4'"),
        ("3.13", "3.31", "none of the versions that CI runs"),
        ("OWNER/tortoise-dev@v0.1.0", "OWNER/tortoise-dev@v0.2.0", "is not this action"),
        ("          snippets: docs", "          snippet: docs", "'snippet' is no input"),
        ("          snippets: docs\n", "", "'snippets' is not shown"),
        ("extras: snippets,", "extras: snipets,", "is no extra"),
        ("check: apps main.py", "check: apps mian.py", "'mian.py' is not in the example"),
        (".pre-commit-config", ".pre-commit-konfig", "is not where pre-commit looks"),
        ("rev: v0.1.0", "rev: v0.2.0", "is not this release"),
        ("      - id: tortoise-dev-fix\n", "", "and there are"),
        ("tortoise-dev/v0.1.0/ci", "tortoise-dev/v0.2.0/ci", "is not the template of this release"),
        ("TORTOISE_DEV_CHECK", "TORTOISE_DEV_CHEK", "is no variable"),
        ("TORTOISE_DEV_CHECK: apps", "TORTOISE_DEV_CHECK: app", "'app' is not in the example"),
    ],
)
def test_data_of_the_readme(old: str, new: str, says: str) -> None:
    readme = (TREE.root / "README.md").read_text(encoding="utf-8")
    assert old in readme and not list(data.problems(Prose("README.md", readme), TREE))
    found = list(data.problems(Prose("README.md", readme.replace(old, new)), TREE))
    assert any(says in problem for problem in found), found


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("await A.filter().delete()", "without a condition: all()"),
        ("await A.filter(id=1).delete()", None),
        ("await A.annotate(n=1).group_by()", "without a field"),
        ("await A.all().order_by()", "without a field"),
        ("await A.all().order_by('id')", None),
        ("await A.filter(id=1).group_by('name')", "groups nothing"),
        ("await A.annotate(n=Count('id')).group_by('name').values('name')", None),
        ("await A.annotate(n=F('id') * 2).group_by('name').values('n')", "order_by() was meant"),
        ("await A.annotate(n=total).group_by('name').values('n')", None),
        ("await A.get_or_none(id=1)", "get() was meant"),
        ("class A:\n    b = 1\nclass C(A):\n    b = None", None),
        ("class A:\n    a = 1\nclass C(A):\n    b = None", "no base of C has it"),
        ("class C(A):\n    b = None", None),
        ("async def database():\n    async with tortoise_test_context(M):\n        yield", "needs db_url="),
        ("async def database():\n    async with tortoise_test_context(M, db_url=U):\n        yield", None),
        ("answer = {'total': await A.all().exists()}", "count() was meant"),
        ("answer = {'total': await A.all().count(), 'found': await A.all().exists()}", None),
        ("await counted.group_by('name')", None),
        ("await A.get_or_create(id=1)", "is thrown away"),
        ("row, created = await A.get_or_create(id=1)", None),
        ("assert await A.filter(id=1).count()", "a count as a truth value"),
        ("assert x and not await A.all().count()", "a count as a truth value"),
        ("assert await A.all().count() == 1", None),
        ("assert await A.exists()", "any row makes this true"),
        ("assert not await A.exists()", None),
        ("assert await A.exists(id=1)", None),
        ("assert await A.all().exists() == 1", "compared with a number"),
        ("assert (await A.all().exists(), 2) == (1, 2)", "compared with a number"),
        ("assert await A.all().exists() == True", None),
        ("print((await A.get_or_none(id=1)).name)", "may be None here"),
        ("a = await A.get_or_none(id=1)\nprint(a.name)", "a may be None"),
        ("print(str(await A.get_or_none(id=1)))", "may be None here"),
        ("assert await A.get_or_none(id=1) is None", None),
        ("await A.select_for_update().get(id=1)", "locks nothing outside"),
        ("async with in_transaction():\n    await A.select_for_update().get(id=1)", None),
        ("async def a():\n    await A.select_for_update().get(id=1)", "locks nothing outside"),
        ("@atomic()\nasync def a():\n    await A.select_for_update().get(id=1)", None),
        ("await A.select_for_update().get(id=1)  # WRONG", None),
        ("a = await A.get_or_none(id=1)\nassert a is not None\nprint(a.name)", None),
        ("a = await A.get_or_none(id=1)\nif not a:\n    raise KeyError(1)\nprint(a.name)", None),
        ("a = await A.get(id=1)\nprint(a.name)", None),
        ("raise ValueError()", "does not say what is wrong"),
        ("raise Undone()", None),
        ("await A.exclude(id=1).update(name='b')", "filter() was meant"),
        ("await A.exclude(id=1).delete()", "filter() was meant"),
        ("await A.exclude(name='b').delete()", None),
        ("ids = Subquery(A.filter(id=1).values_list('id'))", "takes values()"),
        ("ids = Subquery(A.filter(id=1).values('id'))", None),
        ("class BaseTeam(Model):\n    class Meta:\n        table = 'team'", "BaseTeam is not abstract"),
        ("class BaseTeam(Model):\n    class Meta:\n        abstract = True", None),
        ("class BaseOut(BaseModel):\n    name: str", None),
        ("class Team(BaseTeam):\n    pass", None),
    ],
)
def test_calls(code: str, says: str | None) -> None:
    found = list(calls.problems(Prose("references/a.md", f"# A\n\n```python\n{code}\n```\n")))
    assert [problem for problem in found if says is None or says not in problem] == []
    assert len(found) == (says is not None)


def test_the_last_statement_of_a_block_that_raises_may_be_wrong() -> None:
    twice = "await A.get_or_create()\n{}await A.get_or_create()"
    for code in (twice.format(""), "async with b:\n    " + twice.format("    ")):
        page = f"# A\n\n```python raises=KeyError\n{code}\n```\n"
        (problem,) = calls.problems(Prose("references/a.md", page))
        assert problem.startswith(f"line {3 + code.count(chr(10))}: ")


def test_words_of_blocks() -> None:
    code = 'print("invoise", "Hooli", "zyx zyx", "40P02")'
    page = Prose("references/a.md", f"# A\n\n```python\n{code}\n```\n")
    assert [*spelling.problems(page, TREE, Allowed())] == [
        "line 4: 'invoise' stands nowhere else: is it spelt right?",
        "line 4: '40p02' stands nowhere else: is it spelt right?",
    ]
    assert not [*spelling.problems(page, TREE, Allowed(spelt=frozenset({"invoise", "40p02"})))]


def test_titles_of_blocks() -> None:
    page = '# A\n\n```python title="migrate.py"\nx\n```\n\n```python title="migrat.py"\nx\n```\n'
    assert [*data.problems(Prose("references/a.md", page), TREE)] == [
        "line 7: migrat.py is no file of the example"
    ]


def test_findings_of_the_checker() -> None:
    code = "from apps.billing.models import Invoice\n\n\nasync def clear():\n    Invoice.all().delete()\n"
    page = Prose("references/a.md", f"# A\n\n```python\n{code}```\n")
    assert [*wrong_code.problems(page, TREE)] == [
        "'TD106 Invoice.all().delete()' is not listed in wrong_code.toml"
    ]
    queries = Prose("references/queries.md", "# A\n")
    assert [
        problem
        for problem in wrong_code.problems(queries, TREE)
        if "listed in wrong_code.toml, and not" in problem
    ]


@pytest.mark.parametrize(
    ("sentence", "says"),
    [
        ("Call `limit()`.", None),
        ("Call `offset()`.", "offset is in no block or linked example of this section"),
        ("`bulk_create` sends no signal.", "bulk_create is in no block"),
        ("`limit()`, `limit()` and `all()` are methods.", "a list has limit() twice"),
        ("`limit()` cuts, and `limit()` stays.", None),
        ("It repairs `limit()`, but not `limit()`.", "a list has limit() twice"),
        ("`execute_query(sql, values)` and `session.add()` are others.", None),
        ("Call `limit()`.\n\n## Other\n\nHere it is.", None),
        ("Call `limit()`.\n\n```python\nx = 1\n```\n\n## Other\n\nHere it is.", "limit is in no block"),
    ],
)
def test_methods_in_sentences(sentence: str, says: str | None) -> None:
    page = f"# A\n\n{sentence}\n\n```python\nawait A.all().limit(1)\n```\n"
    found = list(methods.problems(Prose("references/a.md", page), TREE))
    assert found == [] if says is None else len(found) == 1 and says in found[0]


BATCHES = "async def fill(apps, editor):\n    while True:\n        pass\n\n\n"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (BATCHES + "class A:\n    operations = [ops.RunPython(fill)]", "only with atomic = False"),
        (BATCHES + "class A:\n    atomic = False\n    operations = [ops.RunPython(fill)]", None),
        ("class A:\n    operations = [ops.RunPython(other)]", None),
        ("class A:\n    operations = [ops.AlterField('A', 'b', c)]", "put LockTimeout first"),
        ("class A:\n    operations = [LockTimeout(2), ops.AlterField('A', 'b', c)]", None),
        ("class A:\n    operations = [ops.RunSQL('ALTER TABLE a')]", "put LockTimeout first"),
        ("class A:\n    operations = [ops.RunSQL('UPDATE a')]", None),
        ("ops.AlterModelOptions('A', {'table': 'a', 'pk_attr': 'id'})", None),
        ("ops.AlterModelOptions('A', {'table': 'a', 'pk_field': 'id'})", "has the option 'pk_field'"),
        ('ops.AlterField("Payment", "amount", fields.DecimalField(12, 2))', None),
        ('ops.AlterField("Payment", "amount", fields.DecimalField(12, 3))', "amount has another size"),
    ],
)
def test_operations_of_migrations(code: str, says: str | None) -> None:
    page = Prose("references/a.md", f"# A\n\nPut `LockTimeout` first.\n\n```python\n{code}\n```\n")
    found = list(operations.problems(page, TREE))
    assert found == [] if says is None else len(found) == 1 and says in found[0]


@pytest.mark.parametrize(
    ("sentence", "says"),
    [
        ("Pass `limit=1`, `note=`.", None),
        ("Pass `nowait=`.", "nowait= is in no block or linked example of this page"),
        ("Pass `limit=2`.", "no block or linked example has limit=2"),
        ("Call `fetch_all()` ([proof](../examples/queries_large.py)).", None),
        ("Call `fetch_none()` ([proof](../examples/queries_large.py)).", "fetch_none is in no block"),
        ("Call `fetch_none()`.", None),
        ("It is `pre-downgrade` ([proof](../examples/queries_large.py)).", "pre-downgrade is in no block"),
        ("| a | b |\n|---|---|\n| `fetch_none` | [it](../examples/queries_large.py) |", "fetch_none is in"),
    ],
)
def test_what_sentences_name_is_beside_them(sentence: str, says: str | None) -> None:
    page = f"# A\n\n{sentence}\n\n```python\nawait fetch_all(limit=1)\n```\n"
    found = list(ties.problems(Prose("references/a.md", page), TREE))
    assert found == [] if says is None else len(found) == 1 and says in found[0]


@pytest.mark.parametrize(
    ("span", "says"),
    [
        ("ALTER TABLE … DROP COLUMN …", None),
        ("ALTER TABLE … CREATE COLUMN …", "no code has 'CREATE COLUMN'"),
        ("DELETE /users/{id}", None),
        ("SELECT /users/{id}", "SELECT is no method of HTTP"),
    ],
)
def test_keywords_that_stand_together(span: str, says: str | None) -> None:
    found = list(phrases.problems(Prose("references/a.md", f"# A\n\n`{span}`.\n"), TREE))
    assert found == [] if says is None else len(found) == 1 and says in found[0]


def test_tables() -> None:
    rows = "| 1 | a |\n| 2 | b |\n| {} | c |\n"
    head = "| status | says |\n|---|---|\n"
    assert [*tables.problems(Prose("references/a.md", head + rows.format(2)))] == ["two rows begin with '2'"]
    for cell in ("3", "1.1.9", ""):
        assert not [*tables.problems(Prose("references/a.md", head + rows.format(cell)))]


def test_the_skill_sums_up_the_pages_that_it_leads_to() -> None:
    links = "[it](references/queries.md), and a [dead link](references/none.md)"
    assert not [*methods.problems(Prose("SKILL.md", f"# A\n\n`select_related()` is in {links}.\n"), TREE)]
    assert [*methods.problems(Prose("SKILL.md", "# A\n\n`select_related()` is in no page.\n"), TREE)]


@pytest.mark.parametrize(
    ("rest", "shown", "said"),
    [
        ('templates/migrate-job.yaml | grep -E "hook:"', "    helm.sh/hook: ...,pre-upgrade", ""),
        ('templates/migrate-job.yaml | grep "hook:"', "    helm.sh/hook: pre-install,pre-upgrade", ""),
        ('templates/migrate-job.yaml | grep -E "hook:"', "    helm.sh/hook: pre-install", "the chart gives"),
        ('templates/migrate-job.yaml | grep "hook:|name:"', "    helm.sh/hook: ...", "the chart gives []"),
        ('templates/other.yaml | grep "hook:"', "    helm.sh/hook: ...", "is no template"),
        ("templates/migrate-job.yaml", "    helm.sh/hook: ...", "expected one command"),
    ],
)
def test_what_helm_prints(rest: str, shown: str, said: str) -> None:
    command = f"helm template shop charts/billing --show-only {rest}"
    text = f"""```bash needs="helm"\n{command}\n```\n\n```text output\n{shown}\n```\n"""
    found = "".join(rendered.problems(Prose("references/a.md", text), TREE))
    assert said in found if said else not found


SHOWN = "```\n\n```python\nweight = fields.CharField(max_length=9)\nsize = CharField(max_length=9)"


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ("python\na = CharField(max_length=9)\nb = CharField(max_length=9)", None),
        (
            "python\na = CharField(max_length=9)\nb = CharField(max_length=8)",
            "max_length=9 stands nowhere else",
        ),
        ("python\na = CharField(max_length=9)\nassert 'VARCHAR(9)' in ddl", None),
        ("python\nnumber = CharField(max_length=32)", None),
        ("python\nif len(number) > 32:\n    pass", None),
        ("python\nif len(number) > 31:\n    pass", "number has another max_length"),
        ("bash\nscaffold.py model billing Invoice number:char:32:unique amount:decimal:12:2", None),
        ("bash\nscaffold.py model billing Invoice amount:decimal:13:2", "amount has another size"),
        ("bash\nscaffold.py model billing Invoice weight:decimal:13:2", None),
        (f"bash\nscaffold.py model billing Invoice weight:char:9\n{SHOWN}", None),
        (f"bash\nscaffold.py model billing Invoice weight:char:8\n{SHOWN}", "weight has another size"),
    ],
)
def test_sizes_of_fields(block: str, says: str | None) -> None:
    found = list(sizes.problems(Prose("references/a.md", f"# A\n\n```{block}\n```\n"), TREE))
    assert found == [] if says is None else says in found[0]


@pytest.mark.parametrize(
    ("sentence", "is_told"),
    [
        ("See [how to rename](migrations.md#rename-a-class).", True),
        ("To rename: see [this](migrations.md#rename-a-class).", True),
        ("See [how to rename](migrations.md#choose-the-tool).", False),
        ("See [testing.md](testing.md).", True),
        ("See [testing.md](writes.md).", False),
        ("See [proof.py](../examples/proof_silent.py).", False),
        ("See [the proof](../examples/proof_silent.py).", True),
        ("See [proof](testing.md#set-up-pytest), the proof.", False),
        ("See [proof](#the-proof), the proof.", False),
        ("See [TD131](rules.md#td131-expression-stored).", True),
        ("See [TD131](rules.md#td106-missing-await).", False),
        ("See [TD131](testing.md).", False),
        ("See [tests](testing.md).", True),
        ("See [tests](writes.md).", False),
        ("See [this](writes.md).", True),
    ],
)
def test_links_lead_where_they_say(sentence: str, is_told: bool) -> None:
    found = list(links.problems(Prose("references/a.md", f"# A\n\n{sentence}\n"), TREE))
    assert (found == []) is is_told


def test_a_listed_link_leads_to_its_target_alone() -> None:
    allowed = Allowed(leads={"references/a.md": {"fill it": "migrations.md#choose-the-tool"}})
    for anchor, number in (("choose-the-tool", 0), ("foreign-keys-in-a-circle", 1)):
        page = Prose("references/a.md", f"# A\n\nNow [fill it](migrations.md#{anchor}).\n")
        assert len([*links.problems(page, TREE, allowed)]) == number


def test_an_empty_text_is_in_every_other() -> None:
    for literal, number in (('""', 1), ('"SELECT"', 0)):
        page = Prose("references/a.md", f"# A\n\n```python\nsql = 'SELECT'\nassert {literal} in sql\n```\n")
        assert len([*asserts.problems(page)]) == number


def test_a_file_of_the_example_is_shown_by_its_title() -> None:
    shown = (TREE.root / "examples/billing/.gitlab-ci.yml").read_text(encoding="utf-8")
    for title, number in (("", 1), (' title=".gitlab-ci.yml"', 0)):
        page = Prose("references/a.md", f"# A\n\n```yaml{title}\n{shown}```\n")
        assert len([problem for problem in data.problems(page, TREE) if "say title=" in problem]) == number


@pytest.mark.parametrize(
    ("run", "is_right"),
    [
        ("```bash\npytest tests/test_new.py\n```", True),
        ("```bash\npytest tests/test_newer.py\n```", False),
        ("```python\nfrom tests.test_new import x\n```", True),
        ("```python\nfrom tests.test_newer import x\n```", False),
    ],
)
def test_a_titled_block_is_a_file_of_the_example_or_is_run(run: str, is_right: bool) -> None:
    text = f'# A\n\n```python title="tests/test_new.py"\nx = 1\n```\n\n{run}\n'
    found = [*data.problems(Prose("references/a.md", text), TREE)]
    assert found == ([] if is_right else ["line 3: tests/test_new.py is no file of the example"])


@pytest.mark.parametrize(("folder", "number"), [("jobs", 0), ("frameworks", 1)])
def test_a_titled_block_may_be_imported_by_files_that_a_command_copies(folder: str, number: int) -> None:
    run = f'```bash\ncp -r "$SKILL/examples/{folder}/." .\n```'
    text = f'# A\n\n```python title="apps/billing/services/reminders.py"\nx = 1\n```\n\n{run}\n'
    assert len([*data.problems(Prose("references/a.md", text), TREE)]) == number


@pytest.mark.parametrize("command", ["migrate", "sqlmigrate models 0002_a"])
def test_a_migration_on_a_page_is_run_by_migrate(command: str) -> None:
    run = f"```bash\npython -m tortoise {command}\n```"
    text = f'# A\n\n```python title="migrations/0002_a.py"\nx = 1\n```\n\n{run}\n'
    found = [*data.problems(Prose("references/a.md", text), TREE)]
    missing = ["line 3: migrations/0002_a.py is no file of the example"]
    assert found == ([] if command == "migrate" else missing)


@pytest.mark.parametrize(
    ("sentence", "says"),
    [
        ("It does raise an error.", "does raise"),
        ("It does not raise an error, and does nothing else.", None),
        ("You can not do this.", "can not"),
        ("It raises a error.", "a error"),
        ("It needs a unique name, a user and an hour.", None),
        ("There is a rows.", "a rows"),
        ("Every rows is there.", "Every rows"),
        ("Two statement returns the row.", "Two statement"),
        ("Two statements return it, and the first three raise.", None),
        ("It has the different name.", "the different"),
        ("It is for both SQLite or PostgreSQL.", "both SQLite or"),
        ("Read `limit(1)`.", "limit(1) is written"),
        ("Read `DATABASE_URL`.", None),
        ("Text.\n\n```python\nx = 1  # it does raise\n```", "does raise"),
    ],
)
def test_plain_english(sentence: str, says: str | None) -> None:
    found = list(grammar.problems(page(sentence)))
    assert not found if says is None else says in found[0]


@pytest.mark.parametrize(
    ("sentence", "is_strong"),
    [
        ("It never ends.", True),
        ("It ends.", False),
        ("The word `never` is code.", False),
        ("On MariaDB and MariaDB it fails.", True),
        ("On SQLite and MariaDB it fails.", False),
    ],
)
def test_claims_that_need_a_pin(sentence: str, is_strong: bool) -> None:
    assert bool(list(pins.strong(page(sentence)))) is is_strong


JOB = """\
kind: CronJob
metadata: { name: nightly }
spec:
  schedule: "30 3 * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 2
      activeDeadlineSeconds: 3600
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: nightly
              image: billing
              args: ["python", "nightly.py"]
              envFrom: [secretRef: { name: billing-database }]
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("30 3 * * *", "30 3 * *", "five fields"),
        ("Forbid", "Allow", "Forbid"),
        ("      backoffLimit: 2\n", "", "backoffLimit"),
        ("      activeDeadlineSeconds: 3600\n", "", "activeDeadlineSeconds"),
        ("          restartPolicy: Never\n", "", "restartPolicy"),
        ('              args: ["python", "nightly.py"]\n', "", "no args"),
        ("nightly.py", "nightly.qy", "no program of Python"),
        ("billing-database", "billing-databse", "no manifest"),
        ("name: nightly }", "nam: nightly }", "no name"),
    ],
)
def test_data_of_a_job(old: str, new: str, says: str) -> None:
    def found(block: str) -> list[str]:
        return list(data.problems(Prose("references/a.md", f"# A\n\n```yaml\n{block}```\n"), TREE))

    assert old in JOB and not found(JOB)
    assert any(says in problem for problem in found(JOB.replace(old, new))), found(JOB.replace(old, new))


@pytest.mark.parametrize(
    ("link", "is_right"),
    [
        ("[app.py](../examples/app.py)", True),
        ("[app.py](#write-a-file)", False),
        ("[write.py](#write-a-file)", True),
        ("[a table](#make-a-table)", True),
        ("[below](#write-a-file)", True),
        ("[below](../examples/app.py)", False),
        ("[a table](#write-a-file)", False),
    ],
)
def test_links_within_a_page(link: str, is_right: bool) -> None:
    first = f"See {link} of the file and the app."
    text = f"{first}\n\n## Write a file\n\n```bash\npython write.py\n```\n\n## Make a table"
    found = [one for one in links.problems(page(text), TREE) if link.partition("]")[0] in one]
    assert (not found) is is_right
