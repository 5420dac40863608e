"""Run the whole handbook on the oldest and the newest supported Tortoise, and on each supported Python.

Each run leaves a summary of its records beside this file; the table in README.md and the metadata of SKILL.md
are made of the summaries, and a test keeps them so.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RUNS = [("1.1.9", f"3.{minor}") for minor in (11, 12, 13, 14, 15)] + [("1.1.0", "3.11")]
"""(tortoise-orm, Python): what README.md promises, so what must be recorded."""
EXAMPLES = """\
examples:
  uv run tests/versions/matrix.py                        all versions, on SQLite
  uv run tests/versions/matrix.py --db sqlite://:memory: --db postgres://... --db mysql://...
  uv run tests/versions/matrix.py --python /usr/bin/python3.15 --tortoise 1.1.9 --db sqlite://:memory: ...
  uv run tests/versions/matrix.py --no-run               only the tables of README.md and SKILL.md
"""
DATABASES = ("sqlite", "postgres", "psycopg", "mysql", "mariadb")
STATUSES = ("passed", "failed", "skipped", "unverified")
START, END = "<!-- versions: start -->\n", "<!-- versions: end -->"


def main() -> int:
    """Run the matrix; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--python", metavar="PYTHON", help="run this Python alone: a version, or the path of an interpreter"
    )
    parser.add_argument(
        "--tortoise", metavar="VERSION", default=RUNS[0][0], help="with --python (default: %(default)s)"
    )
    parser.add_argument(
        "--db", action="append", metavar="URL", help="as for snippets.py (default: SQLite only)"
    )
    parser.add_argument(
        "--no-run", action="store_true", help="only write README.md and SKILL.md from the records"
    )
    options = parser.parse_args()
    pairs = [(options.tortoise, options.python)] if options.python else RUNS
    statuses = [] if options.no_run else [run(*pair, options.db or ["sqlite://:memory:"]) for pair in pairs]
    write_tables()
    return max(statuses, default=0)


def run(tortoise: str, python: str, urls: list[str]) -> int:
    """Run the handbook on one pair of versions, and keep the summary of what ``--record`` writes."""
    uv = shutil.which("uv")
    command = [uv] if uv else [sys.executable, "-m", "uv"]
    databases: list[str] = []
    command += ["run", "--quiet", "--isolated", "--python", python, "--with", f"tortoise-orm=={tortoise}"]
    for url in urls:
        databases += ["--db", url]
    print(f"tortoise-orm {tortoise} on Python {python}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        command += ["scripts/snippets.py", "--record", folder, *databases]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path(folder).iterdir())]
    if found:
        outcome = summary(found)
        minor = ".".join(outcome["python"].split(".")[:2])
        text = json.dumps(outcome, indent=2, ensure_ascii=False) + "\n"
        _write(HERE / f"tortoise-{tortoise}-python-{minor}.json", text)
    return status


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    """What the records of one run say together, without the single blocks that passed."""
    entries = [entry for record in found for entry in (*record["blocks"], *record["others"])]
    bad = [entry for entry in entries if entry["status"] in ("failed", "unverified")]
    return {
        "version": 1,
        "python": found[0]["python"],
        "packages": found[0]["packages"],
        "pages": len(found[0]["pages"]),
        "summary": {status: sum(record["summary"][status] for record in found) for status in STATUSES},
        "databases": {
            record["backend"]: {"server": record["server"], "url": record["url"], **record["summary"]}
            for record in sorted(found, key=lambda record: DATABASES.index(record["backend"] or "sqlite"))
            if record["backend"]
        },
        "not_passed": [{key: entry[key] for key in ("id", "status", "reason")} for entry in bad],
    }


def records() -> list[dict[str, Any]]:
    """The committed records, newest Tortoise first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in HERE.glob("*.json")]
    return sorted(
        found, key=lambda record: (_key(record["packages"]["tortoise-orm"]), _key(record["python"]))
    )[::-1]


def table(found: list[dict[str, Any]]) -> str:
    """The table of README.md."""
    used = {name: base["server"].split()[0] for record in found for name, base in record["databases"].items()}
    names = [name for name in DATABASES if name in used]
    lines = [
        f"| tortoise-orm | Python | {' | '.join(used[name] for name in names)} |",
        "|---" * (2 + len(names)) + "|",
    ]
    for record in found:
        cells = [_counts(record["databases"].get(name)) for name in names]
        lines.append(f"| {record['packages']['tortoise-orm']} | {record['python']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def metadata(found: list[dict[str, Any]]) -> str:
    """The line on versions in the front matter of SKILL.md."""
    tortoises = list(dict.fromkeys(record["packages"]["tortoise-orm"] for record in found))[::-1]
    pythons = sorted({_key(record["python"])[:2] for record in found})
    first, last = (".".join(map(str, pair)) for pair in (pythons[0], pythons[-1]))
    return f"Proven on tortoise-orm {' and '.join(tortoises)}, Python {first}-{last}."


def write_tables() -> None:
    """Put what the records say into README.md and SKILL.md."""
    found = records()
    readme, skill = ROOT / "README.md", ROOT / "SKILL.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(START)
    _write(readme, before + START + table(found) + END + rest.partition(END)[2])
    text = skill.read_text(encoding="utf-8")
    _write(skill, re.sub(r"Proven on tortoise-orm [^\n]*?Python [\d.-]*\d\.", metadata(found), text, count=1))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _counts(database: dict[str, Any] | None) -> str:
    if database is None:
        return "not run"
    counts = {status: database[status] for status in ("passed", "failed", "unverified", "skipped")}
    said = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    return f"{said} on {database['server'].split()[1]}"


def _key(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


if __name__ == "__main__":
    sys.exit(main())
