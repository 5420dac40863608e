"""The deployment files of examples/billing: valid by their published schemas, and each migrates first."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from prose.rendered import rendered

BILLING = Path(__file__).resolve().parents[1] / "examples" / "billing"
CHART = BILLING / "charts" / "billing"
KUBERNETES = BILLING / "kubernetes"
MIGRATE = ["python", "migrate.py"]
COMPLETE = ["app/deployment.yaml", "app/service.yaml", "migrate/job.yaml"]
VENDORED = {
    "docker/docker-compose.yml": "vendor.compose-spec",
    ".github/workflows/deploy.yml": "vendor.github-workflows",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
}


def text(name: str) -> str:
    return (BILLING / name).read_text(encoding="utf-8")


def load(name: str) -> Any:
    return yaml.safe_load(text(name))


def check_jsonschema(schema: str, file: Path) -> subprocess.CompletedProcess[str]:
    """Run check-jsonschema with one of the schemas that it ships."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def validate(document: Any) -> None:
    """Strict: a field that Kubernetes does not know is an error. Raises ValidationError.

    Its schema lets a container be without an image, which only an overlay could add.
    """
    kubernetes_validate.validate(document, "1.36", strict=True)
    pod = document.get("spec", {}).get("template", {}).get("spec", {})
    for container in pod.get("containers", []) + pod.get("initContainers", []):
        assert container.get("image"), f"{container['name']} has no image"


def run(*command: str) -> str:
    """What a tool printed; skips where it is not installed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} here")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", VENDORED)
def test_it_is_valid_by_the_schema_that_check_jsonschema_ships(name: str) -> None:
    done = check_jsonschema(VENDORED[name], BILLING / name)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", VENDORED)
def test_those_schemas_refuse_a_misspelt_key(name: str, tmp_path: Path) -> None:
    """Of a service, of a job."""
    wrong = {"depends_on:": "depend_on:", "runs-on:": "run-on:", "resource_group:": "resources:"}
    broken = text(name)
    for right, misspelt in wrong.items():
        broken = broken.replace(right, misspelt)
    assert broken != text(name)
    file = tmp_path / Path(name).name
    file.write_text(broken)
    assert check_jsonschema(VENDORED[name], file).returncode == 1


@pytest.mark.parametrize("name", COMPLETE)
def test_manifests_are_valid_kubernetes(name: str) -> None:
    validate(yaml.safe_load((KUBERNETES / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize("template", sorted(CHART.glob("templates/*.yaml")), ids=lambda path: path.name)
@pytest.mark.parametrize("other", [{}, {"databaseCa": "", "maxReplicas": 10}])
def test_templates_are_valid_kubernetes_once_filled_in(template: Path, other: dict[str, Any]) -> None:
    text = rendered(template, **other)
    assert "{{" not in text
    if template.name == "autoscaler.yaml" and not other:
        assert not text.strip()
    else:
        validate(yaml.safe_load(text))


def test_the_kubernetes_schema_refuses_a_misspelt_key() -> None:
    job = yaml.safe_load((KUBERNETES / "migrate/job.yaml").read_text(encoding="utf-8"))
    job["spec"]["backofLimit"] = job["spec"].pop("backoffLimit")
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(job)


@pytest.mark.parametrize("overlay", ["app", "migrate", "init-container"])
def test_kustomize_builds_valid_kubernetes(overlay: str) -> None:
    documents = list(yaml.safe_load_all(run("kubectl", "kustomize", str(KUBERNETES / overlay))))
    assert documents
    for document in documents:
        validate(document)
    images = re.findall(r'"image": "([^"]+)"', json.dumps(documents))
    assert set(images) == {"registry.example.com/billing:0.1.0"}, "an image without its tag"


def test_helm_renders_the_same() -> None:
    documents = list(yaml.safe_load_all(run("helm", "template", "shop", str(CHART))))
    expected = [found for path in CHART.glob("templates/*.yaml") if (found := yaml.safe_load(rendered(path)))]
    assert sorted(map(json.dumps, documents)) == sorted(map(json.dumps, expected))


def test_docker_compose_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = ["docker", "compose", "version"]
    if not shutil.which("docker") or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("no docker compose here")
    monkeypatch.setenv("POSTGRES_PASSWORD", "secret")
    run("docker", "compose", "-f", str(BILLING / "docker" / "docker-compose.yml"), "config", "--quiet")


def test_compose_migrates_once_before_the_application() -> None:
    services = load("docker/docker-compose.yml")["services"]
    assert services["app"]["ports"] == ["8000:8000"], "the application answers on this port of the host"
    assert services["migrate"]["command"] == MIGRATE
    assert services["migrate"]["restart"] == "no"
    assert services["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert services["app"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    healthcheck = services["db"]["healthcheck"]
    assert "--host=127.0.0.1" in healthcheck["test"], "the first start serves the socket before it is ready"
    assert (healthcheck["interval"], healthcheck["timeout"], healthcheck["retries"]) == ("2s", "3s", 30)
    assert services["app"]["stop_grace_period"] == "30s"
    assert services["app"]["restart"] == "unless-stopped"
    for service in ("migrate", "app"):
        assert "DATABASE_URL" in services[service]["environment"], service


def test_the_job_is_a_hook_that_fails_fast() -> None:
    job = yaml.safe_load(rendered(CHART / "templates" / "migrate-job.yaml"))
    notes = job["metadata"]["annotations"]
    assert notes["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert notes["helm.sh/hook-delete-policy"] == "before-hook-creation"
    assert job["metadata"]["name"] == "shop-migrate"
    assert notes["helm.sh/hook-weight"] == "-5", "not before a Secret of weight -10"
    assert job["spec"]["backoffLimit"] == 0
    assert job["spec"]["activeDeadlineSeconds"] == 14 * 60, "Helm waits for 15 minutes"
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    container = job["spec"]["template"]["spec"]["containers"][0]
    assert container["args"] == MIGRATE and "command" not in container
    secrets = [path for path in CHART.glob("templates/*.yaml") if "kind: Secret" in path.read_text()]
    assert not secrets, "a Secret of the chart would not be there when the hook runs"


def pods() -> dict[str, Any]:
    """The pod of each Deployment and each Job, by file."""
    manifests = {name: yaml.safe_load((KUBERNETES / name).read_text(encoding="utf-8")) for name in COMPLETE}
    manifests |= {
        path.name: yaml.safe_load(rendered(path, maxReplicas=10)) for path in CHART.glob("templates/*.yaml")
    }
    pods = {name: manifest["spec"].get("template", {}).get("spec") for name, manifest in manifests.items()}
    return {name: pod for name, pod in pods.items() if pod}


def containers() -> dict[str, Any]:
    """Each container, the init container among them."""
    patch = load("kubernetes/init-container/migrate-first.yaml")["spec"]["template"]["spec"]
    found = {name: pod["containers"] for name, pod in pods().items()}
    return {name: only for name, (only,) in (found | {"migrate-first.yaml": patch["initContainers"]}).items()}


def test_pods_run_with_the_rights_that_they_need() -> None:
    """What Kubernetes' Pod Security Standard "restricted" asks for, no writes, and a place to run."""
    assert len(pods()) == 4 and len(containers()) == 5
    for name, pod in pods().items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
    for name, container in containers().items():
        assert container["securityContext"]["allowPrivilegeEscalation"] is False, name
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
        assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}, name
        assert container["resources"]["limits"]["memory"], name
    user = re.findall(r"(?m)^USER (.+)$", text("docker/Dockerfile"))
    assert user == ["10001"], "runAsNonRoot refuses a user by name"
    assert "--uid 10001" in text("docker/Dockerfile")


