from typing import Any

from rest_framework.test import APIClient

from apps.accounts.models import Identity
from apps.actions.services.lookup import set_action_enabled
from apps.executions.models import Execution
from tests.factories import make_action
from tests.people import People, client_of
from tests.threads import race

URL = "/api/v1/executions"


def post(client: APIClient, key: str, n: int = 1, *, url: str = URL) -> Any:
    wish = {"action": "demo.deploy", "parameters": {"n": n}}
    body = {"executions": [wish]} if url.endswith("batch") else wish
    return client.post(url, body, format="json", HTTP_IDEMPOTENCY_KEY=key)


def test_a_key_belongs_to_who_gave_it(owner: APIClient, teammate: APIClient) -> None:
    make_action(parameters={"n": {"type": "integer"}})
    first, second = post(owner, "k"), post(teammate, "k", 2)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


def test_a_batch_is_repeated_as_a_whole_and_is_not_a_single_request(owner: APIClient) -> None:
    make_action(parameters={"n": {"type": "integer"}})
    first, again = (post(owner, "k", url=f"{URL}/batch") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["results"][0]["id"] == again.json()["results"][0]["id"]
    assert post(owner, "k").status_code == 422


def test_a_refused_request_does_not_use_its_key_up(owner: APIClient) -> None:
    make_action(parameters={"n": {"type": "integer"}})
    wrong = {"action": "demo.deploy", "parameters": {"n": "x"}}
    assert owner.post(URL, wrong, format="json", HTTP_IDEMPOTENCY_KEY="k").status_code == 400
    assert post(owner, "k").status_code == 201


def test_the_same_request_many_times_at_once_is_one_execution(people: People) -> None:
    make_action(parameters={"n": {"type": "integer"}})
    clients = [client_of(people.owner) for _ in range(4)]
    answers = race(4, lambda index: post(clients[index], "k"))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == Execution.objects.count() == 1


def test_a_key_that_is_none_is_400(owner: APIClient) -> None:
    make_action(parameters={"n": {"type": "integer"}})
    for key in ("", "x" * 256, "\x00", "a\tb", "\n", "\x7f"):
        assert post(owner, key).json()["errors"][0]["pointer"] == "/headers/Idempotency-Key", repr(key)
    assert not Execution.objects.exists()


def test_a_request_is_repeated_also_when_it_would_be_refused_by_now(owner: APIClient) -> None:
    """Its first answer may have been lost; to refuse it now would say that it never ran."""
    make_action(parameters={"n": {"type": "integer"}})
    first = post(owner, "k")
    set_action_enabled(Identity.objects.get(username="administrator"), ref="demo.deploy", enabled=False)
    again = post(owner, "k")
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert post(owner, "another").status_code == 409
