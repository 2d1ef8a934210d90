"""The image, Compose, Kubernetes and systemd say the same as the settings and the roles: held by reading them."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from apps.core.metrics.catalogue import BY_NAME
from apps.standalone import roles
from apps.standalone.environment import Options
from apps.standalone.layout import Layout
from attune.settings.env import CATALOGUE
from tests.architecture.manifests import (
    COMPOSE,
    DOCKER,
    ROOT,
    dockerfile,
    image_environment,
    kubernetes,
    mounts_of,
    own_services,
    pods,
    service_environment,
    units,
)

APP = "/opt/attune/app/"
SETTINGS = {setting.name: setting for setting in CATALOGUE}
#: Of Django, Python, the shell and the cluster.
FOREIGN = {"PATH", "DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE", "POD_IP"}
#: What a value may say of a secret without being one.
WITHOUT_PASSWORD = re.compile(r"redis://[\w.-]+:\d+/\d+")
SHARED = {"ATTUNE_RUNTIME_ENVS_DIR", "ATTUNE_ARTIFACTS_DIR", "ATTUNE_PACKS_DIR"}
WORKERS = [name for name in own_services() if name.startswith("worker")]
DRAIN_S = float(SETTINGS["ATTUNE_DRAIN_S"].default) + roles.WORKER_END_S


def variables() -> Iterator[tuple[str, str, str]]:
    """Where, name, value: of everything that is set anywhere."""
    for name, value in image_environment().items():
        yield "Dockerfile", name, value
    for service, item in own_services().items():
        for name, value in service_environment(item).items():
            yield f"compose {service}", name, value
    (config,) = kubernetes("ConfigMap")
    for name, value in config["data"].items():
        yield "k8s config", name, value
    for pod, template in pods():
        for item in template["spec"]["containers"][0].get("env", ()):
            yield f"k8s {pod}", item["name"], item.get("value", "")
    for unit, directives in units().items():
        for assignment in directives.get("Environment", ()):
            name, _, value = assignment.partition("=")
            yield f"systemd {unit}", name, value
    for line in (DOCKER / "systemd" / "env.example").read_text().splitlines():
        if not line.startswith("#"):
            name, _, value = line.partition("=")
            yield "systemd env.example", name, value


def test_every_variable_is_a_setting() -> None:
    unknown = {(where, name) for where, name, _ in variables() if name.removesuffix("_FILE") not in SETTINGS}
    assert {item for item in unknown if item[1] not in FOREIGN} == set()


def test_no_secret_stands_in_a_file_of_the_project() -> None:
    inline = [
        (where, name)
        for where, name, value in variables()
        if name in SETTINGS
        and (SETTINGS[name].kind == "secret" or "PASSWORD" in name)
        and not WITHOUT_PASSWORD.fullmatch(value)
    ]
    assert inline == []
    assert not list(kubernetes("Secret"))
    assert not any(item.word == "ARG" and re.search("KEY|TOKEN|PASSWORD", item.rest) for item in dockerfile())


def test_secrets_come_from_files_that_the_service_is_given() -> None:
    for service, item in own_services().items():
        assert set(item["secrets"]) <= set(COMPOSE["secrets"])
        for name, value in service_environment(item).items():
            if name.endswith("_FILE") and name.removesuffix("_FILE") in SETTINGS:
                assert value == f"/run/secrets/{PurePosixPath(value).name}"
                assert PurePosixPath(value).name in item["secrets"], (service, name)


def test_pods_are_given_the_keys_of_the_secret_that_their_variables_name() -> None:
    (config,) = kubernetes("ConfigMap")
    for pod, template in pods():
        (container,) = template["spec"]["containers"]
        given = [*config["data"].items(), *((item["name"], item.get("value", "")) for item in container.get("env", ()))]
        wanted = {PurePosixPath(value).name for name, value in given if name.endswith("_FILE")}
        (secret,) = [item["secret"] for item in template["spec"]["volumes"] if "secret" in item]
        assert {item["path"] for item in secret["items"]} == wanted, pod


@pytest.mark.parametrize("service", own_services())
def test_every_volume_is_the_folder_of_a_setting(service: str) -> None:
    folders = {value for name, value in image_environment().items() if name.startswith("ATTUNE_")}
    assert set(mounts_of(own_services()[service])) <= folders | {"/opt/attune/sources"}


@pytest.mark.parametrize("service", ["web", *WORKERS])
def test_web_and_workers_share_environments_and_artifacts_and_do_not_write_packs(service: str) -> None:
    mounts = mounts_of(own_services()[service])
    image = image_environment()
    assert mounts[image["ATTUNE_PACKS_DIR"]] is True
    assert mounts[image["ATTUNE_RUNTIME_ENVS_DIR"]] is False
    assert mounts[image["ATTUNE_ARTIFACTS_DIR"]] is False


def test_pods_mount_what_the_services_of_compose_do() -> None:
    claims = {document["metadata"]["name"] for document in kubernetes("PersistentVolumeClaim")}
    folders = {image_environment()[name] for name in SHARED}
    for pod, template in pods():
        (container,) = template["spec"]["containers"]
        mounted = {item["mountPath"]: item.get("readOnly", False) for item in container["volumeMounts"]}
        wanted = {path: is_ro for path, is_ro in mounts_of(own_services()[pod]).items() if path in folders}
        assert {path: is_ro for path, is_ro in mounted.items() if path in folders} == wanted, pod
        used = {
            v["persistentVolumeClaim"]["claimName"] for v in template["spec"]["volumes"] if "persistentVolumeClaim" in v
        }
        assert used <= claims
        assert {item["name"] for item in container["volumeMounts"]} == {v["name"] for v in template["spec"]["volumes"]}


def test_every_role_is_one_that_the_entrypoint_knows() -> None:
    known = set(re.findall(r"^ {4}(\w+)\)", (DOCKER / "entrypoint").read_text(), re.MULTILINE))
    started = {item["command"][0] for item in own_services().values()}
    assert started == {"web", "conductor", "scheduler", "sensors", "worker", "prepare"} <= known
    assert {template["spec"]["containers"][0]["args"][0] for _, template in pods()} == started
    assert {start.split()[1] for unit in units().values() for start in unit["ExecStart"]} == started


def test_the_entrypoint_starts_roles_as_the_supervisor_does() -> None:
    text = (DOCKER / "entrypoint").read_text().replace("\\\n", " ")
    [web] = [line.split() for line in text.splitlines() if "exec python -m uvicorn" in line]
    assert set(roles.WEB.split()) - {"127.0.0.1"} <= set(web)
    programs = roles.roles(Layout(Path("/v")), options=Options(port=8001, drain_s=60), environment={})
    commands = [program.argv[2] for program in programs if program.argv[1].endswith("manage.py")]
    assert commands == ["run_conductor", "run_worker", "run_scheduler", "run_sensors"]
    for command in commands:
        assert f"exec python manage.py {command} " in text


def test_the_image_runs_as_somebody_without_rights_from_pinned_bases() -> None:
    instructions = dockerfile()
    assert [item.rest for item in instructions if item.word == "USER"] == ["10001:10001"]
    bases = [item.rest.split()[0] for item in instructions if item.word == "FROM"]
    assert all(re.search(r":\d+\.\d+\.\d+-", base) for base in bases)
    images = [item["image"] for item in COMPOSE["services"].values() if "attune" not in item["image"]]
    assert all(re.search(r":\d+\.\d+", image) for image in images)


def test_what_the_image_copies_is_there_and_is_let_through() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for item in dockerfile():
        if item.word == "COPY" and "--from" not in item.rest:
            for source in item.rest.split()[:-1]:
                assert (ROOT / source).exists()
                assert any(path.split("/")[0] == source for path in allowed), source
    for program in ("entrypoint", "healthcheck"):
        assert os.access(DOCKER / program, os.X_OK)
        assert f"docker/{program}" in allowed


def test_one_port_everywhere() -> None:
    port = SETTINGS["ATTUNE_PORT"].default
    assert [item.rest for item in dockerfile() if item.word == "EXPOSE"] == [port]
    assert own_services()["web"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    (web,) = [template for name, template in pods() if name == "web"]
    assert [str(item["containerPort"]) for item in web["spec"]["containers"][0]["ports"]] == [port]


@pytest.mark.parametrize("service", [name for name in own_services() if name != "prepare"])
def test_a_service_has_a_health_check_and_waits_for_what_it_needs(service: str) -> None:
    item = own_services()[service]
    assert item["healthcheck"]["test"] == ["CMD", f"{APP}docker/healthcheck"]
    has_file = "ATTUNE_ALIVE_PATH" in service_environment(item)
    assert has_file is (service != "web")
    assert {name: on["condition"] for name, on in item["depends_on"].items()} == {
        "prepare": "service_completed_successfully",
        "postgres": "service_healthy",
        "valkey": "service_healthy",
    }


def test_services_are_shut_off_from_the_host() -> None:
    for service, item in own_services().items():
        assert item["read_only"], service
        assert item["cap_drop"] == ["ALL"], service
        assert item["security_opt"] == ["no-new-privileges:true"], service


@pytest.mark.parametrize(("name", "template"), list(pods()))
def test_pods_are_shut_off_from_the_node(name: str, template: dict[str, Any]) -> None:
    spec = template["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["automountServiceAccountToken"] is False
    own = container["securityContext"]
    assert (own["readOnlyRootFilesystem"], own["allowPrivilegeEscalation"]) == (True, False)
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"]["memory"]


def test_every_deployment_can_be_looked_at_and_disrupted() -> None:
    budgets = {document["spec"]["selector"]["matchLabels"]["name"] for document in kubernetes("PodDisruptionBudget")}
    for document in kubernetes("Deployment"):
        name = document["metadata"]["name"]
        (container,) = document["spec"]["template"]["spec"]["containers"]
        assert name in budgets
        assert "readinessProbe" in container
        # While Redis is away a conductor's loop stands still, and a restart would cut off an operation.
        assert ("livenessProbe" in container) is (name != "conductor")
        labels = document["spec"]["template"]["metadata"]["labels"]
        assert document["spec"]["selector"]["matchLabels"] == labels


def test_workers_are_given_the_time_to_drain() -> None:
    for name in WORKERS:
        assert float(own_services()[name]["stop_grace_period"].removesuffix("s")) > DRAIN_S
    for name, template in pods():
        if name.startswith("worker"):
            assert template["spec"]["terminationGracePeriodSeconds"] > DRAIN_S
    (stop,) = units()["attune-worker@.service"]["TimeoutStopSec"]
    assert float(stop) > DRAIN_S


def test_workers_scale_with_a_metric_that_exists_and_the_queues_they_serve() -> None:
    deployments = {document["metadata"]["name"]: document for document in kubernetes("Deployment")}
    for scaler in kubernetes("HorizontalPodAutoscaler"):
        target = deployments[scaler["spec"]["scaleTargetRef"]["name"]]
        (container,) = target["spec"]["template"]["spec"]["containers"]
        environment = {item["name"]: item.get("value", "") for item in container["env"]}
        runtimes = environment.get("ATTUNE_WORKER_RUNTIMES", "shell,python").split(",")
        pool = environment.get("ATTUNE_POOL", SETTINGS["ATTUNE_POOL"].default)
        metrics = [item["external"]["metric"] for item in scaler["spec"]["metrics"]]
        assert all(item["name"] in BY_NAME for item in metrics)
        assert [item["selector"]["matchLabels"]["queue"] for item in metrics] == [
            f"run.{pool}.{name}" for name in runtimes
        ]
    assert {item["metadata"]["name"] for item in kubernetes("HorizontalPodAutoscaler")} == {
        name for name in deployments if name.startswith("worker")
    }


@pytest.mark.parametrize("unit", units())
def test_units_run_as_somebody_without_rights(unit: str) -> None:
    directives = units()[unit]
    for name, value in {
        "User": "attune",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "CapabilityBoundingSet": "",
        "StateDirectory": "attune",
    }.items():
        assert directives[name] == [value], name
    assert directives["EnvironmentFile"][0] == "/etc/attune/env"
    assert directives["ExecStart"][0].startswith(f"{APP}docker/entrypoint ")


def test_units_keep_their_data_where_they_may_write() -> None:
    folders = [value for where, name, value in variables() if "env.example" in where and name.endswith("_DIR")]
    assert len(folders) == 4
    assert all(folder.startswith("/var/lib/attune/") for folder in folders)


def test_the_readme_names_every_service_file_and_variable_of_the_operator() -> None:
    text = (DOCKER / "README.md").read_text()
    for name in [*own_services(), *COMPOSE["secrets"], "ATTUNE_HOST", "ATTUNE_IMAGE", "ATTUNE_PACK_SOURCES"]:
        assert f"`{name}`" in text, name
    for path in [*DOCKER.glob("k8s/*.yaml"), *DOCKER.glob("systemd/*.service")]:
        assert path.name in text, path.name