def test_migrations_and_the_application_have_different_roles() -> None:
    secrets = {name: container["envFrom"][0]["secretRef"]["name"] for name, container in containers().items()}
    assert secrets == {
        "app/deployment.yaml": "billing-database",
        "deployment.yaml": "billing-database",
        "migrate/job.yaml": "billing-migration",
        "migrate-job.yaml": "billing-migration",
        "migrate-first.yaml": "billing-migration",
    }


def test_what_restarts_the_application_does_not_ask_the_database() -> None:
    """`/health` asks nothing, `/ready` asks the database (tests of the application)."""
    for name in ("app/deployment.yaml", "deployment.yaml"):
        container = containers()[name]
        assert container["livenessProbe"]["httpGet"]["path"] == "/health", name
        assert container["readinessProbe"]["httpGet"]["path"] == "/ready", name
        assert container["startupProbe"]["httpGet"]["path"] == "/health", name
        for probe in ("livenessProbe", "startupProbe", "readinessProbe"):
            assert container[probe]["httpGet"]["port"] == 8000, name
    (web,) = load("render.yaml")["services"]
    assert web["healthCheckPath"] == "/health"


def test_a_pod_gets_no_more_requests_before_its_server_ends() -> None:
    """The times of preStop, of uvicorn and of Kubernetes fit together, and Compose waits long enough, too."""
    [limit] = map(int, re.findall(r"--timeout-graceful-shutdown (\d+)", text("docker/entrypoint.sh")))
    for name in ("app/deployment.yaml", "deployment.yaml"):
        [word, pause] = containers()[name]["lifecycle"]["preStop"]["exec"]["command"]
        assert word == "sleep" and int(pause) + limit < pods()[name]["terminationGracePeriodSeconds"], name
    assert limit < int(
        load("docker/docker-compose.yml")["services"]["app"]["stop_grace_period"].removesuffix("s")
    )
    assert limit < tomllib.loads(text("fly.toml"))["kill_timeout"]


