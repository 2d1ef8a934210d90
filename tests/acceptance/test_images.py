"""Every role as its container starts it, under production settings, until an execution has gone through all of them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from apps.runner.removal import remove_tree
from tests.acceptance.stack import Stack
from tests.architecture.manifests import own_services, service_environment
from tests.waiting import wait_for

#: Six processes of Python start side by side.
pytestmark = pytest.mark.timeout(600)

#: The image has them all; this host may not.
RUNTIMES = {"shell", "python"} | ({"node"} if shutil.which("node") else set())
SERVICES = [
    name
    for name, item in own_services().items()
    if name != "prepare" and {service_environment(item).get("ATTUNE_WORKER_RUNTIMES", "shell")} <= RUNTIMES
]
WORKERS = len([name for name in SERVICES if name.startswith("worker-")])


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    started = Stack(tmp_path_factory.mktemp("stack"))
    try:
        started.start_servers()
        prepared = started.run("prepare", "--json")
        assert prepared.returncode == 0, prepared.stderr
        started.token = json.loads(prepared.stdout)["token"]
        for service in SERVICES:
            started.start(service)
        for service in SERVICES:
            started.wait_until_healthy(service)
        yield started
    finally:
        started.stop()
        remove_tree(started.folder)


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stack.token}", "X-Forwarded-Proto": "https"}
    with stack.client(**headers) as client:
        wait_for(lambda: client.get("/readyz").json()["workers"] == WORKERS, what="the workers")
        yield client


def snapshot(folder: Path) -> set[tuple[str, int]]:
    return {(str(path), path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_an_execution_goes_through_all_of_them(stack: Stack, api: httpx.Client) -> None:
    before = snapshot(stack.folder / "packs")
    for action in ("core.noop", "examples.hello"):
        ended = api.post("/api/v1/executions", json={"action": action, "wait_s": 30})
        assert ended.status_code == 201, ended.text
        assert ended.json()["status"] == "succeeded", ended.json()
    assert snapshot(stack.folder / "packs") == before, "web and workers mount packs read-only"


def test_workers_serve_the_runtimes_they_were_told_to(api: httpx.Client) -> None:
    workers = api.get("/api/v1/workers").json()["results"]
    served = [set(item["runtimes"]) for item in workers]
    told = [{"node"}, {"python"}, {"shell"}]
    assert all(one in served for one in told)
    [everything] = [one for one in served if one not in told]  # it was told nothing, and serves what the machine has
    assert everything >= {"python", "shell"}


def test_plain_http_is_sent_to_https_but_for_checks_and_metrics(stack: Stack) -> None:
    with stack.client() as plain:
        assert plain.get("/api/v1/executions").headers["Location"] == "https://localhost/api/v1/executions"
        assert plain.get("/healthz").status_code == 200
        assert plain.get("/readyz").status_code == 200
        assert plain.get("/metrics").status_code == 401


def test_prometheus_scrapes_with_the_token_of_the_secret(stack: Stack, api: httpx.Client) -> None:
    api.post("/api/v1/executions", json={"action": "core.noop", "wait_s": 30})
    token = (stack.folder / "secrets" / "metrics_token").read_text().strip()
    with stack.client(Authorization=f"Bearer {token}") as prometheus:
        families = {item.name: item for item in text_string_to_metric_families(prometheus.get("/metrics").text)}
    workers = {item.labels["status"]: item.value for item in families["attune_workers"].samples}
    assert workers == {"active": WORKERS, "refusing": 0, "cordoned": 0, "draining": 0}


def test_a_console_behind_the_proxy_takes_the_first_administrator(stack: Stack) -> None:
    password = (stack.folder / "secrets" / "admin_password").read_text().strip()
    with stack.client(**{"X-Forwarded-Proto": "https", "Origin": "https://localhost"}) as browser:
        page = browser.get("/admin/login/", follow_redirects=True)
        cookie = page.headers["Set-Cookie"].partition(";")[0]
        form = {
            "username": "admin",
            "password": password,
            "csrfmiddlewaretoken": cookie.partition("=")[2],
            "next": "/admin/",
        }
        entered = browser.post(
            "/admin/login/", data=form, headers={"Cookie": cookie, "Referer": "https://localhost/admin/login/"}
        )
    assert (entered.status_code, entered.headers["Location"]) == (302, "/admin/")
    assert all("Secure" in value for value in entered.headers.get_list("Set-Cookie"))


def test_what_they_write_is_one_json_object_a_line(stack: Stack) -> None:
    for service in SERVICES:
        for line in stack.log(service).read_text().splitlines():
            assert "message" in json.loads(line), f"{service}: {line}"


def test_each_ends_by_itself_when_it_is_told_to(stack: Stack, api: httpx.Client) -> None:
    for service in reversed(SERVICES):
        assert stack.end(service) in (0, -15), stack.log(service).read_text()
