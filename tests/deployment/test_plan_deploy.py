"""`plan_deploy.py`: the verdict on each kind of manifest, and drafts that apply and then satisfy it.

A case is a file of cases/: what is wanted, then the files of a project. `want: PLATFORM PATH VERDICT [draft]`
is one entry, `problem: LINE TEXT` the begin of a problem's text. After its drafts are applied every entry
migrates, unless the case says `after: false`, because no draft changes an entrypoint.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from tortoise_dev.deployment.manifest import LOCK, PGBOUNCER, PROBES, SECTIONS, STOP
from tortoise_dev.deployment.plan import ManifestError, Plan, plan_for
from tortoise_dev.snippets.planning.data_files import check_data

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))
DRAFTED = [path for path in CASES if " draft\n" in path.read_text(encoding="utf-8")]
COMMAND = [sys.executable, str(ROOT / "scripts" / "plan_deploy.py")]


@dataclass
class Case:
    wanted: set[tuple[str, str, bool, bool]] = field(default_factory=set)
    problems: list[tuple[int, str]] = field(default_factory=list)
    after: bool = True


def make(text: str, folder: Path) -> Case:
    """Write a case's files, and return what it wants."""
    head, *files = re.split(r"(?m)^--- (?=[\w./-]+$)", text)
    case = Case()
    for line in head.splitlines():
        key, _, value = line.partition(": ")
        if key == "want":
            platform, path, verdict, *draft = value.split()
            case.wanted.add((platform, path, verdict == "true", draft == ["draft"]))
        elif key == "problem":
            number, _, message = value.partition(" ")
            case.problems.append((int(number), message))
        elif key == "after":
            case.after = value == "true"
    for file in files:
        name, _, content = file.partition("\n")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return case


def entries(plan: Plan) -> set[tuple[str, str, bool, bool]]:
    return {(one.platform, one.path, one.migrates, one.draft is not None) for one in plan.manifests}


