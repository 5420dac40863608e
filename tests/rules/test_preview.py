"""A rule in preview runs only where somebody asks for it; ``--rules`` says which ones are."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev.commands.breaks import broken_rules
from tortoise_dev.commands.check import main
from tortoise_dev.rules import RULES

SOURCE = """\
from tortoise import fields
from tortoise.models import Model


class A(Model):
    x = fields.TextField()

    class Meta: ...
"""


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs check.py on a model that breaks TD000, TD002 and TD003, with TD002 and TD003 in preview."""
    for code in ("TD002", "TD003"):
        monkeypatch.setitem(RULES, code, RULES[code]._replace(preview=True))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(SOURCE, encoding="utf-8")

    def check(*arguments: str, settings: str = "") -> set[str]:
        (tmp_path / "pyproject.toml").write_text(f"[tool.tortoise-dev]\n{settings}\n", encoding="utf-8")
        main([*arguments])
        printed = capsys.readouterr()
        check.stderr = printed.err
        return {code for code in RULES if f" {code} " in printed.out}

    return check


def test_it_is_off(checked) -> None:
    assert checked() == {"TD000"}
    assert checked(settings="preview = false") == {"TD000"}


def test_the_option_and_the_setting_turn_it_on(checked) -> None:
    assert checked("--preview") == {"TD000", "TD002", "TD003"}
    assert checked(settings="preview = true") == {"TD000", "TD002", "TD003"}
    assert checked("--preview", "--ignore", "TD002") == {"TD000", "TD003"}
    assert checked("--preview", "--select", "TD003") == {"TD003"}


def test_its_own_code_turns_it_on_and_the_beginning_of_it_does_not(checked) -> None:
    assert checked("--select", "TD003") == {"TD003"}
    assert checked("--select", "td003,TD000") == {"TD003", "TD000"}
    assert checked(settings='select = ["TD002"]') == {"TD002"}
    assert checked("--select", "TD0") == {"TD000"}
    assert checked("--select", "TD0", "--preview") == {"TD000", "TD002", "TD003"}
    assert checked("--select", "TD0,TD003") == {"TD000", "TD003"}


def test_a_selection_of_nothing_else_is_told(checked, monkeypatch: pytest.MonkeyPatch) -> None:
    for code in RULES:
        if code.startswith("TD10"):
            monkeypatch.setitem(RULES, code, RULES[code]._replace(preview=True))
    assert checked("--select", "TD10") == set()
    assert "add --preview" in checked.stderr
    checked("--select", "TD0")
    assert checked.stderr == ""


def test_the_list_of_rules(checked, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(RULES)
    for line, rule in zip(lines, RULES.values(), strict=True):
        assert line.startswith(f"{rule.code} {rule.name} ")
        assert line.endswith(f" {rule.in_one_line}")
        assert (" preview " in line) is rule.preview
        assert (" fixable " in line) is rule.fixable
    assert " preview fixable " in lines[list(RULES).index("TD003")]


def test_a_block_that_breaks_it_names_it(checked, tmp_path: Path) -> None:
    def broken(code: str) -> set[str]:
        return {rule for _, rule, _ in broken_rules(SOURCE, Path("b.py"), tmp_path, code)}

    assert broken("TD000") == {"TD000"}
    assert broken("TD003") == {"TD000", "TD003"}
    (tmp_path / "pyproject.toml").write_text("[tool.tortoise-dev]\npreview = true\n", encoding="utf-8")
    assert broken("TD000") == {"TD000", "TD002", "TD003"}
