from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.core.redis import breaker, client
from apps.runtimes.models import Environment
from tests.conftest import messages_in
from tests.factories import make_action, make_runtimes, make_worker
from tests.redis_trouble import keep_redis_away

URL = "/api/v1/environments"
PACK = "/api/v1/packs/demo/environments"
QUEUE = "build.default.python"


@pytest.fixture(autouse=True)
def pack(monkeypatch: pytest.MonkeyPatch, administrator: APIClient) -> None:
    make_runtimes("python", "shell")
    make_action(runtime="python", entry_point="deploy.py")
    monkeypatch.setattr("apps.workers.builds.has_dependencies", lambda *_: True)


def make_environment(**fields: Any) -> Environment:
    return Environment.objects.create(**{"pack_ref": "demo", "runtime": "python", "volume_id": "v1", **fields})


def test_environments_are_listed_without_and_of_a_pack_with_their_logs(owner: APIClient) -> None:
    make_environment(status="ready", log="built\n", packages={"idna": "3.7"}, generation=2)
    make_environment(pack_ref="other", status="failed", error="no such package")
    assert [item["pack"] for item in owner.get(URL).json()["results"]] == ["other", "demo"]
    assert all("log" not in item for item in owner.get(URL).json()["results"])
    (mine,) = owner.get(PACK).json()["results"]
    assert (mine["log"], mine["packages"], mine["generation"]) == ("built\n", {"idna": "3.7"}, 2)
    assert [item["error"] for item in owner.get(URL, {"status": "failed,pending"}).json()["results"]] == [
        "no such package"
    ]
    assert len(owner.get(URL, {"pack": "demo", "runtime": "python"}).json()["results"]) == 1
    assert owner.get(URL, {"status": "odd"}).status_code == 400
    assert owner.get("/api/v1/packs/nothing/environments").json()["code"] == "unknown_pack"


DEEDS = {
    "ensure": "workers.build",
    "rebuild": "workers.build",
    "rollback": "workers.rollback",
    "validate": "workers.validate_environment",
}


def test_what_a_pack_has_for_one_runtime_tells_its_executable_and_what_is_broken(owner: APIClient) -> None:
    make_environment(status="outdated", executable="/envs/demo/bin/python", problems=["toy: gone"], disk_bytes=7)
    make_environment(runtime="shell")
    (mine,) = owner.get(f"{PACK}/python").json()["results"]
    assert (mine["executable"], mine["problems"], mine["needs_update"]) == (
        "/envs/demo/bin/python",
        ["toy: gone"],
        True,
    )
    assert (mine["disk_bytes"], mine["validated_at"], mine["log"]) == (7, None, "")
    assert owner.get(f"{PACK}/cobol").json()["results"] == []


def test_how_much_disk_is_taken_is_told_by_volume(owner: APIClient) -> None:
    assert owner.get(f"{URL}/usage").json() == {"disk_bytes": 0, "volumes": []}
    for number, volume in enumerate(("v1", "v1", "v2"), start=1):
        make_environment(pack_ref=f"p{number}", volume_id=volume, disk_bytes=number)
    assert owner.get(f"{URL}/usage").json() == {
        "disk_bytes": 6,
        "volumes": [
            {"volume": "v1", "environments": 2, "disk_bytes": 3},
            {"volume": "v2", "environments": 1, "disk_bytes": 3},
        ],
    }


def test_a_removal_and_a_cleanup_ask_a_worker_on_each_volume(administrator: APIClient) -> None:
    for name, volume in (("a", "v1"), ("b", "v1"), ("c", "v2")):
        make_worker(name, volume_id=volume, queues=[QUEUE, "run.default.python"])
    assert administrator.delete(f"{PACK}/python").json() == {"volumes": 2}
    assert "workers.remove_environment" in str(client().lindex(QUEUE, 0))
    answer = administrator.post(f"{URL}/cleanup", {"keep_recent": 0}, format="json")
    assert (answer.status_code, answer.json()) == (202, {"volumes": 2})
    assert "workers.clean_up_environments" in str(client().lindex(QUEUE, 0))
    assert messages_in(QUEUE) == 4


@pytest.mark.parametrize("body", [{"keep_recent": -1}, {"keep_recent": 101}, {"keep_recent": "3"}, {"all": True}])
def test_a_cleanup_of_no_sense_is_refused(administrator: APIClient, body: dict[str, Any]) -> None:
    answer = administrator.post(f"{URL}/cleanup", body, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"/{next(iter(body))}")


def test_an_environment_that_a_pack_no_longer_uses_can_be_removed(administrator: APIClient) -> None:
    make_environment(runtime="cobol")
    assert administrator.delete(f"{PACK}/cobol").status_code == 202


@pytest.mark.parametrize(("deed", "task"), DEEDS.items())
def test_one_worker_on_each_volume_is_asked(administrator: APIClient, deed: str, task: str) -> None:
    for name, volume in (("a", "v1"), ("b", "v1"), ("c", "v2")):
        make_worker(name, volume_id=volume, queues=[QUEUE])
    make_worker("gone", volume_id="v3", queues=[QUEUE], status="stopped")
    answer = administrator.post(f"{PACK}/python/{deed}")
    assert (answer.status_code, answer.json()) == (202, {"volumes": 2})
    assert messages_in(QUEUE) == 2
    assert task in str(client().lindex(QUEUE, 0))


def test_nobody_to_ask_is_told_and_redis_away_is_no_error(administrator: APIClient) -> None:
    assert administrator.post(f"{PACK}/python/rebuild").json() == {"volumes": 0}
    make_worker(queues=[QUEUE])
    keep_redis_away()
    try:
        assert administrator.post(f"{PACK}/python/rebuild").json() == {"volumes": 0}
    finally:
        breaker.reset()


def test_a_runtime_the_pack_does_not_use_is_404_and_a_body_is_refused(administrator: APIClient) -> None:
    for address in (f"{PACK}/cobol/rebuild", f"{PACK}/shell/rollback"):
        assert administrator.post(address).json()["code"] == "unknown_environment", address
    assert administrator.post("/api/v1/packs/nothing/environments/python/rebuild").json()["code"] == "unknown_pack"
    answer = administrator.post(f"{PACK}/python/rebuild", {"force": True}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/force")


def test_a_runtime_without_environments_is_no_lack_of_workers(administrator: APIClient) -> None:
    make_action("shell_only", runtime="shell", entry_point="deploy.sh")
    make_worker(queues=["build.default.shell"])
    for deed in DEEDS:
        answer = administrator.post(f"{PACK}/shell/{deed}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_environment"), deed
        assert answer.json()["detail"] == "Actions in shell need no environment: the runtime has none."


def test_only_who_may_builds(owner: APIClient, stranger: APIClient) -> None:
    for address in (f"{PACK}/python", f"{URL}/cleanup"):
        method = owner.post if address.endswith("cleanup") else owner.delete
        assert method(address).json()["verb"] == "environment.manage"
    for deed in DEEDS:
        assert owner.post(f"{PACK}/python/{deed}").json()["verb"] == "environment.manage"
        assert stranger.post(f"{PACK}/python/{deed}").status_code == 401
