"""Which jobs a page gives on which databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev.pages.reading import parse_page, parse_script
from tortoise_dev.snippet_settings import SnippetSettings
from tortoise_dev.snippets.databases.backends import backend_of
from tortoise_dev.snippets.planning.plan import plan_page
from tortoise_dev.snippets.planning.planned import PagePlan
from tortoise_dev.snippets.running.jobs import jobs_of, modules_to_preload

SQLITE, POSTGRES = backend_of("sqlite://:memory:"), backend_of("postgres://h/x")

PAGE = """
```python name=first
value = 1
```

```bash
true
```

```python continues=first
print(value)
```

```text output
1
```

```sql
SELECT 1
```

```bash
aerich upgrade
```
"""


def plan_of(text: str, name: str = "page.md") -> PagePlan:
    settings = SnippetSettings(root=Path("/project"))
    parse = parse_script if name.endswith(".py") else parse_page
    return plan_page(parse(text, Path("/project", name), name), settings)


def lines(jobs: object) -> list[tuple[list[int], str | None]]:
    return [
        ([planned.block.line for planned in job.blocks], job.backend.name if job.backend else None)
        for job in jobs  # type: ignore[attr-defined]
    ]


def test_without_databases_each_chain_is_one_job() -> None:
    assert lines(jobs_of(plan_of(PAGE), [])) == [
        ([2, 10, 14], None),
        ([6], None),
        ([22], None),
        ([18], None),
    ]


def test_chains_run_on_each_database_and_shell_where_it_speaks_of_one() -> None:
    assert lines(jobs_of(plan_of(PAGE), [SQLITE, POSTGRES])) == [
        ([2, 10, 14], "sqlite"),
        ([2, 10], "postgres"),
        ([6], None),
        ([22], "sqlite"),
        ([22], "postgres"),
        ([18], "sqlite"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"), [("assert 1 < 2\n", ["sqlite"]), ("DATABASE_URL = 1\n", ["sqlite", "postgres"])]
)
def test_a_script_runs_on_each_database_if_it_asks_for_the_url(text: str, expected: list[str]) -> None:
    jobs = jobs_of(plan_of(text, "proof.py"), [SQLITE, POSTGRES])
    assert [name for _, name in lines(jobs)] == expected


def test_what_is_not_wanted_is_no_job_but_its_chain_is_whole() -> None:
    jobs = [*jobs_of(plan_of(PAGE), [], lambda planned: planned.block.line == 14)]
    assert lines(jobs) == [([14], None)]
    assert jobs[0].chain is not None
    assert [planned.block.line for planned in jobs[0].chain.blocks] == [2, 10]
    assert jobs[0].last_run.block.line == 10


def test_narrowing_a_job() -> None:
    job = next(jobs_of(plan_of(PAGE), [SQLITE]))
    narrowed = job.narrowed(lambda planned: planned.block.line == 2)
    assert narrowed is not None
    assert lines([narrowed]) == [([2], "sqlite")]
    assert narrowed.last_run.block.line == 2
    assert narrowed.id_of(narrowed.blocks[0]) == "page.md::top/1[sqlite]"
    assert job.narrowed(lambda planned: False) is None


def test_what_several_blocks_import_is_imported_before_the_fork() -> None:
    twice = "```python\nimport pydantic\nassert 1\n```\n\n" * 2
    once = "```python\nimport httpx\nimport os\nassert 1\n```\n"
    assert modules_to_preload([*jobs_of(plan_of(twice + once), [])]) == ["pydantic"]
    compared = "```python\nprint(1)\n```\n\n```text output\n1\n```\n"
    assert modules_to_preload([*jobs_of(plan_of(compared), [])]) == ["time_machine"]
    sessions = modules_to_preload([*jobs_of(plan_of("```pycon\n>>> 1\n1\n```\n"), [])])
    assert sessions[-1] == "time_machine"
