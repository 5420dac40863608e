"""The command as a user runs it: options, formats, exit codes, settings, suppression, baseline."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tortoise_dev.about import REPOSITORY, TOOL, __version__
from tortoise_dev.rules import RULES

ROOT = Path(__file__).resolve().parents[2]
BROKEN = (
    "from tortoise.models import Model\n\n\nclass A(Model):\n    x = 1\n\n"
    "    class Meta:\n        table = 'a'\n"
)


@pytest.fixture
def broken(project):
    """One model that breaks TD000, TD002 and TD003."""
    return project.write({"a.py": BROKEN})


def test_exit_codes(broken) -> None:
    assert broken.run().returncode == 1
    assert broken.run("--ignore", "TD").returncode == 0
    assert broken.run("--select", "TD001").returncode == 0
    for wrong in (
        ["--select", "TD9"],
        ["--select", ""],
        ["--format", "xml"],
        ["nowhere"],
        ["--explain", "TD999"],
    ):
        done = broken.run(*wrong)
        assert done.returncode == 2, wrong
        assert done.stdout == b""
        assert b"Traceback" not in done.stderr
        assert done.stderr.strip()


def test_that_nothing_was_checked_is_told(broken) -> None:
    (broken.root / "tests").mkdir()
    (broken.root / "tests" / "test_a.py").touch()
    (broken.root / "b.py").touch()
    (broken.root / "docs").mkdir()
    for path, told in (
        ("tests", b""),
        ("b.py", b""),
        ("docs", b"no Python files in docs: nothing was checked"),
    ):
        done = broken.run(path)
        assert done.returncode == 0
        assert told in done.stderr
        assert bool(told) is bool(done.stderr)


def test_a_file_beside_the_current_folder(broken, run_check) -> None:
    (broken.root / "docs").mkdir()
    done = run_check(broken.root / "docs", ["--select", "TD003", "../a.py"], b"")
    assert done.stdout.startswith(b"../a.py:7:5: TD003 ")
    done = run_check(broken.root / "docs", ["--select", "TD003", "--diff", "../a.py"], b"")
    assert done.stdout.startswith(b"--- a/a.py\n+++ b/a.py\n")
    assert b"note: names in the diff start at ..\n" in done.stderr


def test_the_text_report(broken) -> None:
    done = broken.run("--select", "TD0")
    assert done.stdout.decode().splitlines() == [
        "a.py:4:1: TD000 A lives outside of a models/ package: move it into one, to a file of its own",
        "a.py:4:1: TD002 A has no abstract BaseA among its bases",
        "a.py:7:5: TD003 Meta of A is not its first member [fixable]",
        "1 file, 1 model: 3 findings (1 fixable with --fix)",
    ]
    assert done.stderr == b""


def test_bugs_come_before_layout(users) -> None:
    users.write(
        {
            "app/models/a.py": BROKEN,
            "z.py": "from app.models import User\n\n\nasync def f():\n    User.all()\n",
        }
    )
    lines = users.run().stdout.decode().splitlines()
    assert [line.split()[1] for line in lines[:-1]] == ["TD106", "TD002", "TD006", "TD003"]
    assert [v["rule"] for v in users.report()["violations"]] == ["TD002", "TD006", "TD003", "TD106"], (
        "by path"
    )


def test_one_cause_in_many_places_is_shown_once(project) -> None:
    project.write(
        {
            "a.py": "from tortoise import fields\n" + "x = fields.IntField(pk=True)\n" * 3,
            "b.py": "from tortoise import fields\n"
            "x = [fields.IntField(pk=True), fields.IntField(index=True)]\n",
        }
    )
    assert project.run("--select", "TD111").stdout.decode().splitlines() == [
        "a.py:2:21: TD111 pk= is deprecated: use primary_key= [fixable]",
        "    also a.py:3, 4",
        "    also b.py:2",
        "b.py:2:48: TD111 index= is deprecated: use db_index= [fixable]",
        "2 files, 0 models: 5 findings (5 fixable with --fix)",
    ]
    assert len(project.report("--select", "TD111")["violations"]) == 5


def test_on_a_terminal_the_source_is_shown(project) -> None:
    pty = pytest.importorskip("pty")
    project.write({"a.py": "from tortoise import fields\nif 1:\n\tx = fields.IntField(pk=True)\n"})
    command = [sys.executable, "-S", "-E", str(ROOT / "scripts" / "check.py"), "--select", "TD111"]

    def shown(**more: str) -> str:
        leader, follower = pty.openpty()
        env = (
            {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")} | {"TERM": "xterm"} | more
        )
        subprocess.run(
            command, cwd=project.root, stdout=follower, stderr=subprocess.DEVNULL, env=env, check=False
        )
        os.close(follower)
        text = os.read(leader, 10_000).decode()
        os.close(leader)
        return text.replace("\r\n", "\n")

    plain = [
        "a.py:3:22: TD111 pk= is deprecated: use primary_key= [fixable]",
        "    x = fields.IntField(pk=True)",
        "                        ^^^^^^^",
        "1 file, 0 models: 1 finding (1 fixable with --fix)",
    ]
    assert shown(NO_COLOR="1").splitlines() == plain
    assert shown(TERM="dumb").splitlines() == plain
    assert shown(NO_COLOR="").count("\x1b[31m") == 2
    assert "\x1b[1ma.py:3:22:\x1b[0m \x1b[31mTD111\x1b[0m" in shown()


def test_the_json_report(broken) -> None:
    assert broken.report("--select", "TD003") == {
        "version": 1,
        "tool": TOOL,
        "files": 1,
        "models": 1,
        "violations": [
            {
                "path": "a.py",
                "line": 7,
                "column": 5,
                "rule": "TD003",
                "name": "meta-first",
                "message": "Meta of A is not its first member",
                "fixable": True,
                "fix": "safe",
            }
        ],
        "errors": [],
    }


def test_the_github_report(broken) -> None:
    lines = broken.run("--format", "github", "--select", "TD003").stdout.decode().splitlines()
    assert lines == [
        "::error file=a.py,line=7,col=5,title=TD003::a.py:7: Meta of A is not its first member (meta-first)"
    ]


def test_the_sarif_report_fits_its_schema(broken) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    broken.write({"b.py": "from tortoise import Model\nclass (\n"})
    done = broken.run("--format", "sarif")
    assert done.returncode == 2
    log = json.loads(done.stdout)
    schema = json.loads((ROOT / "tests" / "rules" / "sarif-2.1.0-subset.json").read_text(encoding="utf-8"))
    jsonschema.validate(log, schema)
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    (rule,) = (rule for rule in run["tool"]["driver"]["rules"] if rule["id"] == "TD003")
    assert rule["help"]["markdown"].startswith("# TD003 meta-first\n")
    assert run["tool"]["driver"]["version"] == __version__
    assert {"TD000", "TD002", "TD003", "TD-input"} == {result["ruleId"] for result in run["results"]}


def test_statistics(broken) -> None:
    broken.write({"b.py": BROKEN.replace("class A", "class B")})
    assert broken.run("--statistics").stdout.decode().splitlines() == [
        "     2 TD000 models-package",
        "     2 TD002 base-interface",
        "     2 TD003 meta-first (2 fixable)",
        "2 files, 2 models: 6 findings (2 fixable with --fix)",
    ]


def test_statistics_and_the_list_of_rules_as_json(broken) -> None:
    table = json.loads(broken.run("--statistics", "--format", "json").stdout)
    assert table["statistics"][2] == {"rule": "TD003", "name": "meta-first", "count": 1, "fixable": 1}
    assert (table["version"], table["files"], table["models"], table["errors"]) == (1, 1, 1, [])
    rules = json.loads(broken.run("--rules", "--format", "json").stdout)["rules"]
    assert [rule["code"] for rule in rules] == list(RULES)
    (rule,) = (rule for rule in rules if rule["code"] == "TD003")
    assert (rule["name"], rule["preview"], rule["fix"]) == ("meta-first", False, "safe")
    assert rule["summary"]


@pytest.mark.parametrize(
    ("words", "left_out"),
    [
        ("--diff --format json", "--format"),
        ("--diff --against HEAD", "--against"),
        ("--diff --baseline known.json", "--baseline"),
        ("--diff --statistics", "--statistics"),
        ("--rules --select TD1", "--select"),
        ("--rules --format sarif", "--format sarif"),
        ("--rules a.py", "PATH"),
        ("--explain TD106 --format json", "--format"),
        ("--explain TD106 --rules", "--rules"),
        ("--statistics --format github", "--format, or use --format json"),
        ("--against HEAD --baseline known.json", "one"),
        ("- --fix --format json", "--format"),
        ("- --unsafe-fixes --statistics", "--statistics"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(words: str, left_out: str, broken) -> None:
    done = broken.run(*words.split(), stdin=b"")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().endswith(f": leave out {left_out}\n")
    assert not (broken.root / "known.json").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--select TD9", "--select: TD9 names no rule; --rules lists all"),
        (
            "--ignore missing-await",
            "--ignore: missing-await names no rule: did you mean TD106?",
        ),
        ("--explain missing-awit", "--explain missing-awit: no such rule: did you mean missing-await?"),
        ("--explain TD0106", "--explain TD0106: no such rule: did you mean TD106?"),
        ("--explain TD106,TD999", "--explain TD999: no such rule; --rules lists all"),
    ],
)
def test_a_wrong_code_is_told_with_the_next_step(words: str, told: str, broken) -> None:
    done = broken.run(*words.split())
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == f"check.py: {told}\n"


def test_explain(project) -> None:
    page = project.run("--explain", "td003").stdout.decode()
    assert page.startswith("# TD003 meta-first\n")
    assert "## Use instead" in page
    assert project.run("--explain", "meta-first").stdout.decode() == page
    both = project.run("--explain", "meta-first,TD106").stdout.decode()
    assert both == page + "\n" + project.run("--explain", "TD106").stdout.decode()


SUPPRESSED = {
    "its code": ("# noqa: TD003", 0),
    "several": ("# noqa: E501, TD003", 0),
    "all": ("# noqa", 0),
    "with a reason": ("# noqa: TD003 - the table is generated", 0),
    "lower case": ("# NOQA:td003", 0),
    "another": ("# noqa: E501", 1),
    "in a word": ("# nonoqa: TD003", 1),
}


@pytest.mark.parametrize("name", SUPPRESSED)
def test_noqa(name: str, project) -> None:
    comment, count = SUPPRESSED[name]
    project.write({"a.py": BROKEN.replace("class Meta:", f"class Meta:  {comment}")})
    found = [rule for _, _, rule in project.found("--select", "TD003,TD100")]
    assert found == ["TD003"] * count


def test_noqa_at_the_end_of_a_long_statement(users) -> None:
    users.write(
        {
            "app/service.py": """\
            from app.models import User

            async def f():
                User.create(
                    name="a",
                )  # noqa: TD106
            """
        }
    )
    assert users.found() == []


UNUSED = {
    "not there": ("x = 1  # noqa: TD003", True),
    "no such rule": ("x = 1  # noqa: TD999", True),
    "another tool's": ("x = 1  # noqa: E501", False),
    "all": ("x = 1  # noqa", False),
    "in a string": ("x = '# noqa: TD003'", False),
    "itself": ("x = 1  # noqa: TD003, TD100", False),
}


@pytest.mark.parametrize("name", UNUSED)
def test_unused_noqa(name: str, project) -> None:
    line, reported = UNUSED[name]
    project.write({"a.py": line + "\n"})
    assert project.found() == ([("a.py", 1, "TD100")] if reported else [])
    assert project.found("--ignore", "TD100") == []
    assert project.found("--select", "TD100") == ([("a.py", 1, "TD100")] if "999" in line else [])


def test_settings(broken) -> None:
    def settings(text: str) -> list[str]:
        broken.write({"pyproject.toml": f"[tool.tortoise-dev]\n{text}\n"})
        return [rule for _, _, rule in broken.found()]

    assert settings('select = ["TD003"]') == ["TD003"]
    assert settings('ignore = ["TD000", "TD002"]') == ["TD003"]
    assert settings('exclude = ["*.py"]') == []
    assert settings('exclude = ["b/**"]') == ["TD000", "TD002", "TD003"]
    assert settings('[tool.tortoise-dev.per-file-ignores]\n"a.py" = ["TD0"]') == []
    assert settings('[tool.tortoise-dev.per-file-ignores]\n"b/*.py" = ["TD0"]') == ["TD000", "TD002", "TD003"]
    broken.write({"pyproject.toml": '[tool.tortoise-dev]\nselect = ["TD003"]\n'})
    assert [rule for _, _, rule in broken.found("--select", "TD002")] == ["TD002"]


PATTERNS = {
    "examples/*.py": ["examples/a.py"],
    "examples": ["examples/a.py", "examples/b/c.py"],
    "examples/": ["examples/a.py", "examples/b/c.py"],
    "examples/**/c.py": ["examples/b/c.py"],
    "**/b/*": ["examples/b/c.py"],
    "c.py": ["c.py", "examples/b/c.py"],
    "?.py": ["c.py", "examples/a.py", "examples/b/c.py"],
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns(pattern: str, project) -> None:
    names = ["c.py", "examples/a.py", "examples/b/c.py"]
    project.write(dict.fromkeys(names, BROKEN))
    project.write({"pyproject.toml": f'[tool.tortoise-dev]\nexclude = ["{pattern}"]\n'})
    found = {path for path, _, _ in project.found("--select", "TD003")}
    assert found == set(names) - set(PATTERNS[pattern])


def test_a_folder_that_is_excluded_stays_out_with_the_projects_in_it(project) -> None:
    project.write({"fixtures/shop/a.py": BROKEN, "fixtures/shop/pyproject.toml": ""})
    assert project.found("--select", "TD003") == [("fixtures/shop/a.py", 7, "TD003")]
    project.write({"pyproject.toml": '[tool.tortoise-dev]\nexclude = ["fixtures"]\n'})
    assert project.found("--select", "TD003") == []


@pytest.mark.parametrize(
    "text",
    [
        "[tool.tortoise-dev]\nselekt = []",
        "[tool.tortoise-dev]\nselect = 3",
        '[tool.tortoise-dev]\nselect = ["X1"]',
        '[tool.tortoise-dev]\nbase-interface = "some"',
        '[tool.tortoise-dev]\npreview = "yes"',
        "[tool.tortoise-dev]\nper-file-ignores = []",
        '[tool.tortoise-dev]\nper-file-ignores = {"a.py" = ["X1"]}',
        "[tool.tortoise-dev\n",
    ],
)
def test_settings_that_cannot_be_used(text: str, broken) -> None:
    broken.write({"pyproject.toml": text})
    done = broken.run()
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr


def test_changed_files_as_arguments(users) -> None:
    users.write({"app/models/post.py": "from .user import BaseUser\n\nclass Post(BaseUser):\n    x = 1\n"})
    report = users.report("app/models/post.py", "app/models/user.py")
    assert report["files"] == 2
    assert {(v["path"], v["rule"]) for v in report["violations"]} == {
        ("app/models/post.py", rule) for rule in ("TD002", "TD003", "TD006")
    }
    assert users.report("--ignore", "TD006", "app/models/user.py")["violations"] == []


def test_a_folder_below_the_project_knows_the_rest_of_it(users) -> None:
    users.write({"app/models/post.py": "from .user import BaseUser\n\nclass Post(BaseUser):\n    x = 1\n"})
    assert ("app/models/post.py", 3, "TD002") in users.found("app/models")


def test_a_home_folder_is_not_read_as_if_it_were_a_project(broken) -> None:
    (broken.root / "pyproject.toml").unlink()
    broken.write(
        {
            "deep/base.py": "from tortoise.models import Model as Root\n",
            "c.py": BROKEN.replace("tortoise.models import Model", "deep.base import Root as Model"),
        }
    )
    command = [sys.executable, str(ROOT / "scripts" / "check.py"), "--format", "json", "c.py"]
    for home, models in (("/nowhere", 1), (str(broken.root), 0)):
        done = subprocess.run(
            command, cwd=broken.root, env=os.environ | {"HOME": home}, capture_output=True, check=False
        )
        assert json.loads(done.stdout)["models"] == models


def test_standard_input(users) -> None:
    source = b"from app.models import User\n\nasync def f():\n    User.create(name='a')\n"
    done = users.run("--format", "json", "--stdin-filename", "app/new.py", stdin=source)
    report = json.loads(done.stdout)
    assert [(v["path"], v["line"], v["rule"]) for v in report["violations"]] == [("app/new.py", 4, "TD106")]
    assert report["files"] == 1
    assert users.run("--stdin-filename", "a.py", "b.py", stdin=b"").returncode == 2
    done = users.run("-", stdin=source)
    assert done.stdout.decode().startswith("stdin.py:4:5: TD106 ")
    assert users.run("-", "--stdin-filename", "app/new.py", stdin=source).stdout.startswith(
        b"app/new.py:4:5: "
    )
    assert users.run("-", "a.py", stdin=b"").returncode == 2
    done = users.run("--stdin-filename", "app", stdin=source)
    assert done.returncode == 2
    assert done.stderr == b"check.py: --stdin-filename app: is a folder: name a file\n"
    fixed = users.run("-", "--unsafe-fixes", stdin=source).stdout
    assert fixed == source.replace(b"    User", b"    await User")


def test_baseline(broken) -> None:
    file = broken.root / "known.json"
    first = broken.run("--baseline", "known.json")
    assert first.returncode == 0
    assert b"recorded 3 findings in known.json" in first.stderr
    assert json.loads(file.read_text(encoding="utf-8"))["version"] == 3
    assert broken.run("--baseline", "known.json").returncode == 0
    broken.write({"a.py": "# moved down\n" + BROKEN, "b.py": BROKEN.replace("class A", "class B")})
    done = broken.run("--baseline", "known.json", "--format", "json")
    assert done.returncode == 1
    assert {v["path"] for v in json.loads(done.stdout)["violations"]} == {"b.py"}
    (broken.root / "b.py").unlink()
    (broken.root / "a.py").write_text("", encoding="utf-8")
    done = broken.run("--baseline", "known.json")
    assert done.returncode == 0
    assert b"3 recorded findings not found any more" in done.stderr


def test_a_copy_that_is_older_than_the_baseline_says_so(broken) -> None:
    broken.run("--baseline", "known.json")
    recorded = broken.text("known.json")
    assert f'"tool": "{TOOL}"' in recorded
    assert broken.run("--baseline", "known.json").stderr == b""
    broken.write({"known.json": recorded.replace(TOOL, "tortoise-dev 99.1.0")})
    done = broken.run("--baseline", "known.json")
    line = f"check.py: this copy is {TOOL}, and known.json was recorded by 99.1.0: update the copy"
    assert (done.returncode, done.stderr.decode().strip()) == (0, f"{line}, see {REPOSITORY}")


def test_a_copy_that_is_older_than_the_installed_package_says_so(broken) -> None:
    packages = broken.root / ".venv" / "lib" / "python3.12" / "site-packages"
    (packages / "tortoise_dev-0.0.1.dist-info").mkdir(parents=True)
    assert broken.run("a.py").stderr == b""
    (packages / "tortoise_dev-99.1.0.dist-info").mkdir()
    done = broken.run("a.py")
    line = f"check.py: this copy is {TOOL}, and the project's environment has 99.1.0: update the copy"
    assert (done.returncode, done.stderr.decode().strip()) == (1, f"{line}, see {REPOSITORY}")


def test_a_second_finding_of_a_kind_is_new(users) -> None:
    users.write({"a.py": "from app.models import User\n\nasync def f():\n    User.create(name='a')\n"})
    users.run("--baseline", "known.json")
    users.write({"a.py": users.text("a.py") + "    User.create(name='a')\n"})
    done = users.run("--baseline", "known.json", "--format", "json")
    assert [v["line"] for v in json.loads(done.stdout)["violations"]] == [5]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is not JSON"),
        ("[]", "--baseline wrote no such file"),
        ("{}", "--baseline wrote no such file"),
        ('{"version": 4, "findings": []}', f"{TOOL} reads no version 4"),
        ('{"version": 1, "findings": [1]}', "--baseline wrote no such file"),
    ],
)
def test_a_file_that_is_no_baseline(text: str, reason: str, broken) -> None:
    broken.write({"known.json": text})
    done = broken.run("--baseline", "known.json")
    assert done.returncode == 2
    line = f"check.py: known.json is no baseline: {reason}: delete it to record one, or name another file"
    assert done.stderr.decode().strip() == line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no such device")
def test_a_baseline_that_is_a_device(broken) -> None:
    done = broken.run("--baseline", "/dev/full")
    assert done.returncode == 2
    assert done.stderr == b"check.py: /dev/full: cannot be read: is not a regular file\n"


def test_a_baseline_knows_which_files_were_checked(broken) -> None:
    broken.write({"b/c.py": BROKEN.replace("class A", "class B")})
    broken.run("--baseline", "b/known.json")
    paths = {one["path"] for one in json.loads(broken.text("b/known.json"))["findings"]}
    assert paths == {"../a.py", "c.py"}, "relative to the folder of the file"
    done = broken.run("--baseline", "b/known.json", "a.py")
    assert (done.returncode, done.stderr) == (0, b"")
    (broken.root / "b" / "c.py").unlink()
    done = broken.run("--baseline", "b/known.json", "a.py")
    assert b"3 recorded findings not found any more" in done.stderr, "a file that is gone has none"


def test_a_baseline_survives_other_lines_and_other_messages(users) -> None:
    source = "from app.models import User\n\nasync def f():\n    User.create(name='a')\n"
    users.write({"a.py": source})
    users.run("--baseline", "known.json")
    users.write({"a.py": source.replace("    User", "\n    if 1:\n        User")})
    assert users.run("--baseline", "known.json").returncode == 0
    users.write({"a.py": source.replace("'a'", "'b'")})
    assert users.run("--baseline", "known.json").returncode == 1, "other code"


@pytest.mark.parametrize(("version", "third"), [(1, "message"), (2, "source")])
def test_a_baseline_of_an_older_version_is_still_read(version: int, third: str, users) -> None:
    users.write({"a.py": "from app.models import User\n\nasync def f():\n    User.create(name='a')\n"})
    (message,) = (v["message"] for v in users.report("a.py")["violations"])
    texts = {"message": message, "source": "User.create(name='a')"}
    known = {"path": "a.py", "rule": "TD106", third: texts[third], "count": 1}
    users.write({"known.json": json.dumps({"version": version, "findings": [known]})})
    assert users.run("--baseline", "known.json").returncode == 0
    known[third] = "another"
    users.write({"known.json": json.dumps({"version": version, "findings": [known]})})
    assert users.run("--baseline", "known.json").returncode == 1


def test_each_file_has_the_settings_of_its_own_project(broken) -> None:
    broken.write(
        {
            "pyproject.toml": '[tool.tortoise-dev]\nignore = ["TD000"]\n',
            "inner/pyproject.toml": '[tool.tortoise-dev]\nignore = ["TD002", "TD003"]\n',
            "inner/b.py": BROKEN.replace("class A", "class B"),
            "bare/setup.cfg": "",
            "bare/c.py": BROKEN.replace("class A", "class C"),
        }
    )
    everything = [
        ("a.py", "TD002"),
        ("a.py", "TD003"),
        ("bare/c.py", "TD000"),
        ("bare/c.py", "TD002"),
        ("bare/c.py", "TD003"),
        ("inner/b.py", "TD000"),
    ]
    for paths in ([], ["inner/b.py", "a.py", "bare"], ["bare", "a.py", "inner"]):
        assert sorted((path, rule) for path, _, rule in broken.found(*paths)) == everything


def test_settings_of_another_project_that_cannot_be_used(broken) -> None:
    broken.write({"inner/pyproject.toml": '[tool.tortoise-dev]\nselect = ["X1"]\n', "inner/b.py": BROKEN})
    done = broken.run()
    assert (done.returncode, done.stdout) == (2, b"")
    told = "inner/pyproject.toml: select: X1 names no rule; --rules lists all\n"
    assert done.stderr.decode().endswith(told)


def test_an_application_may_be_called_build(project) -> None:
    for name in ("build", "dist", "env", "venv"):
        project.write({f"{name}/__init__.py": "", f"{name}/a.py": BROKEN, f"{name}/deep/b.py": BROKEN})
    project.write({"old/build/lib/a.py": BROKEN, "old/venv/pyvenv.cfg": "", "old/venv/a.py": BROKEN})
    project.write({"old/.venv/a.py": BROKEN})
    found = {path for path, _, _ in project.found("--select", "TD003")}
    assert found == {f"{n}/{p}" for n in ("build", "dist", "env", "venv") for p in ("a.py", "deep/b.py")}


def test_a_link_that_leads_nowhere_is_passed_over(broken) -> None:
    (broken.root / ".#a.py").symlink_to("somebody@host.123")
    assert broken.report()["files"] == 1


def test_copies_of_the_skill_are_not_judged(broken) -> None:
    names = ("a/skills/copy", ".codex/skills/copy", ".github/skills/copy", "vendored")
    ignored = '[tool.tortoise-dev]\nignore = ["TD"]\n'
    for copy in names:
        broken.write({f"{copy}/SKILL.md": "", f"{copy}/pyproject.toml": ignored})
        broken.write({f"{copy}/scripts/tortoise_dev/x.py": BROKEN, f"{copy}/x.py": BROKEN})
    assert {path for path, _, _ in broken.found()} == {"a.py"}
    named = [f"{copy}/x.py" for copy in names]
    report = broken.report(*named, "a.py")
    assert (report["files"], {v["rule"] for v in report["violations"]}) == (1, {"TD000", "TD002", "TD003"})


def test_nothing_to_check_is_clean(project) -> None:
    done = project.run()
    assert done.returncode == 0
    assert done.stdout.decode() == "0 files, 0 models: no findings\n"


def test_the_reader_may_leave_early(broken) -> None:
    broken.write({f"m{n}.py": BROKEN for n in range(300)})
    command = f"{sys.executable} -S -E {ROOT / 'scripts' / 'check.py'} | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=broken.root, capture_output=True, check=False)
    assert done.stderr == b""


def test_a_bar_on_a_terminal_only(broken) -> None:
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    command = [sys.executable, "-S", "-E", str(ROOT / "scripts" / "check.py"), "--format", "json"]
    done = subprocess.run(command, cwd=broken.root, stdout=subprocess.PIPE, stderr=follower, check=False)
    os.close(follower)
    drawn = os.read(leader, 10_000).decode()
    os.close(leader)
    assert "1/1 a.py" in drawn
    assert drawn.endswith("\x1b[2K"), "the bar is taken away"
    assert json.loads(done.stdout)["files"] == 1


def test_it_runs_from_anywhere_and_shows_paths_from_there(broken, tmp_path_factory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    command = [
        sys.executable,
        "-S",
        "-E",
        str(ROOT / "scripts" / "check.py"),
        "--format",
        "json",
        str(broken.root),
    ]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, check=False)
    assert {v["path"] for v in json.loads(done.stdout)["violations"]} == {f"../{broken.root.name}/a.py"}


@pytest.mark.slow
def test_the_project_itself_is_clean() -> None:
    for folder in (ROOT, ROOT / "examples" / "billing"):
        command = [sys.executable, "-S", "-E", str(ROOT / "scripts" / "check.py")]
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stdout
        assert "no findings" in done.stdout


@pytest.mark.slow
def test_the_skill_is_not_judged_where_it_is_installed(users) -> None:
    for place in (".claude/skills/tortoise-dev", ".agents/skills/tortoise-dev", "tools/tortoise-dev"):
        copy = users.root / place
        for folder in ("scripts", "examples"):
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    script = users.root / "tools/tortoise-dev/scripts/check.py"
    done = subprocess.run([sys.executable, str(script)], cwd=users.root, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"2 files, 2 models: no findings\n")
    named = [sys.executable, str(script), "tools/tortoise-dev/examples"]
    assert subprocess.run(named, cwd=users.root, capture_output=True, check=False).returncode == 1


def test_text_is_ordered_by_path_and_line(users) -> None:
    read = "from app.models import User\n\nasync def f(n):\n"
    users.write(
        {
            "app/a.py": f"{read}    User.all()\n    User.all().delete()\n    User.all()\n",
            "app/b.py": f"{read}    User.all()\n",
        }
    )
    text = users.run("--select", "TD106").stdout.decode()
    places = [line.split(": ")[0] for line in text.splitlines()[:-1]]
    assert places == ["app/a.py:4:5", "app/a.py:5:5", "app/a.py:6:5", "app/b.py:4:5"]


def test_what_many_say_is_told_at_the_first_place(users) -> None:
    read = "from app.models import User\n\nasync def f(n):\n"
    users.write(
        {
            "app/a.py": f"{read}    User.all().delete()\n    User.all()\n    User.first()\n",
            "app/b.py": read + "    User.all()\n" * 4,
        }
    )
    text = users.run("--select", "TD1").stdout.decode()
    assert users.run("--select", "TD1").stdout.decode() == text
    places = [line.split(": ")[0].strip() for line in text.splitlines()[:-1]]
    assert places[:2] == ["app/a.py:4:5", "app/a.py:5:5"]
    assert "app/b.py" in places[2]
    assert places[3] == "app/a.py:6:5"
