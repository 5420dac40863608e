"""``--against REF``: only what the files of a commit do not have is reported."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

DEAD = "from app.models import User\n\n\nasync def f(name):\n    User.create(name=name)\n"


def git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def committed(users):
    """A repository whose one commit has one finding, in old.py."""
    git(users.root, "init", "-q", "-b", "main")
    users.write({"old.py": DEAD, ".gitignore": "known.json\n"})
    git(users.root, "add", "-A")
    git(users.root, "commit", "-q", "-m", "first")
    return users


def new(project, *arguments: str) -> list[tuple[str, int]]:
    return [(path, line) for path, line, _ in project.found("--against", "main", *arguments)]


def test_what_was_there_is_not_reported(committed) -> None:
    assert len(committed.found()) == 1
    done = committed.run("--against", "main")
    assert (done.returncode, done.stderr) == (0, b"")
    assert (
        done.stdout
        == b"3 files, 2 models: no findings beyond the 1 in main (to see them, leave out --against)\n"
    )


def test_what_was_added_is_reported(committed) -> None:
    committed.write({"old.py": "# moved\n" + DEAD + "    User.create(name='b')\n", "new.py": DEAD})
    assert new(committed) == [("new.py", 5), ("old.py", 7)], "an untracked file too"
    assert new(committed, "old.py") == [("old.py", 7)]
    assert new(committed, "app") == []
    git(committed.root, "add", "-A")
    git(committed.root, "commit", "-q", "-m", "second")
    assert new(committed) == []
    assert [path for path, _, _ in committed.found("--against", "HEAD~1")] == ["new.py", "old.py"]


def test_before_the_first_commit_everything_is_new(users) -> None:
    git(users.root, "init", "-q")
    users.write({"old.py": DEAD})
    assert [(path, line) for path, line, _ in users.found("--against", "HEAD")] == [("old.py", 5)]
    assert b"git knows no such commit" in users.run("--against", "main").stderr


def test_a_file_that_was_moved_is_known(committed) -> None:
    (committed.root / "deep").mkdir()
    git(committed.root, "mv", "old.py", "deep/newer.py")
    assert new(committed) == []


def test_lines_of_a_file_that_was_split_are_known(committed) -> None:
    """As often as the deleted file had them. Lines of a file that is still there are new in another one."""
    committed.write({"parts/a.py": DEAD, "parts/b.py": DEAD})
    assert new(committed) == [("parts/a.py", 5), ("parts/b.py", 5)]
    (committed.root / "old.py").unlink()
    assert len(new(committed)) == 1
    committed.write({"parts/b.py": DEAD.replace("name=name", "name='b'")})
    assert new(committed) == [("parts/b.py", 5)]


ON_LINES = {
    "a.py": """\
from tortoise import Tortoise, connections
from app.models import User

async def f(name):
    await Tortoise.generate_schemas(
        safe=True,
    )
    await User.create(
        nam='a',
        name=name,
    )
    try:
        await User.create(name=name)
    except (
        Exception
    ):
        pass
    User.filter(
        name=name,
    ).delete()
    await connections.get("default").execute_query(
        f"SELECT '{name}'"
    )

class Lonely(
    User,
):
    pass
""",
    "config.py": "URL = 'postgres://shop@db/shop'\n",
    "migrations/models/0_20260101_init.py": "async def upgrade(db):\n    return 'CREATE TABLE a (id INT)'\n",
    "migrations/models/1_20260102_b.py": """\
async def upgrade(db):
    await db.execute_script(
        "ALTER TABLE a"
        "  ADD b INT NOT NULL;"
    )
