"""`scaffold.py` as it is called: what it prints, its exit status, and when it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tortoise_dev.about import TOOL
from tortoise_dev.commands.scaffold import main

ROOT = Path(__file__).resolve().parents[2]
SCAFFOLD = [sys.executable, "-S", "-E", str(ROOT / "scripts" / "scaffold.py")]  # without any package


@pytest.fixture
def shop(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A small project with one model; the current folder."""
    project.new(minimal=True)
    project.add("users", "Customer", "name:char:100")
    monkeypatch.chdir(project.folder)
    return project


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit status, and what is printed."""
    status = main([*arguments])
    return status, capsys.readouterr().out


def test_it_needs_no_package_and_no_network(tmp_path: Path) -> None:
    for arguments in (
        ["project", "shop"],
        ["app", "billing", "--project", "shop"],
        ["model", "billing", "Invoice", "number:char:9", "--service", "crud", "--project", "shop"],
    ):
        done = subprocess.run(
            [*SCAFFOLD, *arguments], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), done
    assert (tmp_path / "shop" / "apps" / "billing" / "models" / "invoice.py").exists()
    assert done.stdout.splitlines()[-5:-2] == [
        "next:",
        "  uv run aerich init-migrations",
        "  uv run python migrate.py",
    ]


WAYS = {
    "scaffold.py": SCAFFOLD,
    "tortoise-dev scaffold": [str(Path(sys.executable).parent / "tortoise-dev"), "scaffold"],
    "python -m tortoise_dev scaffold": [sys.executable, "-m", "tortoise_dev", "scaffold"],
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_calling_it_helps(way: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*WAYS[way], "--help"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: {way} [")
    examples = done.stdout.partition("examples:\n")[2].partition("\n\n")[0].splitlines()
    assert len(examples) > 4 and all(line.startswith(f"  {way} ") for line in examples)


def test_a_model_is_told_as_json(shop: Any, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["model", "users", "Note", "text:text", "customer:fk:Customer", "--format", "json"]
    status, dry = run(capsys, *arguments, "--dry-run")
    before = shop.tree()
    assert (status, json.loads(dry)["refused"]) == (1, [])
    status, printed = run(capsys, *arguments)
    assert status == 0 and json.loads(printed) == json.loads(dry)
    report = json.loads(printed)
    assert set(report) == {"version", "tool", "files", "refused", "next"} and report["version"] == 1
    assert {file["path"]: file["action"] for file in report["files"]} == {
        "apps/users/models/note.py": "create",
        "apps/users/models/__init__.py": "edit",
        "apps/users/schemas/note.py": "create",
        "apps/users/schemas/__init__.py": "edit",
        "tests/test_users_note.py": "create",
    }
    assert {name for name, data in shop.tree().items() if before.get(name) != data} == {
        file["path"] for file in report["files"]
    }
    status, printed = run(capsys, *arguments)
    nothing = {"version": 1, "tool": TOOL, "files": [], "refused": [], "next": []}
    assert (status, json.loads(printed)) == (0, nothing)
    assert run(capsys, *arguments[:-2]) == (0, "nothing to do: all of it is there\n")


def test_a_dry_run_is_a_patch(shop: Any, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["model", "billing", "Invoice", "number:char:9", "customer:fk:users.Customer"]
    before = shop.tree()
    status, patch = run(capsys, *arguments, "--dry-run")
    assert status == 1 and shop.tree() == before
    done = subprocess.run(["git", "apply", "-"], input=patch, encoding="utf-8", cwd=shop.folder, check=False)
    assert done.returncode == 0
    patched = shop.tree()
    assert run(capsys, *arguments) == (0, "nothing to do: all of it is there\n")
    assert shop.tree() == patched


def test_a_model_with_other_fields_is_refused(shop: Any, capsys: pytest.CaptureFixture[str]) -> None:
    before = shop.tree()
    status, printed = run(capsys, "model", "users", "Customer", "name:char:99", "age:int", "--format", "json")
    (refused,) = json.loads(printed)["refused"]
    assert (status, refused["code"], refused["path"]) == (1, "other-fields", "apps/users/models/customer.py")
    assert refused["message"] == (
        "the model is there, with other fields: age is not there; name is CharField(max_length=100), not "
        "CharField(max_length=99). Change its file by hand"
    )
    text = shop.text(refused["path"]).splitlines()[refused["line"] - 1]
    assert text.startswith("class Customer(")
    assert shop.tree() == before


NOTE = ["model", "users", "Note", "number:char:9", "text:text", "customer:fk:Customer"]
META = ["--ordering=-created_at,customer,number", "--unique-together=customer,number"]


def test_an_order_and_columns_that_are_unique_together(shop: Any, capsys: pytest.CaptureFixture[str]) -> None:
    more = "--unique-together=number,customer_id"
    assert run(capsys, *NOTE, *META, more, "--service", "crud")[0] == 0
    model = shop.text("apps/users/models/note.py")
    assert '        ordering = ("-created_at", "customer_id", "number")\n' in model
    assert '            ("customer_id", "number"),\n            ("number", "customer_id"),\n' in model
    assert "Index" not in model, "the first rule has an index that begins with customer_id"
    assert "Another row has the same values of unique_together" in shop.text("apps/users/services/notes.py")
    before = shop.tree()
    assert run(capsys, *NOTE, *META) == (0, "nothing to do: all of it is there\n")
    for other, difference in (
        ("--ordering=number", 'Meta has no ordering = ("number",). Change its file by hand'),
        ("--unique-together=number,id", 'unique_together has no ("number", "id"). Change its file by hand'),
    ):
        status, printed = run(capsys, *NOTE, other)
        assert status == 1 and printed.endswith(f"the model is there, with other fields: {difference}\n")
    assert shop.tree() == before
    assert "2 passed" in shop.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "are_taken_once")


@pytest.mark.parametrize(
    ("option", "refusal"),
    [
        ("--ordering=-nmber", "unknown-column: --ordering: there is no column nmber; here are number, text,"),
        ("--ordering=customer__name", "unknown-column: --ordering: there is no column customer__name;"),
        ("--unique-together=-number,text", "unknown-column: --unique-together: there is no column -number;"),
        ("--unique-together=number,text", "no-index: --unique-together: not every database can index the"),
    ],
)
def test_a_column_that_cannot_be_taken_is_refused(
    shop: Any, capsys: pytest.CaptureFixture[str], option: str, refusal: str
) -> None:
    before = shop.tree()
    status, printed = run(capsys, *NOTE, option)
    assert status == 1 and printed.startswith(f"apps/users/models/note.py:1: {refusal}")
    assert shop.tree() == before


def test_no_test_for_rows_that_may_be_equal(shop: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """NULL is equal to nothing; a unique column and a moment differ in each row."""
    fields = ["number:char:9", "code:char:9:unique", "due:date:null", "at:datetime:auto_now_add"]
    rules = [f"--unique-together=number,{name}" for name in ("code", "due", "at")]
    assert run(capsys, "model", "users", "Bill", *fields, *rules)[0] == 0
    assert "are_taken_once" not in shop.text("tests/test_users_bill.py")


def test_what_was_written_since_stays(shop: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Methods, other tests and other schemas are the user's own. A second run leaves them alone."""
    for name in (
        "apps/users/models/customer.py",
        "apps/users/schemas/customer.py",
        "tests/test_users_customer.py",
    ):
        path = shop.folder / name
        path.write_text(path.read_text(encoding="utf-8") + "\n# mine\n", encoding="utf-8")
    before = shop.tree()
    assert run(capsys, "model", "users", "Customer", "name:char:100")[0] == 0
    assert shop.tree() == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["Invoice", "customer:fk:users.Nobody"], "unknown-target"),
        (["Customer", "name:char:9"], "name-taken"),
        (["Invoice", "created_at:datetime"], "field-taken"),
        (["Invoice", "customer:fk:users.Customer:related_name=name"], "related-name-taken"),
        (
            ["Tag", "a:fk:users.Customer:related_name=t", "b:o2o:users.Customer:related_name=t"],
            "related-name-taken",
        ),
        (["Tag", "name:text", "parent:fk:Tag:null:related_name=name"], "related-name-taken"),
        (["Invoice", "parent:fk:Invoice"], "needs-itself"),
    ],
)
def test_what_is_in_the_way_is_told(
    shop: Any, capsys: pytest.CaptureFixture[str], arguments: list[str], code: str
) -> None:
    before = shop.tree()
    status, printed = run(capsys, "model", "billing", *arguments)
    assert (status, printed.split(": ")[1]) == (1, code)
    assert shop.tree() == before