def apply(plan: Plan, folder: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    for manifest in plan.manifests:
        if manifest.draft:
            done = subprocess.run(
                ["git", "apply", "--verbose", "-"],
                cwd=folder,
                input=manifest.draft,
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            assert done.returncode == 0, (manifest.draft, done.stderr)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_verdict_on_a_manifest(path: Path, tmp_path: Path) -> None:
    case = make(path.read_text(encoding="utf-8"), tmp_path)
    plan = plan_for(tmp_path)
    assert entries(plan) == case.wanted
    found = [
        (problem.line, said if problem.path == one.path else f"{problem.path}:{problem.line}: {said}")
        for one in plan.manifests
        for problem in one.problems
        for said in [problem.message]
    ]
    missing = [
        (n, text)
        for n, text in case.problems
        if not any(n == m and said.startswith(text) for m, said in found)
    ]
    assert not missing, found
    assert len(found) == len(case.problems), found
    assert (plan.question is None) == all(migrates for _, _, migrates, _ in case.wanted)


@pytest.mark.parametrize("path", DRAFTED, ids=lambda path: path.stem)
def test_a_draft_applies_and_then_migrates(path: Path, tmp_path: Path) -> None:
    """It changes no other line: what was there is still there, comments included."""
    case = make(path.read_text(encoding="utf-8"), tmp_path)
    before = plan_for(tmp_path)
    comments = comments_in(tmp_path)
    apply(before, tmp_path)
    assert comments_in(tmp_path) >= comments
    after = plan_for(tmp_path)
    drafted = {one.path for one in before.manifests if one.draft}
    assert [one.path for one in after.manifests if one.path in drafted and not one.migrates] == (
        [] if case.after else sorted(drafted)
    )
    told = [problem.message for one in after.manifests for problem in one.problems]
    assert not [message for message in told if "needs a healthcheck" in message]


@pytest.mark.slow
@pytest.mark.parametrize("path", DRAFTED, ids=lambda path: path.stem)
def test_a_draft_applies_to_files_without_a_last_newline(path: Path, tmp_path: Path) -> None:
    make(path.read_text(encoding="utf-8"), tmp_path)
    for file in [one for one in tmp_path.rglob("*") if one.is_file()]:
        file.write_text(file.read_text(encoding="utf-8").rstrip("\n"), encoding="utf-8")
    before = plan_for(tmp_path)
    assert any(one.draft for one in before.manifests)
    apply(before, tmp_path)


def comments_in(folder: Path) -> set[str]:
    lines = [
        line for file in folder.rglob("*.y*ml") for line in file.read_text(encoding="utf-8").splitlines()
    ]
    return {line[line.index("# ") :] for line in lines if "# " in line}


# --- the command


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=60
    )


def test_the_command_says_what_is_missing_and_writes_nothing(tmp_path: Path) -> None:
    make((CASES[0].parent / "fly_plain.txt").read_text(encoding="utf-8"), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = run(folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("fly.toml (fly): no migration before the new code\n")
    assert '+release_command = "python -m tortoise migrate"' in done.stdout
    assert done.stdout.endswith("Shall I apply the drafts for fly.toml?\n")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_json_has_verdicts_problems_and_the_question(tmp_path: Path) -> None:
    make((CASES[0].parent / "compose_in_the_command.txt").read_text(encoding="utf-8"), tmp_path)
    document = json.loads(run("--format", "json", folder=tmp_path).stdout)
    (manifest,) = document["manifests"]
    assert document["version"] == 1
    assert (manifest["path"], manifest["platform"], manifest["migrates"]) == (
        "docker-compose.yml",
        "compose",
        False,
    )
    assert (manifest["problems"][0]["path"], manifest["problems"][0]["line"]) == ("docker-compose.yml", 4)
    assert manifest["draft"].startswith("--- a/docker-compose.yml\n")
    assert "docker-compose.yml" in document["question"]


@pytest.mark.parametrize(
    ("settings", "example"),
    [("", "examples/billing"), ('dependencies = ["aerich"]\n', "examples/with_aerich")],
)
def test_drafts_take_a_lock_once_the_migrate_py_that_the_advice_names_is_there(
    settings: str, example: str, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[project]\n{settings}", encoding="utf-8")
    (tmp_path / "fly.toml").write_text('app = "shop"\n', encoding="utf-8")
    before = plan_for(tmp_path)
    assert before.advice and before.advice in run(folder=tmp_path).stdout
    assert "write `python migrate.py` into the drafts" in before.advice
    (copy,) = re.findall(rf"`(cp \S+/{example}\S+ \.)`", before.advice)
    subprocess.run(["bash", "-c", copy], cwd=tmp_path, env=os.environ | {"SKILL": str(ROOT)}, check=True)
    assert {path.name for path in tmp_path.glob("*.py")} >= {"migrate.py"}
    after = plan_for(tmp_path)
    assert after.advice is None
    assert after.manifests[0].draft and '+release_command = "python migrate.py"' in after.manifests[0].draft
    apply(after, tmp_path)
    done = plan_for(tmp_path)
    assert (done.manifests[0].migrates, done.question, done.advice) == (True, None, None)


def test_a_draft_uses_the_tool_of_the_settings_though_the_requirements_name_aerich(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("aerich\n", encoding="utf-8")
    (tmp_path / "fly.toml").write_text('app = "shop"\n', encoding="utf-8")
    draft = plan_for(tmp_path).manifests[0].draft
    assert draft and '+release_command = "aerich upgrade"' in draft
    (tmp_path / "conf.py").write_text('APPS = {"models": {"migrations": "migrations"}}\n', encoding="utf-8")
    draft = plan_for(tmp_path).manifests[0].draft
    assert draft and '+release_command = "python -m tortoise migrate"' in draft


def test_the_example_migrates_everywhere() -> None:
    done = run("examples/billing", folder=ROOT)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("migrates before the new code") == 10


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("services:\n  a: &x {<<: *x}\n", "compose.yaml: line 2: a value that contains itself"),
        ("services:\n  a: {command: &x [run, *x]}\n", "compose.yaml: line 2: a value that contains itself"),
        ("a: " + "[" * 3000 + "]" * 3000, "compose.yaml: no YAML: it is nested too deeply"),
        ("a: &a [b, c]\nb: &b [*a, *a]\nc: [*b, *b]\n", "compose.yaml: no services"),
    ],
)
def test_yaml_that_cannot_be_read_is_told(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    done = run(folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"plan_deploy.py: {told}\n"


@pytest.mark.parametrize(
    "text",
    [
        "services: {web: {build: ., command: uvicorn main:app}}\n",
        "services:\n  web: {build: ., command: uvicorn main:app}\n",
    ],
)
def test_a_file_in_braces_gets_no_draft(text: str, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    plan = plan_for(tmp_path)
    assert [(one.migrates, one.draft) for one in plan.manifests] == [(False, None)]
    assert str(plan.question).endswith("Which command or job may run it there?")


CHART = """\
kind: Deployment
spec:
  template:
    spec:
      {{- with .Values.pod }}
      containers:
        - name: web
          image: shop
          command: ["uvicorn", "main:app"]
          env:
            - name: A
              value: "1"
{{- if .Values.extra }}
            - name: B
              value: "2"
{{- end }}
      {{- end }}
      # of the volumes
      {{- if .Values.volumes }}
      volumes: []
      {{- end }}
"""


def test_a_drafted_job_has_whole_actions_of_a_template_and_no_text_behind_them(tmp_path: Path) -> None:
    template = tmp_path / "templates" / "web.yaml"
    template.parent.mkdir()
    (tmp_path / "Chart.yaml").write_text("name: shop\n", encoding="utf-8")
    template.write_text(CHART, encoding="utf-8")
    (one,) = plan_for(tmp_path).manifests
    assert one.draft is not None
    copied = one.draft.partition("+          image: shop\n")[2].partition("+          command:")[0]
    assert [line.removeprefix("+          ") for line in copied.splitlines()] == [
        "env:",
        "  - name: A",
        '    value: "1"',
        "{{- if .Values.extra }}",
        "  - name: B",
        '    value: "2"',
        "{{- end }}",
    ]
    template.write_text(CHART.replace("env:", "env: [\n          ]"), encoding="utf-8")
    assert plan_for(tmp_path).manifests[0].draft is None, "what it copies is no YAML"


CREATED = """\
kind: Deployment
spec:
  template:
    spec:
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      serviceAccountName: {{ include "shop.serviceAccountName" . }}
      {{- with .Values.both }}
      nodeSelector:
        {{- toYaml .nodes | nindent 8 }}
      tolerations:
        {{- toYaml .taints | nindent 8 }}
      {{- end }}
      containers:
        - name: web
          image: shop
"""


def test_a_drafted_job_copies_a_key_together_with_the_action_around_it(tmp_path: Path) -> None:
    """Without `with`, the dot would be the whole chart. As `helm create` writes it."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("name: shop\n", encoding="utf-8")
    (tmp_path / "templates" / "web.yaml").write_text(CREATED, encoding="utf-8")
    draft = plan_for(tmp_path).manifests[0].draft or ""
    copied = draft.partition("restartPolicy: Never\n")[2].partition("+      containers:")[0]
    assert [line.removeprefix("+") for line in copied.splitlines()] == [
        f"      {line}"
        for line in (
            "{{- with .Values.imagePullSecrets }}",
            "imagePullSecrets:",
            "  {{- toYaml . | nindent 8 }}",
            "{{- end }}",
            'serviceAccountName: {{ include "shop.serviceAccountName" . }}',
        )
    ], "a key of a block with others is left out"
    account = tmp_path / "templates" / "serviceaccount.yaml"
    account.write_text("kind: ServiceAccount\n", encoding="utf-8")
    assert "serviceAccountName" not in str(plan_for(tmp_path).manifests[0].draft), "it is made after the hook"


def test_a_comment_stays_above_its_service(tmp_path: Path) -> None:
    text = "services:\n  # what users see\n  web: # 8000\n    build: .\n    command: uvicorn main:app\n"
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    apply(plan_for(tmp_path), tmp_path)
    lines = (tmp_path / "compose.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "  migrate:"
    assert lines[lines.index("  # what users see") + 1] == "  web: # 8000"
    workflow = tmp_path / ".gitlab-ci.yml"
    workflow.write_text("deploy:\n  script:\n    # out\n    - flyctl deploy\n", encoding="utf-8")
    (tmp_path / "compose.yaml").unlink()
    apply(plan_for(tmp_path), tmp_path)
    assert workflow.read_text(encoding="utf-8").endswith("migrate\n    # out\n    - flyctl deploy\n")


def test_a_draft_keeps_line_ends_of_windows(tmp_path: Path) -> None:
    files = {
        "compose.yaml": b"services:\r\n  web:\r\n    build: .\r\n    command: uvicorn main:app\r\n",
        "Procfile": b"web: uvicorn main:app\r\n",
        "fly.toml": b'app = "shop"\r\n[http_service]\r\n',
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    patch = "".join(one.draft or "" for one in plan_for(tmp_path).manifests)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch.encode(), check=True)
    for name in files:
        changed = (tmp_path / name).read_bytes()
        assert changed.count(b"\n") == changed.count(b"\r\n") > files[name].count(b"\n")
    assert plan_for(tmp_path).question is None


def test_no_manifest_is_nothing_to_do(tmp_path: Path) -> None:
    done = run(folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("no deployment manifests found. Looked for: compose files, ")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("docker-compose.yml", "services: [", "docker-compose.yml: line 1: no YAML"),
        ("docker-compose.yml", "version: '3'\n", "docker-compose.yml: no services"),
        ("fly.toml", "app = ", "fly.toml: no TOML"),
        ("render.yaml", "services:\n\t- x", "render.yaml: line 2: no YAML"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_line(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    done = run(folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_file_beside_a_manifest_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    override, template = tmp_path / "compose.override.yaml", tmp_path / "chart" / "templates" / "web.yaml"
    template.parent.mkdir(parents=True)
    (tmp_path / "compose.yaml").write_text("services: {web: {image: shop}}\n", encoding="utf-8")
    (tmp_path / "chart" / "Chart.yaml").write_text("name: shop\n", encoding="utf-8")
    override.write_text("services: [web]\n", encoding="utf-8")
    template.write_bytes(b"kind: Job\n# caf\xe9\n")
    with pytest.raises(ManifestError, match=r"^compose\.yaml: compose\.override\.yaml: no services$"):
        plan_for(tmp_path)
    override.write_text("networks: {default: {}}\n", encoding="utf-8")
    chart, compose = plan_for(tmp_path).manifests
    told = "chart/templates/web.yaml was not read: line 2: not UTF-8: invalid continuation byte"
    assert [one.message for one in chart.problems] == [told]
    assert not compose.problems


def test_a_compose_file_may_only_include_others(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("include: [web.yaml]\n", encoding="utf-8")
    (manifest,) = plan_for(tmp_path).manifests
    assert not manifest.migrates
    assert [one.message for one in manifest.problems] == ["the files that it includes were not read"]


def test_what_others_wrote_is_not_even_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of 50,000 files was listed for each word of a command that may name a script."""
    make((CASES[0].parent / "compose_in_the_entrypoint.txt").read_text(encoding="utf-8"), tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    listed: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path=".": listed.append(str(path)) or scandir(path))
    assert plan_for(tmp_path).manifests
    assert str(tmp_path) in listed
    assert not [path for path in listed if ".venv" in path]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = run("nowhere", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "plan_deploy.py: nowhere: no such folder\n"
    (tmp_path / "a.py").touch()
    done = run("a.py", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "plan_deploy.py: a.py: is a file; name the project's folder\n"


@pytest.mark.parametrize("path", DRAFTED, ids=lambda path: path.stem)
def test_what_a_draft_makes_is_valid(path: Path, tmp_path: Path) -> None:
    """It is checked against the schema of what it is, as the harness checks blocks. Templates are no YAML."""
    make(path.read_text(encoding="utf-8"), tmp_path)
    plan = plan_for(tmp_path)
    apply(plan, tmp_path)
    for file in tmp_path.rglob("*"):
        name = file.relative_to(tmp_path).as_posix()
        if file.suffix in (".yml", ".yaml", ".toml") and "templates" not in name:
            check_data(file.suffix.lstrip(".").replace("yml", "yaml"), file.read_text(encoding="utf-8"), name)


def test_a_job_of_plain_manifests_has_the_surroundings_of_its_workload(tmp_path: Path) -> None:
    """Its labels would match the Service. `kubectl apply -f k8s` does not read the folder below."""
    make((CASES[0].parent / "plain_workload.txt").read_text(encoding="utf-8"), tmp_path)
    apply(plan_for(tmp_path), tmp_path)
    deployment = yaml.safe_load((tmp_path / "k8s/deployment.yaml").read_text(encoding="utf-8"))
    job = yaml.safe_load((tmp_path / "k8s/migrate/job.yaml").read_text(encoding="utf-8"))
    kubernetes_validate.validate(job, "1.36", strict=True)
    assert job["metadata"] == {"name": "shop-migrate", "namespace": "store"}
    assert set(job["spec"]["template"]) == {"spec"}
    pod, like = job["spec"]["template"]["spec"], deployment["spec"]["template"]["spec"]
    (migrating,), (serving,) = pod.pop("containers"), like.pop("containers")
    assert pod == like | {"restartPolicy": "Never"}
    assert migrating == serving | {"name": "migrate", "args": ["python", "-m", "tortoise", "migrate"]}


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl here")
@pytest.mark.parametrize(("option", "kinds"), [("", {"deployment"}), ("-R", {"deployment", "job"})])
def test_kubectl_reads_the_folder_of_the_job_only_with_r(
    option: str, kinds: set[str], tmp_path: Path
) -> None:
    make((CASES[0].parent / "plain_api_and_worker.txt").read_text(encoding="utf-8"), tmp_path)
    apply(plan_for(tmp_path), tmp_path)
    command = ["kubectl", "label", "--local", "-o", "name", "-f", "k8s", "a=b", *option.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert {line.partition(".")[0] for line in done.stdout.splitlines()} == kinds


def test_a_volume_that_a_stateful_set_makes_is_not_mounted(tmp_path: Path) -> None:
    make((CASES[0].parent / "plain_volume_of_a_stateful_set.txt").read_text(encoding="utf-8"), tmp_path)
    draft = plan_for(tmp_path).manifests[0].draft
    assert draft and "volume" not in draft


def test_a_plain_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    """A template of another tool. What is no workload says nothing."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "app.yaml").write_text("kind: Deployment\nname: {% x %}\n", encoding="utf-8")
    (tmp_path / "deploy" / "service.yml").write_text("kind: Service\n", encoding="utf-8")
    done = run(folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "deploy/app.yaml: not judged, because it is no YAML\n")
    assert json.loads(run("--format", "json", folder=tmp_path).stdout)["not_judged"] == ["deploy/app.yaml"]


def test_each_section_that_is_named_is_short() -> None:
    for place in {*SECTIONS.values(), LOCK, PGBOUNCER, PROBES, STOP}:
        page, _, anchor = place.partition("#")
        text = (ROOT / "references" / page).read_text(encoding="utf-8")
        titles = re.findall(r"(?m)^## (.+)$", text)
        slugs = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
        assert anchor in slugs, place
        section = text.partition(f"## {titles[slugs.index(anchor)]}\n")[2].partition("\n## ")[0]
        assert len(section) < 5_000, (place, len(section))


def test_a_problem_names_its_section(tmp_path: Path) -> None:
    make((CASES[0].parent / "plain_pooler.txt").read_text(encoding="utf-8"), tmp_path)
    said = run(folder=tmp_path).stdout
    assert f"  explained in {SECTIONS['kubernetes']}\n" in said
    assert f"a URL of the server itself. See {PGBOUNCER}\n" in said
    assert "To read a section: handbook.py find PAGE.md#SECTION\n" in said


def test_without_pyyaml_it_says_what_to_run_and_reads_what_is_no_yaml(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text('app = "shop"\n', encoding="utf-8")
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "yaml.py").write_text("raise ModuleNotFoundError(name='yaml')\n", encoding="utf-8")
    env = os.environ | {"PYTHONPATH": str(tmp_path / "hidden")}

    def ask() -> subprocess.CompletedProcess[str]:
        return subprocess.run(COMMAND, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    assert "+release_command" in ask().stdout
    (tmp_path / "compose.yaml").write_text("services: {}\n", encoding="utf-8")
    done = ask()
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert f"Run `uv run {COMMAND[1]}`." in done.stderr
    assert f"/bin/python {COMMAND[1]}`." in done.stderr


def test_the_section_of_a_workflow_is_that_of_the_platform_that_lacks_the_step(tmp_path: Path) -> None:
    make((CASES[0].parent / "github_platform_does_not.txt").read_text(encoding="utf-8"), tmp_path)
    platform, workflow = sorted(plan_for(tmp_path).manifests, key=lambda one: one.platform == "github")
    assert not platform.migrates and platform.platform != "github"
    assert workflow.section == SECTIONS[platform.platform]


BLOCKS = re.findall(
    r"```bash norun[^\n]*\n(.*?)```",
    (ROOT / "references/kustomize.md").read_text(encoding="utf-8"),
    re.DOTALL,
)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[-2])
@pytest.mark.parametrize(("state", "starts"), [("Complete", True), ("FailureTarget Failed", False)])
def test_the_commands_of_the_page_start_the_pods_only_after_the_job_succeeded(
    block: str, state: str, starts: bool, tmp_path: Path
) -> None:
    """With a kubectl that says how the Job ended, as no cluster is here."""
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(
        f"""#!/bin/sh
echo "$*" >> {tmp_path}/calls
case "$1" in get) echo "{state}" ;; wait) test "{state}" = Complete ;; esac
""",
        encoding="utf-8",
    )
    kubectl.chmod(0o755)
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", block], cwd=tmp_path, env=env, check=False, timeout=30)
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert (done.returncode == 0) is starts
    assert [call.split()[0] for call in calls[:3]] == ["delete", "apply", "get"]
    assert any(re.match(r"apply -[fk] (?:k8s|kubernetes/app)$", call) for call in calls) is starts


def test_the_page_has_both_blocks() -> None:
    assert len(BLOCKS) == 2
