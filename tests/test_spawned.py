"""Where there is no fork, each chain gets a new interpreter; what it says must be the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev.pages.reading import parse_page
from tortoise_dev.snippet_settings import SnippetSettings
from tortoise_dev.snippets.planning.plan import plan_page
from tortoise_dev.snippets.result import Result
from tortoise_dev.snippets.running.interpreters import Interpreters
from tortoise_dev.snippets.running.jobs import Job, jobs_of
from tortoise_dev.snippets.running.scheduler import Scheduler

PAGE = """
```python
import os

os.environ["LEFT"] = "behind"
print("one")
```

```text output
one
```

```python
import os

assert "LEFT" not in os.environ
await_me = 1
raise ValueError("two")
```

```python
import os

os._exit(0)
```

```python
# on one line, so that the stop is at a known one
while True: pass
```

```python name=three
value = 3
```

```python continues=three
assert value == 3
```
"""


@pytest.mark.slow
@pytest.mark.parametrize("forks", [True, False], ids=["forked", "spawned"])
def test_forked_and_spawned_children_agree(tmp_path: Path, forks: bool) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    settings = SnippetSettings(root=tmp_path, timeout=1.5)
    plan = plan_page(parse_page(PAGE, page, "page.md"), settings)
    found: list[Result] = []

    def done(job: Job, results: list[Result]) -> None:
        found.extend(results)

    jobs, interpreters = [*jobs_of(plan, [])], Interpreters(forks=forks)
    with Scheduler(settings, jobs, workers=2, interpreters=interpreters) as scheduler:
        scheduler.run_all(done)
    assert scheduler.problems == []
    told = [(result.line, result.status, result.fail_line) for result in sorted(found, key=lambda r: r.line)]
    assert told == [
        (2, "passed", None),
        (9, "passed", None),
        (13, "failed", 18),
        (21, "failed", 22),
        (27, "failed", 29),
        (32, "passed", None),
        (36, "passed", None),
    ]