@pytest.mark.parametrize(
    ("file", "text", "code"),
    [
        ("config/tortoise.py", "TORTOISE_ORM = make()\n", "no-configuration"),
        (
            "config/tortoise.py",
            'X = {"connections": {}, "apps": {"models": {"models": find()}}}\n',
            "computed-configuration",
        ),
        (
            "config/tortoise.py",
            'X = {"connections": {}, "apps": {NAME: {"models": []}}}\n',
            "computed-configuration",
        ),
        ("config/tortoise.py", 'X = {"connections": {}, "apps": {}}\n', "no-label"),
        (
            "other.py",
            'X = {"connections": {}, "apps": {"models": {"models": []}}}\n',
            "several-configurations",
        ),
        ("apps/users/models/__init__.py", "def broken(:\n", "unreadable"),
        ("apps/users/models.py", "", "models-file"),
        ("apps/users/models/note.py", "", "other-file"),
    ],
)
def test_a_project_that_cannot_be_read_is_refused(
    shop: Any, capsys: pytest.CaptureFixture[str], file: str, text: str, code: str
) -> None:
    shop.write({file: text, "pyproject.toml": "[project]\nname = 'x'\n"})
    before = shop.tree()
    status, printed = run(capsys, "model", "users", "Note", "text:text")
    assert (status, printed.split(": ")[1]) == (1, code), printed
    assert shop.tree() == before


