"""Tokens of what runs: at most what who asked for it may, and gone with the attempt."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import ApiToken, ExecutionLimits, Identity
from apps.accounts.services.tokens import issue_token, prove_token
from apps.audit.models import AuditRecord
from apps.executions.api_tokens import NobodyAsked, api_token_for, end_api_tokens, sweep_api_tokens
from apps.executions.definitions import definition_of
from apps.executions.models import Execution
from apps.executions.services.lost import end_lost
from apps.executions.states import Status
from apps.executions.transitions import Claimed, claim
from apps.workers.models import Worker
from tests.factories import make_action, make_worker
from tests.people import People, client_of

RUN = "/api/v1/executions"


def ask(client: APIClient) -> int:
    make_action(api=["execution.view", "execution.run@pack:demo"])
    answer = client.post(RUN, {"action": "demo.deploy"}, format="json")
    assert answer.status_code == 201, answer.content
    return int(answer.json()["id"])


def claimed(execution_id: int) -> Claimed:
    worker = Worker.objects.filter(status="active").first() or make_worker()
    taken = claim(execution_id, attempt=1, worker_id=worker.pk)
    assert taken is not None
    return taken


def token_of(run: Claimed) -> str:
    return api_token_for(run, definition_of(run.definition_id))


def test_it_may_what_the_action_asks_for_and_who_asked_may(people: People) -> None:
    run = claimed(ask(client_of(people.owner)))
    text = token_of(run)
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {text}")
    assert client.get("/api/v1/auth/me").json()["username"] == "owner"
    assert [item["id"] for item in client.get(RUN).json()["results"]] == [run.id]
    assert client.post(RUN, {"action": "demo.deploy"}, format="json").status_code == 201
    recorded = AuditRecord.objects.filter(facts__execution=run.id)
    assert list(recorded.values_list("who", "deed")) == [("owner", "execution.run")], "for whom, and by which execution"
    assert client.get("/api/v1/workers").status_code == 403
    assert client.get("/api/v1/tokens").status_code == 403
    row = ApiToken.objects.get(execution_id=run.id)
    assert row.expires_at is not None
    assert timezone.now() < row.expires_at < timezone.now() + timedelta(seconds=run.timeout_s + 61)
    assert text not in str(client_of(people.owner).get("/api/v1/tokens").json())


def test_an_action_that_asks_for_none_gets_none(people: People) -> None:
    make_action("plain")
    answer = client_of(people.owner).post(RUN, {"action": "demo.plain"}, format="json")
    assert token_of(claimed(answer.json()["id"])) == ""
    assert not ApiToken.objects.filter(execution_id__isnull=False).exists()


def test_it_ends_with_the_attempt(people: People) -> None:
    run = claimed(ask(client_of(people.owner)))
    text = token_of(run)
    end_api_tokens(run.id, definition_of(run.definition_id), attempt=run.attempt)
    assert prove_token(text) is None


def test_what_it_issues_ends_with_it(people: People) -> None:
    make_action(api=["token.manage@own", "token.view@own"])
    run = claimed(int(client_of(people.owner).post(RUN, {"action": "demo.deploy"}, format="json").json()["id"]))
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token_of(run)}")
    wish = {"name": "stays", "expires_at": timezone.now() + timedelta(seconds=run.timeout_s / 2)}
    issued = client.post("/api/v1/tokens", wish, format="json").json()["token"]
    again = APIClient(HTTP_AUTHORIZATION=f"Bearer {issued}").post("/api/v1/tokens", wish, format="json")
    assert again.status_code == 201
    end_api_tokens(run.id, definition_of(run.definition_id), attempt=run.attempt)
    assert prove_token(issued) is None
    assert prove_token(again.json()["token"]) is None


def test_it_ends_with_a_worker_that_is_lost_and_none_is_made_behind_that(people: People) -> None:
    run = claimed(ask(client_of(people.owner)))
    text = token_of(run)
    Worker.objects.update(status=Worker.Status.LOST)
    end_lost()
    assert Execution.objects.get(pk=run.id).status == Status.REQUESTED
    assert prove_token(text) is None
    with pytest.raises(NobodyAsked):
        token_of(run)


def test_asked_for_with_a_bound_token_it_is_bound_alike(people: People) -> None:
    bound = issue_token(people.administrator, name="x", grants=["execution.run", "action.view"]).text
    run = claimed(ask(APIClient(HTTP_AUTHORIZATION=f"Bearer {bound}")))
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token_of(run)}")
    assert client.get(RUN).status_code == 403
    child = client.post(RUN, {"action": "demo.deploy"}, format="json").json()["id"]
    assert len(ExecutionLimits.objects.get(pk=child).limits) == 2
    Execution.objects.update(status=Status.SUCCEEDED)
    sweep_api_tokens()
    assert not ExecutionLimits.objects.exists()


def test_nothing_runs_for_somebody_switched_off(people: People) -> None:
    run = claimed(ask(client_of(people.owner)))
    Identity.objects.filter(pk=people.owner.pk).update(is_active=False)
    with pytest.raises(NobodyAsked):
        token_of(run)