""",
}
"""Findings whose code stands on several lines."""


def test_code_that_stands_on_other_lines_is_known(users) -> None:
    git(users.root, "init", "-q", "-b", "main")
    users.write(ON_LINES)
    git(users.root, "add", "-A")
    git(users.root, "commit", "-q", "-m", "first")
    before = users.found("--preview")
    rules = {"TD003", "TD101", "TD103", "TD106", "TD107", "TD113", "TD203", "TD204"}
    assert rules <= {rule for _, _, rule in before}
    on_one = {path: re.sub(r",?\n *(?=\))|(?<=\()\n *", "", text) for path, text in ON_LINES.items()}
    on_one["a.py"] = re.sub(r",\n *", ", ", on_one["a.py"]).replace("'a'", '"a"')
    assert "generate_schemas(safe=True)" in on_one["a.py"] and "except (Exception):" in on_one["a.py"]
    users.write(on_one)
    after = users.found("--preview")
    assert sorted(rule for _, _, rule in after) == sorted(rule for _, _, rule in before)
    assert new(users, "--preview") == []
    users.write({"a.py": on_one["a.py"].replace('nam="a"', 'nam="b"')})
    assert [rule for _, _, rule in users.found("--preview", "--against", "main")] == ["TD113"]


def test_in_a_folder_of_the_repository(committed) -> None:
    committed.write({"deep/pyproject.toml": '[tool.tortoise-dev]\nignore = ["TD106"]\n', "deep/new.py": DEAD})
    done = committed.run_check(committed.root / "app", ["--against", "main", ".."], b"")
    assert (done.returncode, done.stderr) == (0, b"")
    done = committed.run_check(committed.root / "app", ["--against", "main", "../old.py"], b"")
    assert done.returncode == 0


def test_messages_name_a_path_as_it_was_given(committed, tmp_path_factory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    outside = os.path.relpath(elsewhere, committed.root / "app")
    done = committed.run_check(committed.root / "app", ["--against", "main", "..", outside], b"")
    assert f"--against main: {outside} is not in the repository".encode() in done.stderr
    done = committed.run_check(committed.root / "app", ["--against", "main", "../none.py"], b"")
    assert b" ../none.py: no such file or folder" in done.stderr


def test_the_repository_is_that_of_the_path(committed, tmp_path_factory) -> None:
    committed.write({"new.py": DEAD})
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "link").symlink_to(committed.root)
    (committed.root / "inner").symlink_to("app")
    for path in (str(committed.root), "link", "link/old.py", "link/inner"):
        done = committed.run_check(elsewhere, ["--against", "main", path], b"")
        found = [line.split(b"/")[-1] for line in done.stdout.splitlines() if b": TD" in line]
        wanted = [] if path.endswith(("old.py", "inner")) else [b"new.py:5:5: TD106"]
        assert [line[: len(b"new.py:5:5: TD106")] for line in found] == wanted, done


@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_findings_below_a_link_are_named_as_the_path_was_given(
    committed, tmp_path_factory, form: str
) -> None:
    committed.write({"app/new.py": DEAD, "app/broken.py": "import tortoise\ndef"})
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "link").symlink_to(committed.root)
    for path in ("link", "link/app", "./link/app/"):
        done = committed.run_check(elsewhere, ["--against", "main", "--format", form, path], b"")
        assert b"link/app/new.py" in done.stdout and b"link/app/broken.py" in done.stdout, done
        assert committed.root.name.encode() not in done.stdout
    named = ["--against", "main", "--format", form, "--stdin-filename", "link/app/other.py"]
    assert b"link/app/other.py" in committed.run_check(elsewhere, named, DEAD.encode()).stdout


def test_a_way_out_of_a_link_is_shown_as_the_place_that_it_leads_to(committed, tmp_path_factory) -> None:
    committed.write({"new.py": DEAD})
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "link").symlink_to(committed.root / "app")
    done = committed.run_check(elsewhere, ["--against", "main", "link/../new.py"], b"")
    assert f"{committed.root.name}/new.py:5:5: TD106".encode() in done.stdout


def test_files_of_a_submodule_are_compared_with_the_commit_that_is_recorded(
    committed, tmp_path_factory
) -> None:
    outer = tmp_path_factory.mktemp("outer")
    git(outer, "init", "-q", "-b", "main")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", str(committed.root), "inner")
    git(outer, "commit", "-q", "-m", "first")

    def found(*paths: str) -> list[str]:
        done = committed.run_check(outer, ["--against", "main", "--format", "json", *paths], b"")
        assert done.returncode in (0, 1), done.stderr
        return [f"{one['path']}:{one['line']}" for one in json.loads(done.stdout)["violations"]]

    assert found() == found("inner") == []
    (outer / "inner" / "new.py").write_text(DEAD)
    assert found() == found("inner") == ["inner/new.py:5"]
    git(outer / "inner", "add", "-A")
    git(outer / "inner", "commit", "-q", "-m", "second")
    assert found() == ["inner/new.py:5"], "until the outer repository records the new commit"
    git(outer, "commit", "-q", "-a", "-m", "second")
    assert found() == []


def test_a_commit_that_a_submodule_lacks(committed, tmp_path_factory) -> None:
    outer = tmp_path_factory.mktemp("outer")
    git(outer, "init", "-q", "-b", "main")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", str(committed.root), "inner")
    git(outer, "update-index", "--cacheinfo", f"160000,{'0123456789' * 4},inner")
    git(outer, "commit", "-q", "-m", "first")
    done = committed.run_check(outer, ["--against", "main"], b"")
    assert done.returncode == 2
    assert b"inner: fatal: not a tree object, its commit 0123456789: fetch that" in done.stderr


def test_a_commit_that_a_shallow_clone_lacks(committed, tmp_path_factory) -> None:
    committed.write({"new.py": DEAD})
    git(committed.root, "add", "-A")
    git(committed.root, "commit", "-q", "-m", "second")
    clone = tmp_path_factory.mktemp("clones") / "shallow"
    git(clone.parent, "clone", "-q", "--depth=1", committed.root.as_uri(), str(clone))
    done = committed.run_check(clone, ["--against", "HEAD~1"], b"")
    message = b"--against HEAD~1: this shallow clone has no such commit: git fetch --unshallow\n"
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.endswith(message)


def test_content_that_the_repository_lacks_is_named(committed) -> None:
    question = ["git", "rev-parse", "HEAD:old.py"]
    lost = subprocess.run(question, cwd=committed.root, capture_output=True, text=True, check=True).stdout
    (committed.root / ".git" / "objects" / lost[:2] / lost[2:].strip()).unlink()
    done = committed.run("--against", "HEAD")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.endswith(b"the repository lacks old.py of that commit: fetch it\n")


def test_todays_settings_count_for_the_commit(committed) -> None:
    git(committed.root, "rm", "-q", "--cached", "old.py")
    committed.write({"pyproject.toml": '[tool.tortoise-dev]\nselect = ["TD0", "TD106"]\n'})
    assert new(committed) == []


TABLE = """async def upgrade(db):
    return '''CREATE TABLE "user" ("id" INT PRIMARY KEY, "age" INT);{more}'''


