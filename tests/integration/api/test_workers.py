from rest_framework.test import APIClient

from apps.executions.states import Status
from tests.factories import make_execution, make_worker

URL = "/api/v1/workers"


def test_workers_are_listed_with_how_much_they_run(owner: APIClient) -> None:
    busy, idle = make_worker("busy", labels={"zone": "a"}), make_worker("idle", status="stopped", pool="gpu")
    for _ in range(3):
        make_execution(status=Status.RUNNING, worker_id=busy.pk)
    make_execution(status=Status.SUCCEEDED, worker_id=busy.pk)
    found = owner.get(URL).json()["results"]
    assert [(item["name"], item["running"], item["slots"], item["labels"]) for item in found] == [
        ("idle", 0, 10, {}),
        ("busy", 3, 10, {"zone": "a"}),
    ]
    assert [item["name"] for item in owner.get(URL, {"status": "active,draining"}).json()["results"]] == ["busy"]
    assert [item["name"] for item in owner.get(URL, {"pool": "gpu"}).json()["results"]] == [idle.name]
    assert owner.get(URL, {"status": "asleep"}).status_code == 400
