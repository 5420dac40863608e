"""What a log says a trial cost, and what is taken out of it."""

from __future__ import annotations

import json
from pathlib import Path

from tortoise_dev.evals.logs import Usage, read_log

SKILL = Path(".claude/skills/tortoise-dev")


def claude(*events: dict[str, object]) -> str:
    """A log as `claude -p --output-format stream-json` prints it."""
    return "\n".join(json.dumps(event) for event in events)


def use(name: str, number: str, **arguments: str) -> dict[str, object]:
    part = {"type": "tool_use", "id": number, "name": name, "input": arguments}
    return {"type": "assistant", "message": {"content": [{"type": "text", "text": "…"}, part]}}


def result(number: str, content: object) -> dict[str, object]:
    part = {"type": "tool_result", "tool_use_id": number, "content": content}
    return {"type": "user", "message": {"content": [part]}}


def test_claude_code(tmp_path: Path) -> None:
    skill = tmp_path / "skills" / "tortoise-dev"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text("s" * 100, encoding="utf-8")
    log = claude(
        {"type": "system", "subtype": "init", "tools": ["Bash"]},
        use("Skill", "1", skill="tortoise-dev"),
        result("1", "Launching skill"),
        use("Read", "2", file_path=f"/w/.claude/{'skills'}/tortoise-dev/references/locks.md"),
        result("2", [{"type": "text", "text": "ä" * 10}]),
        use("Read", "3", file_path="/w/apps/models.py"),
        result("3", "x" * 1000),
        use("Bash", "4", command="python3 .claude/skills/tortoise-dev/scripts/check.py"),
        result("4", "12345"),
        use("Bash", "5", command="ls"),
        {"type": "user", "message": {"content": "plain text"}},
        {
            "type": "result",
            "duration_ms": 2500,
            "result": "Done.",
            "usage": {
                "input_tokens": 1,
                "cache_creation_input_tokens": 20,
                "cache_read_input_tokens": 300,
                "output_tokens": 4000,
                "service_tier": "standard",
            },
        },
    )
    assert read_log(f"a warning\n{log}\n{{broken", skill) == Usage(
        commands=2, tokens=4321, skill_bytes=100 + 20 + 5, loaded=True, seconds=2.5, reply="Done."
    )


def test_claude_code_that_was_stopped_has_no_tokens() -> None:
    found = read_log(claude(use("Bash", "1", command="ls")), SKILL)
    assert found == Usage(commands=1, tokens=None, skill_bytes=0, loaded=False)


def test_the_plain_format() -> None:
    log = claude(
        {"event": "command"},
        {"event": "read", "bytes": 14000},
        {"event": "command", "command": "ls"},
        {"event": "read", "bytes": 500},
        {"event": "tokens", "total": 900},
        {"event": "seconds", "total": 1.5},
        {"event": "reply", "text": "Done."},
        {"event": "something else"},
    )
    assert read_log(log, SKILL) == Usage(
        commands=2, tokens=900, skill_bytes=14500, loaded=True, seconds=1.5, reply="Done."
    )


def test_whether_the_skill_was_loaded() -> None:
    by_name = use("Skill", "1", skill="tortoise-dev:tortoise-dev")
    page = use("Read", "1", file_path="C:\\w\\.claude\\skills\\tortoise-dev\\SKILL.md")
    for event in (by_name, page, {"event": "skill"}):
        assert read_log(claude(event), SKILL).loaded is True
    for event in (use("Skill", "1", skill="django"), {"event": "command"}):
        assert read_log(claude(event), SKILL).loaded is False
    assert read_log("I loaded tortoise-dev.", SKILL).loaded is None


def test_of_another_log_only_the_text_is_known() -> None:
    assert read_log("I changed it.\n", SKILL) == Usage(reply="I changed it.")
    assert read_log('{"level": "info"}', SKILL) == Usage(reply='{"level": "info"}')
    assert read_log("", SKILL) == Usage()
