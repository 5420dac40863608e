"""Settings of the harness: where they are looked for, and what is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tortoise_dev.rule_settings import SettingsByFolder, rule_settings
from tortoise_dev.settings import SettingsError, SettingsTable, table_in
from tortoise_dev.snippet_settings import find_settings, snippet_settings
from tortoise_dev.snippets.planning.conventions import conventions_of


def write(folder: Path, table: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(f"[tool.tortoise-dev.snippets]\n{table}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("mark", ["pyproject.toml", "setup.cfg", ".git"])
def test_the_nearest_project_counts_and_no_other(tmp_path: Path, mark: str) -> None:
    write(tmp_path, "timeout = 3")
    inner = tmp_path / "inner"
    (inner / "docs").mkdir(parents=True)
    assert find_settings(inner / "docs").timeout == 3
    (inner / mark).mkdir() if mark == ".git" else (inner / mark).write_text("")
    assert find_settings(inner / "docs").timeout == 10
    assert find_settings(inner / "docs").root == inner


def test_a_pattern_finds_scripts(tmp_path: Path) -> None:
    for name in ("docs_src/__init__.py", "docs_src/first.py", "docs_src/more/second.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    settings = find_settings(write(tmp_path, 'paths = ["docs_src/**/*.py"]'))
    assert [path.name for path in settings.paths] == ["first.py", "second.py"]


def test_exclude(tmp_path: Path) -> None:
    settings = find_settings(write(tmp_path, 'exclude = ["docs/old/**", "draft-*.md"]'))
    assert settings.is_excluded(tmp_path / "docs/old/deep/a.md")
    assert settings.is_excluded(tmp_path / "any/draft-1.md")
    assert not settings.is_excluded(tmp_path / "docs/new/a.md")


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("old", ["old/a.py", "apps/old/b.py", "apps/old"], ["older/a.py", "apps/a_old.py"]),
        ("apps/*/tests", ["apps/shop/tests/t.py"], ["apps/tests/t.py", "more/apps/shop/tests/t.py"]),
        ("**/?", ["x/long.py", "apps/x/long.py"], ["apps/long.py"]),
        ("a**b", ["ab/x.py", "a--b"], ["a/b", "ab.d/x"]),
        ("/docs/", ["docs/a.md", "more/docs/a.md"], ["mydocs/a.md"]),
    ],
)
def test_patterns_fit_a_path_or_a_folder_above_it(
    tmp_path: Path, pattern: str, fitting: list[str], others: list[str]
) -> None:
    settings = find_settings(write(tmp_path, f'exclude = ["{pattern}"]'))
    assert [one for one in (*fitting, *others) if settings.is_excluded(tmp_path / one)] == fitting


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('chain = "book"', 'takes "block" or "page"'),
        ('prelude = "no.py"', "prelude names no file: no.py"),
        ('project = "nowhere"', "project names no folder"),
        ("languages = 3", "takes a table"),
        (r'paths = ["a\u0000.md"]', "takes a list of strings"),
        (r'project = "\u0000"', "takes a string"),
        ('languages = {tree = "txet"}', "is no language: did you mean text?"),
        ('ignore-attributes = ["norun"]', "cannot be ignored"),
        ('ignore_attributes = ["x"]', r"is not a setting: did you mean ignore-attributes\?"),
        ("colour = 3", "is not a setting; known are chain, "),
    ],
)
def test_what_is_refused(tmp_path: Path, table: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        conventions_of(find_settings(write(tmp_path, table)))


def shown(text: str) -> SettingsTable:
    table = table_in(tomllib.loads(text), Path("pyproject.toml"))
    assert table is not None
    return table


def test_tables_on_a_page_need_no_files() -> None:
    snippet_settings(shown('[tool.tortoise-dev.snippets]\nproject = "theirs"\nprelude = "theirs.py"'))
    with pytest.raises(SettingsError) as caught:
        rule_settings(shown("[tool.tortoise-dev]\nexclude = 3"))
    assert caught.value.key == ("tool", "tortoise-dev", "exclude")


def test_a_value_in_the_place_of_the_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool]\ntortoise-dev = "x"\n', encoding="utf-8")
    told = r"pyproject\.toml: \[tool\.tortoise-dev\] must be a table"
    with pytest.raises(SettingsError, match=told):
        find_settings(tmp_path)
    with pytest.raises(SettingsError, match=told):
        SettingsByFolder().of_folder(tmp_path)


def test_a_byte_order_mark_is_no_statement(tmp_path: Path) -> None:
    text = '[tool.tortoise-dev]\nignore = ["TD0"]\n[tool.tortoise-dev.snippets]\ntimeout = 3\n'
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8-sig")
    assert SettingsByFolder().of_folder(tmp_path).ignore == ("TD0",)
    assert find_settings(tmp_path).timeout == 3
