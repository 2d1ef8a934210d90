from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.api.executions import bulk
from apps.executions.states import Status
from tests.factories import make_action, make_execution
from tests.people import People
from tests.running import status_of

URL = "/api/v1/executions/bulk"


def test_the_answer_says_for_each_how_it_went(owner: APIClient, people: People) -> None:
    waiting = make_execution(requested_by_id=people.owner.pk)
    foreign = make_execution(requested_by_id=people.teammate.pk)
    answer = owner.post(URL, {"ids": [waiting.pk, foreign.pk], "operation": "cancel"})
    assert answer.status_code == 202
    assert answer.json()["results"] == [
        {"id": waiting.pk, "ok": True, "new_id": None, "code": "", "detail": ""},
        {"id": foreign.pk, "ok": False, "new_id": None, "code": "unknown_execution",
         "detail": f"There is no execution {foreign.pk}."},
    ]  # fmt: skip
    assert (status_of(waiting), status_of(foreign)) == ("canceled", "scheduled")


def test_what_fits_a_filter_is_rerun(owner: APIClient, people: People) -> None:
    action = make_action()
    mine = {"requested_by_id": people.owner.pk}
    failed = [make_execution(action, status=Status.FAILED, labels={"team": "a"}, **mine) for _ in range(2)]
    make_execution(action, status=Status.SUCCEEDED, labels={"team": "a"}, **mine)
    make_execution(action, status=Status.FAILED, requested_by_id=people.teammate.pk, labels={"team": "a"})
    body = {"filter": {"status": "failed", "label": ["team:a"]}, "operation": "rerun"}
    results = owner.post(URL, body).json()["results"]
    assert [item["id"] for item in results] == [failed[1].pk, failed[0].pk]
    made = [owner.get(f"/api/v1/executions/{item['new_id']}").json() for item in results]
    assert [item["rerun_of"] for item in made] == [item["id"] for item in results]


def test_a_filter_that_fits_more_goes_on_with_a_cursor(
    owner: APIClient, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MAX_BULK", 2)
    rows = [make_execution(requested_by_id=people.owner.pk) for _ in range(5)]
    make_execution(requested_by_id=people.owner.pk, status=Status.SUCCEEDED)
    done: list[int] = []
    body: dict[str, Any] = {"filter": {"action": rows[0].action_ref}, "operation": "cancel"}
    while True:
        answer = owner.post(URL, body).json()
        done += [item["id"] for item in answer["results"]]
        if answer["next"] is None:
            break
        body["cursor"] = answer["next"]
    assert done == [row.pk for row in reversed(rows)]
    assert {status_of(row) for row in rows} == {"canceled"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"operation": "cancel"}, "/ids"), ({"ids": [1], "filter": {}, "operation": "cancel"}, "/ids"),
        ({"ids": [], "operation": "cancel"}, "/ids"), ({"ids": ["1"], "operation": "cancel"}, "/ids/0"),
        ({"ids": [True], "operation": "cancel"}, "/ids/0"),
        ({"ids": list(range(501)), "operation": "cancel"}, "/ids"), ({"ids": [1]}, "/operation"),
        ({"ids": [1], "operation": "pause"}, "/operation"),
        ({"ids": [1], "operation": "cancel", "status": "x"}, "/status"),
        ({"filter": {"colour": "red"}, "operation": "cancel"}, "/filter/colour"),
        ({"filter": {"status": "red"}, "operation": "cancel"}, "/filter/status"),
        ({"filter": {"status": 1}, "operation": "cancel"}, "/filter/status"),
        ({"filter": {"status": ["failed"]}, "operation": "cancel"}, "/filter/status"),
        ({"filter": {"label": [1]}, "operation": "cancel"}, "/filter/label"),
        ({"filter": [], "operation": "cancel"}, "/filter"),
        ({"filter": {}, "cursor": "x", "operation": "cancel"}, "/cursor"),
        ({"ids": [1], "cursor": "x", "operation": "cancel"}, "/cursor"),
    ],
)  # fmt: skip
def test_a_body_that_means_nothing_is_400(owner: APIClient, body: dict[str, Any], pointer: str) -> None:
    answer = owner.post(URL, body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


def test_strangers_do_nothing(stranger: APIClient) -> None:
    assert stranger.post(URL, {"ids": [1], "operation": "cancel"}).status_code == 401
