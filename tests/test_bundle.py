"""The folder is the skill: what installers, clients and readers rely on."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from prose.code import Tree
from prose.data import is_run
from tortoise_dev.commands.dispatch import COMMANDS
from tortoise_dev.pages.reading import read_page

ROOT = Path(__file__).resolve().parents[1]
TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    ).stdout.splitlines()
]
SKILL = (ROOT / "SKILL.md").read_text(encoding="utf-8")
REFERENCES = sorted((ROOT / "references").glob("*.md"))


def test_there_is_exactly_one_skill_and_no_symlink() -> None:
    assert [path for path in TRACKED if path.name == "SKILL.md"] == [ROOT / "SKILL.md"]
    assert not [path for path in TRACKED if path.is_symlink()]


def test_every_text_is_utf8_with_unix_line_ends() -> None:
    for path in TRACKED:
        raw = path.read_bytes()
        raw.decode("utf-8")
        assert b"\r" not in raw, path


def test_the_frontmatter_is_what_clients_accept() -> None:
    front = yaml.safe_load(SKILL.split("---\n")[1])
    assert set(front) == {"name", "description", "license", "compatibility", "metadata"}
    assert front["name"] == "tortoise-dev"
    assert len(front["description"]) <= 1024
    assert not set("<>\n") & set(front["description"])
    assert isinstance(front["metadata"]["version"], str)
    assert re.search(r'(?m)^description: ".*"$', SKILL), "one line, double-quoted"


def test_pages_stay_within_their_tokens() -> None:
    assert len(SKILL) / 4 <= 3500
    assert SKILL.count("\n") <= 300
    for page in REFERENCES:
        assert len(page.read_text(encoding="utf-8")) / 4 <= 3000, page.name


@pytest.mark.parametrize("page", REFERENCES, ids=lambda page: page.name)
def test_every_reference_is_routed_to(page: Path) -> None:
    name = re.escape(page.name)
    assert re.search(rf"\]\(references/{name}(?:#[\w-]+)?\)|^- .*`{name}`", SKILL, re.MULTILINE)


def test_ci_runs_the_commands_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"(?m)^python3 -m pip install .*$", readme)
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert len(commands) == 2
    for command in commands:
        assert command in ci


def test_no_python_block_of_the_pages_is_exempt() -> None:
    for page in [ROOT / "SKILL.md", ROOT / "README.md", *REFERENCES]:
        for info in re.findall(r"(?m)^\s*`{3,}(py.*)$", page.read_text(encoding="utf-8")):
            assert "norun" not in info, (page.name, info)


def test_titled_blocks_stand_in_the_example() -> None:
    """Or the page runs them, as files that the harness saves."""
    for page in [ROOT / "SKILL.md", *REFERENCES]:
        text = page.read_text(encoding="utf-8")
        for title in re.findall(r'(?m)^\s*`{3,}(?!.*breaks=).*title="([^"]+)"', text):
            is_file = (ROOT / "examples" / "billing" / title).is_file()
            assert is_file or is_run(title, read_page(page, page.name).blocks, Tree(ROOT)), (page.name, title)


def test_the_command_for_a_model_shows_types_with_parts_and_the_options() -> None:
    (command,) = re.findall(r"scaffold\.py\" model (.*?)```", SKILL, re.DOTALL)
    shown = {part for field in command.split() for part in field.split(":")[1:]}
    assert {"char", "decimal", "enum", "fk", "null", "unique"} <= shown


def test_no_manifest_names_what_is_not_there() -> None:
    market = json.loads((ROOT / ".claude-plugin" / "marketplace.json").read_text(encoding="utf-8"))
    assert [plugin["source"] for plugin in market["plugins"]] == ["./"]
    assert {plugin["name"] for plugin in market["plugins"]} == {market["name"]} == {"tortoise-dev"}
    gemini = json.loads((ROOT / "gemini-extension.json").read_text(encoding="utf-8"))
    assert (ROOT / gemini["contextFileName"]).is_file()


MANIFESTS = (".claude-plugin/plugin.json", ".codex-plugin/plugin.json", ".cursor-plugin/plugin.json")


def test_the_manifests_of_plugins_say_the_same() -> None:
    read = [json.loads((ROOT / name).read_text(encoding="utf-8")) for name in MANIFESTS]
    shared = ("name", "version", "description", "author", "homepage", "repository", "license", "keywords")
    first, *others = ({key: manifest[key] for key in shared} for manifest in read)
    assert all(other == first for other in others)
    assert set(read[0]) == set(shared), "Claude Code finds SKILL.md beside .claude-plugin by itself"
    assert read[1]["skills"] == "./.", "Codex finds no skill where it says ./ : tests/test_clients.py"


def test_the_hook_is_off_until_somebody_switches_it_on() -> None:
    """Clients load hooks/hooks.json of a plugin by themselves."""
    assert not (ROOT / "hooks" / "hooks.json").exists()
    assert (ROOT / "hooks" / "after_edit.json").is_file()


def test_issue_templates_ask_for_what_is_needed() -> None:
    asked = {}
    for form in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        body = yaml.safe_load(form.read_text(encoding="utf-8")).get("body", [])
        required = [one["id"] for one in body if one.get("validations", {}).get("required")]
        asked[form.stem] = required
    assert "page" in asked["harness"]
    assert {"file", "code"} < set(asked["rule"])
    assert "config" in asked


def test_security_speaks_of_every_command() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`{name}" not in text and name != "handbook"] == []


@pytest.mark.parametrize("script", ["plan_deploy.py", "split_models.py"])
def test_a_script_that_needs_packages_names_those_of_its_extra(script: str) -> None:
    """So `uv run SKILL/scripts/plan_deploy.py` brings them, without an environment for the skill's folder."""
    text = (ROOT / "scripts" / script).read_text(encoding="utf-8")
    (named,) = re.findall(r"(?m)^# dependencies = (\[.*\])$", text)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(json.loads(named)) <= set(project["optional-dependencies"]["refactor"])