async def downgrade(db):
    return "SELECT 1"


MODELS_STATE = ""
"""
CHECK = 'ALTER TABLE "user" ADD CONSTRAINT "ck_age" CHECK (age > 0);'


def test_a_commit_without_migrations_whose_models_have_tables_is_told(committed) -> None:
    """A CHECK that blocks the table is no finding then: the table counts as new."""
    second = TABLE.replace('CREATE TABLE "user" ("id" INT PRIMARY KEY, "age" INT);{more}', CHECK)
    committed.write(
        {
            "config.py": 'URL = "postgres://shop@db/shop"\n',
            "migrations/models/0_20260101_init.py": TABLE.replace("{more}", ""),
        }
    )
    done = committed.run("--against", "main")
    told = b"main has no file of migrations/models, so its tables (user) count as new"
    assert (done.returncode, done.stderr.count(b"\n")) == (0, 1)
    assert told in done.stderr
    committed.write({"migrations/models/1_20260102_check.py": second})
    done = committed.run("--against", "main")
    assert (done.returncode, told in done.stderr, b"TD206" in done.stdout) == (0, True, False)

    (committed.root / "migrations/models/1_20260102_check.py").unlink()
    git(committed.root, "add", "-A")
    git(committed.root, "commit", "-q", "-m", "the first file alone")
    committed.write({"migrations/models/1_20260102_check.py": second})
    done = committed.run("--against", "main")
    assert (done.returncode, done.stderr, done.stdout.count(b"TD206")) == (1, b"", 1)


def test_migrations_of_tables_that_no_commit_had_are_not_told(users) -> None:
    git(users.root, "init", "-q", "-b", "main")
    users.write({"migrations/models/0_20260101_init.py": TABLE.replace("{more}", "")})
    done = users.run("--against", "HEAD")  # before the first commit: the models are new, too
    assert b"count as new" not in done.stderr


def test_what_git_cannot_do(users, committed, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = str(tmp_path_factory.mktemp("outside"))  # of the repository
    for wrong in (["--against", "nowhere"], ["--against=--all"], ["--against", "main", outside]):
        done = committed.run(*wrong)
        assert done.returncode == 2, wrong
        assert done.stdout == b""
        assert len(done.stderr.splitlines()) == 1


def test_without_a_repository(project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write({"a.py": ""})
    done = project.run("--against", "main")
    assert done.returncode == 2
    assert done.stderr.endswith(b". Leave --against out\n"), done.stderr


def test_without_git(project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from tortoise_dev.commands.check import main

    monkeypatch.chdir(project.root)
    monkeypatch.setenv("PATH", "")
    assert main(["--against", "main"]) == 2
    assert "git cannot be run" in capsys.readouterr().err