@pytest.mark.parametrize(
    ("framework", "file", "code"),
    [
        ("fastapi", "apps/common/schemas/__init__.py", "no-common-schemas"),
        ("starlette", "apps/common/schemas/__init__.py", "no-common-schemas"),
        ("starlette", "apps/common/http.py", "no-common-http"),
        ("fastapi", "all", "unknown-framework"),
    ],
)
def test_routes_without_what_they_need_are_refused(
    project: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    framework: str,
    file: str,
    code: str,
) -> None:
    project.new(framework=framework, minimal=True)
    for path in project.folder.rglob("*.py"):
        if path.relative_to(project.folder).as_posix() == file or (
            file == "all" and b"fastapi" in path.read_bytes()
        ):
            path.unlink()
    monkeypatch.chdir(project.folder)
    arguments = ["model", "users", "Note", "text:text"]
    assert run(capsys, *arguments, "--service", "crud")[1].split(": ")[1] == code
    assert run(capsys, *arguments)[0] == 0  # the model itself needs none of it


@pytest.mark.parametrize("fields", [[], ["at:datetime:auto_now"], ["customers:m2m:users.Customer"]])
def test_a_service_without_values_is_refused(
    shop: Any, capsys: pytest.CaptureFixture[str], fields: list[str]
) -> None:
    before = shop.tree()
    status, printed = run(capsys, "model", "billing", "Empty", *fields, "--service", "crud")
    assert (status, printed.split(": ")[1]) == (1, "no-values"), printed
    assert shop.tree() == before
    assert run(capsys, "model", "billing", "Empty", *fields)[0] == 0