def test_an_old_pod_stays_until_a_new_one_is_ready() -> None:
    chart = yaml.safe_load(rendered(CHART / "templates" / "deployment.yaml"))
    for one in (chart, load("kubernetes/app/deployment.yaml")):
        assert one["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        probe = one["spec"]["template"]["spec"]["containers"][0]["startupProbe"]
        assert probe["periodSeconds"] * probe["failureThreshold"] == 60
        assert probe["httpGet"]["path"] == "/health"


def test_the_values_of_the_chart_arrive() -> None:
    deployment = CHART / "templates" / "deployment.yaml"
    options = "pgbouncer=true&maxsize=7"
    values = {"workers": 2, "memory": "512Mi", "cpu": "1500m", "databaseOptions": options}
    made = yaml.safe_load(rendered(deployment, **values))["spec"]
    [container] = made["template"]["spec"]["containers"]
    assert made["replicas"] == 3
    assert container["resources"]["limits"] == {"memory": "512Mi"}
    assert container["resources"]["requests"]["cpu"] == "1500m"
    assert {"name": "WEB_CONCURRENCY", "value": "2"} in container["env"]
    assert {"name": "DATABASE_OPTIONS", "value": options} in container["env"]
    assert "DATABASE_OPTIONS" not in rendered(CHART / "templates" / "migrate-job.yaml"), "it goes directly"


@pytest.mark.parametrize("name", ["deployment.yaml", "migrate-job.yaml"])
def test_each_connection_of_a_pod_checks_the_certificate(name: str) -> None:
    """PGSSLMODE and PGSSLROOTCERT: examples/operations_tls.py shows what they do."""
    pod = yaml.safe_load(rendered(CHART / "templates" / name))["spec"]["template"]["spec"]
    [container] = pod["containers"]
    environment = {one["name"]: one["value"] for one in container["env"]}
    [mount], [volume] = container["volumeMounts"], pod["volumes"]
    assert environment["PGSSLMODE"] == "verify-full"
    assert environment["PGSSLROOTCERT"] == f"{mount['mountPath']}/ca.crt"
    assert volume == {"name": mount["name"], "configMap": {"name": "billing-database-ca"}}
    without = rendered(CHART / "templates" / name, databaseCa="")
    assert "PGSSL" not in without and "volume" not in without


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_with_its_container(sent: signal.Signals) -> None:
    """The signal reaches the server, because the entrypoint replaces itself. SIGINT is Fly's default."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DATABASE_URL": "sqlite://:memory:",
        "PORT": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    server = subprocess.Popen(
        ["sh", "docker/entrypoint.sh"], cwd=BILLING, env=environment, stderr=subprocess.PIPE, text=True
    )
    with server:
        assert server.stderr is not None
        said = ""
        while "Uvicorn running" not in said:
            line = server.stderr.readline()
            assert line, said
            said += line
        server.send_signal(sent)
        said += server.stderr.read()
    assert "Application shutdown complete" in said and "Finished server process" in said


def test_platforms_wait_long_enough_for_requests() -> None:
    fly = tomllib.loads(text("fly.toml"))
    assert (fly["kill_signal"], fly["kill_timeout"]) == ("SIGTERM", 30)


def test_fly_gives_a_migration_more_time_than_it_waits_for_another() -> None:
    (seconds,) = re.findall(r"^PATIENCE = ([\d.]+) ", text("migrate.py"), re.MULTILINE)
    timeout = tomllib.loads(text("fly.toml"))["deploy"]["release_command_timeout"]
    assert int(timeout.removesuffix("m")) * 60 > float(seconds)


def test_each_file_names_the_same_release_of_postgresql() -> None:
    files = ("docker/docker-compose.yml", ".github/workflows/deploy.yml", ".gitlab-ci.yml")
    assert {release for name in files for release in re.findall(r"\bpostgres:(\d\S*)", text(name))} == {"17"}


def test_one_deployment_runs_at_a_time_and_none_is_cut_off() -> None:
    workflow = load(".github/workflows/deploy.yml")
    assert workflow["concurrency"] == {"group": "production", "cancel-in-progress": False}
    job = load(".gitlab-ci.yml")["migrate"]
    assert job["resource_group"] == "production" and job["interruptible"] is False


def test_actions_are_pinned_to_a_commit() -> None:
    """A tag can be moved to other code; the comment says which release the commit is."""
    used = re.findall(r"uses: (.+)", text(".github/workflows/deploy.yml"))
    assert len(used) == 4
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_platforms_release_with_the_same_command() -> None:
    processes = dict(line.split(": ", 1) for line in text("Procfile").splitlines())
    assert processes["release"].split() == MIGRATE
    assert tomllib.loads(text("fly.toml"))["deploy"]["release_command"].split() == MIGRATE
    (web,) = load("render.yaml")["services"]
    assert web["preDeployCommand"].split() == MIGRATE


def test_pipelines_never_sync_on_the_way_to_production() -> None:
    """`uv run` syncs first, and would bring the development groups back."""
    jobs = load(".github/workflows/deploy.yml")["jobs"]
    github = [step["run"] for step in jobs["migrate"]["steps"] if "run" in step]
    for commands in (github, load(".gitlab-ci.yml")["migrate"]["script"]):
        assert commands == ["uv sync --locked --no-default-groups", "uv run --no-sync python migrate.py"]


def test_amounts_of_memory_and_processor_have_units_that_kubernetes_knows() -> None:
    shown = [
        (key, amount)
        for file in [*KUBERNETES.rglob("*.yaml"), *CHART.rglob("*.yaml")]
        for key, amount in re.findall(r"\b(cpu|memory): *(\w+)", file.read_text(encoding="utf-8"))
    ]
    assert {key for key, _ in shown} == {"cpu", "memory"}
    units = {"cpu": r"\d+m?", "memory": r"\d+(?:Ki|Mi|Gi)"}
    assert not [(key, amount) for key, amount in shown if not re.fullmatch(units[key], amount)]


def test_the_autoscaler_and_the_budget_fit_the_deployment() -> None:
    names = ("autoscaler", "disruption", "deployment")
    scaler, budget, deployment = (
        yaml.safe_load(rendered(CHART / "templates" / f"{name}.yaml", replicas=4, maxReplicas=10))
        for name in names
    )
    assert scaler["spec"]["scaleTargetRef"] == {
        "apiVersion": deployment["apiVersion"],
        "kind": deployment["kind"],
        "name": deployment["metadata"]["name"],
    }
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (4, 10)
    assert "replicas" not in deployment["spec"], "each upgrade would set it again"
    [metric] = scaler["spec"]["metrics"]
    assert metric["resource"]["target"]["averageUtilization"] == 70
    assert "cpu" in deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]
    assert budget["spec"]["selector"] == deployment["spec"]["selector"]
    assert budget["spec"]["maxUnavailable"] == 1


def test_the_worker_of_the_page_has_the_shared_environment(tmp_path: Path) -> None:
    page = (BILLING.parents[1] / "references" / "jobs.md").read_text(encoding="utf-8")
    [block] = re.findall(r"(?ms)^```yaml\n(.+?)^```", page)
    file = tmp_path / "compose.yml"
    file.write_text(block, encoding="utf-8")
    assert check_jsonschema("vendor.compose-spec", file).returncode == 0
    worker = yaml.safe_load(block)["services"]["reminders"]
    assert worker["environment"] == {"MAIL_URL": "${MAIL_URL:?}"}
    assert worker["command"] == ["python", "remind.py"]
    assert worker["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert (worker["restart"], worker["stop_grace_period"]) == ("unless-stopped", "30s")
    file.write_text(block.replace("deploy:", "deployed:"), encoding="utf-8")
    assert check_jsonschema("vendor.compose-spec", file).returncode == 1


def test_the_worker_of_the_page_gets_no_requests_and_time_to_end(tmp_path: Path) -> None:
    page = (BILLING.parents[1] / "references" / "jobs.md").read_text(encoding="utf-8")
    [block] = re.findall(r"(?ms)^```bash\n(cd charts.+?)^```", page)
    chart = tmp_path / "charts" / "billing"
    shutil.copytree(CHART, chart)
    subprocess.run(["sh", "-ec", block], cwd=tmp_path, check=True, timeout=60)
    worker, server = (
        yaml.safe_load(rendered(chart / "templates" / name, maxReplicas=10))
        for name in ("reminders.yaml", "deployment.yaml")
    )
    assert worker["spec"]["replicas"] == 3, "the autoscaler sets only the server's"
    validate(worker)
    assert worker["metadata"]["name"] == f"{server['metadata']['name']}-reminders"
    pod, own = (one["spec"]["template"] for one in (worker, server))
    assert worker["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"]
    selector = yaml.safe_load(rendered(chart / "templates" / "service.yaml"))["spec"]["selector"]
    assert selector.items() <= own["metadata"]["labels"].items()
    assert not selector.items() <= pod["metadata"]["labels"].items()
    [container], [of_server] = (one["spec"]["containers"] for one in (pod, own))
    assert container["args"] == ["python", "remind.py"]
    assert of_server.keys() - container.keys() == {
        "ports",
        "lifecycle",
        "livenessProbe",
        "startupProbe",
        "readinessProbe",
    }
    queue = (BILLING.parents[1] / "examples/jobs/apps/jobs/services.py").read_text(encoding="utf-8")
    [seconds] = re.findall(r"(?m)^TIMEOUT = (\d+)", queue)
    assert int(seconds) < pod["spec"]["terminationGracePeriodSeconds"]
