"""A secret that came in never comes out, whatever is asked afterwards and whatever went wrong meanwhile."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.accounts.services.tokens import issue_token
from apps.executions.models import Execution
from tests.factories import make_action, make_worker
from tests.people import People
from tests.running import claimed, end

URL = "/api/v1/executions"
CANARY = "sw0rdf1sh-canary"
PARAMETERS = {
    "token": {"type": "string", "secret": True, "minLength": 5},
    "deep": {"type": "object", "secret": True},
    "host": {"type": "string"},
}


@pytest.fixture(autouse=True)
def action(fresh: None) -> None:
    make_action(parameters=PARAMETERS, concurrency={"limit": 1})


def run(client: APIClient, parameters: dict[str, Any], **more: Any) -> Any:
    return client.post(URL, {"action": "demo.deploy", "parameters": parameters}, format="json", **more)


def test_no_answer_repeats_a_secret_parameter(owner: APIClient, administrator: APIClient) -> None:
    pk = run(owner, {"token": CANARY, "deep": {"a": [CANARY]}, "host": "a"}).json()["id"]
    again = owner.post(f"{URL}/{pk}/rerun", {"parameters": {"token": CANARY + "2"}}, format="json")
    batch = owner.post(
        f"{URL}/batch", {"executions": [{"action": "demo.deploy", "parameters": {"token": CANARY}}]}, format="json"
    )
    for answer in (again, batch):
        assert (answer.status_code, CANARY.encode() in answer.content) == (201, False)
    end(claimed(Execution.objects.get(pk=pk), make_worker()))
    lists = ["actions", "environments", "executions", "gates", "operations", "packs", "policies", "runtimes", "workers"]
    addresses = [f"/api/v1/{name}" for name in lists]
    addresses += [
        f"{URL}/{pk}{more}" for more in ("", "/result", "/history", "/attempts", "/children", "/logs", "/artifacts")
    ]
    addresses += ["/api/v1/actions/demo.deploy/queue-stats", "/api/v1/gates/1"]
    for client in (owner, administrator):
        for address in addresses:
            assert CANARY.encode() not in client.get(address).content, address


@pytest.mark.parametrize(
    "parameters",
    [
        {"token": [CANARY]},
        {"token": {"x": CANARY}},
        {"deep": CANARY},
        {"deep": {"a": CANARY}, "host": 5},
        {"token": CANARY, "colour": "red"},
    ],
)
def test_a_refused_request_does_not_repeat_it_either(owner: APIClient, parameters: dict[str, Any]) -> None:
    answer = run(owner, parameters)
    assert (answer.status_code, CANARY.encode() in answer.content) == (400, False)
    answer = owner.post(
        f"{URL}/batch", {"executions": [{"action": "demo.deploy", "parameters": parameters}]}, format="json"
    )
    assert (answer.status_code, CANARY.encode() in answer.content) == (400, False)


def test_a_key_used_again_with_another_secret_is_422_without_either(owner: APIClient) -> None:
    assert run(owner, {"token": CANARY}, HTTP_IDEMPOTENCY_KEY="k").status_code == 201
    assert run(owner, {"token": CANARY}, HTTP_IDEMPOTENCY_KEY="k").status_code == 200
    answer = run(owner, {"token": CANARY + "2"}, HTTP_IDEMPOTENCY_KEY="k")
    assert (answer.status_code, CANARY.encode() in answer.content) == (422, False)


def test_a_policy_cannot_bring_a_secret_to_light_by_its_key(owner: APIClient, administrator: APIClient) -> None:
    wish = {"name": "by token", "scope": "system", "limit": 1, "key": "{{ token }}-{{ deep }}"}
    assert administrator.post("/api/v1/policies", wish, format="json").status_code == 201
    run(owner, {"token": CANARY, "deep": {"a": CANARY}})
    run(owner, {"token": CANARY})
    gates = administrator.get("/api/v1/gates").json()["results"]
    assert CANARY not in repr(gates)
    assert CANARY not in repr(owner.get(URL).json())


def test_the_secret_of_a_token_is_in_the_answer_that_made_it_and_in_no_other(
    owner: APIClient, administrator: APIClient, people: People
) -> None:
    secret = issue_token(people.owner, name="x").text.rpartition("_")[2].encode()
    for client in (owner, administrator):
        for address in ("/api/v1/tokens", "/api/v1/auth/me"):
            assert secret not in client.get(address).content
