import pytest
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


def test_a_worker_is_shown_by_its_name_the_living_one_first(owner: APIClient) -> None:
    make_worker("w1", status="lost")
    living = make_worker("w1", refusal="the database has tables of version 9", is_stopping=True)
    make_worker("w2", status="stopped")
    make_execution(status=Status.RUNNING, worker_id=living.pk)
    found = owner.get(f"{URL}/w1").json()
    assert (found["status"], found["running"], found["is_stopping"]) == ("active", 1, True)
    assert found["refusal"] == "the database has tables of version 9"
    assert owner.get(f"{URL}/w2").json()["status"] == "stopped"
    assert owner.get(f"{URL}/w2", {"fields": "name,refusal"}).json() == {"name": "w2", "refusal": None}
    missing = owner.get(f"{URL}/w9")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_worker")


@pytest.mark.parametrize(
    ("duty", "answer", "status"), [("cordon", 200, "cordoned"), ("drain", 202, "draining"), ("uncordon", 200, "active")]
)
def test_administrators_say_whether_a_worker_takes_work(
    administrator: APIClient, owner: APIClient, duty: str, answer: int, status: str
) -> None:
    worker = make_worker("w1", status="cordoned" if duty == "uncordon" else "active")
    make_execution(status=Status.RUNNING, worker_id=worker.pk)
    assert owner.post(f"{URL}/w1/{duty}").json()["code"] == "forbidden"
    assert APIClient().post(f"{URL}/w1/{duty}").status_code == 401
    for _ in range(2):
        done = administrator.post(f"{URL}/w1/{duty}")
        assert done.status_code == answer
        assert (done.json()["name"], done.json()["status"], done.json()["running"]) == ("w1", status, 1)
    worker.refresh_from_db()
    assert worker.status == status


@pytest.mark.parametrize("duty", ["cordon", "uncordon", "drain"])
def test_what_cannot_be_asked_of_a_worker_says_why(administrator: APIClient, duty: str) -> None:
    make_worker("gone", status="lost")
    make_worker("ending", status="draining", is_stopping=True)
    for name in ("nobody", "gone"):
        unknown = administrator.post(f"{URL}/{name}/{duty}")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_worker")
    stopping = administrator.post(f"{URL}/ending/{duty}")
    assert (stopping.status_code, stopping.json()["code"]) == (409, "worker_stopping")
    assert administrator.post(f"{URL}/ending/{duty}", {"force": True}, format="json").status_code == 400
    assert administrator.get(f"{URL}/ending/{duty}").status_code == 405
