"""What is generated is fresh, and what integrates the checker works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml
from tortoise_dev.rules import RULES

ROOT = Path(__file__).resolve().parents[2]


def test_the_rules_page_is_what_the_rules_say() -> None:
    command = [sys.executable, "-S", "-E", str(ROOT / "scripts" / "check.py"), "--explain", "all"]
    page = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    stored = (ROOT / "references" / "rules.md").read_text(encoding="utf-8")
    assert stored == page, "run: python3 scripts/check.py --explain all > references/rules.md"
    for code in RULES:
        assert f"## {code} " in page


def test_the_hooks_run_what_is_there(users) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert {hook["id"] for hook in hooks} == {"tortoise-dev-check", "tortoise-dev-fix"}
    users.write(
        {"app/models/a.py": "from tortoise import Model\n\nclass A(Model):\n    x = 1\n    class Meta: ...\n"}
    )
    for hook in hooks:
        script, *arguments = hook["entry"].split()
        assert (ROOT / script).is_file()
        done = users.run(*arguments, "app/models/a.py", "app/models/user.py")
        assert done.returncode == 1
        assert done.stdout.decode().count("TD002") == 1
    assert users.text("app/models/a.py").index("Meta") < users.text("app/models/a.py").index("x = 1")


def test_nothing_is_imported_but_the_standard_library() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import tortoise_dev.commands.check\n"
        "known = {*sys.stdlib_module_names, '__main__', 'tortoise_dev'}\n"
        "foreign = {m.partition('.')[0] for m in sys.modules} - known\n"
        "sys.exit(f'{foreign}' if foreign else 0)"
    )
    subprocess.run([sys.executable, "-S", "-E", "-c", code, str(ROOT / "scripts")], check=True)