def test_a_module_is_not_hidden_by_a_new_package(
    project: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project.new(minimal=True)
    monkeypatch.chdir(project.folder)
    Path("apps/users").mkdir()
    schemas = Path("apps/users/schemas.py")
    schemas.write_text("X = 1\n", encoding="utf-8")
    before = project.tree()
    for arguments in (["app", "users"], ["model", "users", "Note", "text:text"]):
        status, printed = run(capsys, *arguments)
        assert (status, printed.split(": ")[:2]) == (1, ["apps/users/schemas.py:1", "hidden-module"])
    assert project.tree() == before
    assert run(capsys, "model", "users", "Note", "text:text", "--no-schemas")[0] == 0
    assert schemas.is_file() and not schemas.with_suffix("").exists()


def test_a_folder_without_a_project_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    assert run(capsys, "app", "billing")[1].split(": ")[1] == "no-models-package"


def test_another_project_is_not_overwritten(
    project: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project.folder.parent)
    assert run(capsys, "project", "shop", "--dry-run")[0] == 1
    assert not project.folder.exists()
    assert run(capsys, "project", "shop")[0] == 0
    before = project.tree()
    assert run(capsys, "project", "shop") == (0, "nothing to do: all of it is there\n")
    for options in (["--framework", "starlette"], ["--migrations", "builtin"]):
        status, printed = run(capsys, "project", "shop", *options)
        assert (status, printed.split(": ")[1]) == (1, "other-options")
    assert project.tree() == before
    Path("empty").mkdir()
    assert run(capsys, "project", "empty")[0] == 0
    assert Path("empty/main.py").exists()


def test_a_project_can_have_another_name_than_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):  # the second run is told the name, too
        assert run(capsys, "project", ".", "--name", "my-shop", "--minimal")[0] == 0
    assert 'name = "my-shop"' in (tmp_path / "pyproject.toml").read_text(encoding="utf-8")
    assert 'title="My shop"' in (tmp_path / "main.py").read_text(encoding="utf-8")
    status, printed = run(capsys, "project", ".", "--name", "other", "--minimal")
    assert (status, printed.split(": ")[1]) == (1, "other-project")
    assert run(capsys, "project", "new", "--name", "My Shop")[0] == 2


def test_a_new_project_is_written_into_a_repository_that_has_only_its_first_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "shop"
    (folder / ".git").mkdir(parents=True)
    (folder / "README.md").write_text("# Our shop\n", encoding="utf-8")
    (folder / ".gitignore").write_bytes(b"notes/\r\n.venv/\r\n")
    monkeypatch.chdir(folder)
    assert run(capsys, "project", ".", "--dry-run")[0] == 1
    status, printed = run(capsys, "project", ".")
    assert status == 0 and "changed .gitignore" in printed
    assert re.search(r"next:\n  uv sync  # writes uv.lock: .+\n  uv run pytest\n$", printed), (
        "no cd: the user is there"
    )
    assert (folder / "README.md").read_text(encoding="utf-8") == "# Our shop\n"
    ignored = (folder / ".gitignore").read_bytes()
    assert ignored.startswith(b"notes/\r\n.venv/\r\n") and ignored.count(b".venv/") == 1
    assert b"*.sqlite3" in ignored and b"\n" not in ignored.replace(b"\r\n", b"")
    assert run(capsys, "project", ".") == (0, "nothing to do: all of it is there\n")
    (folder / "pyproject.toml").unlink()
    assert run(capsys, "project", ".")[0] == 0, "an interrupted run is completed"
    (folder / "pyproject.toml").unlink()
    (folder / "config/settings.py").write_text("DEBUG = True\n", encoding="utf-8")
    status, printed = run(capsys, "project", ".")
    assert (status, printed.split(": ")[:2]) == (1, ["config/settings.py:1", "other-file"])
    assert not (folder / "pyproject.toml").exists(), "nothing is written"


