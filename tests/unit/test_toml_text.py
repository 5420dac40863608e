"""Settings that are no TOML, or that have other types than expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev.deployment.plan import plan_for
from tortoise_dev.scaffold.manifest import manifest_in
from tortoise_dev.scaffold.survey import Survey
from tortoise_dev.settings import SettingsError, read_table
from tortoise_dev.toml_text import TomlError, parse_toml, pyproject_of, tool_table

DEEP = f"a = {'[' * 3000}{']' * 3000}"


def test_what_is_nested_too_deeply_is_no_toml(tmp_path: Path) -> None:
    with pytest.raises(TomlError, match="nested too deeply"):
        parse_toml(DEEP)
    (tmp_path / "pyproject.toml").write_text(DEEP, encoding="utf-8")
    assert pyproject_of(tmp_path) == {}
    with pytest.raises(SettingsError, match=r"pyproject\.toml: no TOML: nested too deeply"):
        read_table(tmp_path / "pyproject.toml")


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xef\xbb\xbf[tool.aerich]\n")
    assert tool_table(pyproject_of(tmp_path), "aerich") == {}
    manifest = manifest_in(tmp_path)
    assert manifest is not None and manifest.table("tool") == {"aerich": {}}


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\naerich = 3\ntortoise = 3\nruff = 3\nblack = 3"])
def test_a_table_of_another_type_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    (tmp_path / "fly.toml").write_text('app = "shop"\n', encoding="utf-8")
    (tmp_path / "apps" / "billing" / "models").mkdir(parents=True)
    (tmp_path / "apps" / "billing" / "models" / "__init__.py").touch()
    assert tool_table(pyproject_of(tmp_path), "aerich") is None
    survey = Survey(tmp_path)
    assert survey.width == 88
    assert survey.tool_table("aerich") == {}
    assert plan_for(tmp_path).manifests[0].draft