OTHER_MANIFEST = """\
[project]
name = "My_Shop"
version = "3"
dependencies = [
    "httpx",  # "not", this
    'tortoise-orm[asyncpg]==1.1.9' # pinned ]
]

[tool.ruff]
line-length = 79
"""


@pytest.mark.parametrize(
    ("manifest", "dependencies"),
    [
        (OTHER_MANIFEST, ["httpx", "tortoise-orm[asyncpg]==1.1.9"]),
        ('[project]\nname = "my-shop"\nversion = "3"\n', []),
        ('[project]\nname = "my-shop"\nversion = "3"\ndependencies = []', []),
        (
            '[project]\nname = "my-shop"\nversion = "3"\ndependencies = ["httpx>=1,<2"]\n\n[a]\nb = 1',
            ["httpx>=1,<2"],
        ),
    ],
)
def test_a_project_is_written_beside_a_manifest_that_was_there_first(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    manifest: str,
    dependencies: list[str],
) -> None:
    (tmp_path / "pyproject.toml").write_text(manifest, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    status, printed = run(capsys, "project", ".")
    assert status == 0 and "changed pyproject.toml" in printed
    old, new = (
        tomllib.loads(manifest),
        tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8")),
    )
    found = new["project"].pop("dependencies")
    old["project"].pop("dependencies", None)
    assert new["project"] == old["project"] and found[len(found) - len(dependencies) :] == dependencies
    names = [re.split(r"[^\w-]", one)[0] for one in found]
    assert len(names) == len(set(names)) and {"aerich", "fastapi", "tortoise-orm", "uvicorn"} < set(names)
    assert new["tool"]["aerich"]["location"] == "./migrations"
    assert new["tool"]["uv"]["default-groups"] == list(new["dependency-groups"])
    assert new["tool"]["ruff"] == old.get("tool", {}).get("ruff", new["tool"]["ruff"])
    assert (tmp_path / "charts/my-shop").is_dir()
    assert run(capsys, "project", ".") == (0, "nothing to do: all of it is there\n")


def test_a_list_of_dependencies_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = 'project = {name = "shop", version = "1"}\n'
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    status, printed = run(capsys, "project", ".")
    assert status == 1 and "add these to the dependencies of [project]: aerich>=0.10.1, " in printed
    assert [path.name for path in tmp_path.iterdir()] == ["pyproject.toml"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["project", ""], "the folder of the project is empty"),
        (["project", "My Shop"], "a project's name has small letters"),
        (["project", "shop", "--framework", "sanic"], "examples/frameworks has a proven application"),
        (["project", "shop", "--migrations", "alembic"], "known are aerich and builtin"),
        (["app", "Billing"], "choose a name like billing"),
        (["app", "billing", "--project", "nowhere"], "nowhere: no such folder"),
        (["app", "billing", "--project", __file__], "is a file; name the project's folder"),
        (["model", "billing", "invoice"], "a model's name begins with a capital letter"),
        (["model", "billing", "Index"], "the files import a class of this name"),
        (["model", "billing", "BaseInvoice"], "name the concrete model"),
        (["model", "billing", "Model"], "its abstract base would be BaseModel"),
        (["model", "billing", "Invoice", "a:int", "--unique-together=a"], "expected 2 or more different"),
        (["model", "billing", "Invoice", "a:int", "--ordering=a,-a"], "expected 1 or more different"),
        (["model", "billing", "Invoice", "number:chr:3"], "there is no type chr; here are char, text, int,"),
    ],
)
def test_wrong_input_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert message in line
    assert list(tmp_path.iterdir()) == []


def test_the_help_lists_types_defaults_and_ways_back(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["model", "--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    for word in (
        "char:LENGTH",
        "decimal:DIGITS:PLACES",
        "related_name=NAME",
        "default=VALUE",
        "restrict",
        "--ordering=-",
    ):
        assert word in text
