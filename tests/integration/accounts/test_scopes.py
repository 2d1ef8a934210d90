"""What a grant lets somebody see and do, by where it holds."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import Identity
from apps.accounts.permissions import Verb, may
from apps.accounts.services.tokens import issue_token
from apps.executions.models import Execution, Gate, Policy
from apps.executions.states import Status
from tests.factories import make_action, make_execution, make_gate, make_policy
from tests.people import People, client_of, make_identity

API = "/api/v1"
LOOK = ("action.view", "execution.view", "gate.view", "policy.view", "pack.view", "environment.view")


@pytest.fixture
def of_aws(people: People) -> Identity:
    """Somebody who may everything there is to do with the pack aws, and nothing else."""
    return make_identity("ann", role="aws", grants=("*@pack:aws",))


@pytest.fixture
def world(people: People) -> dict[str, Execution]:
    """The packs `aws` and `aws.s3`, whose refs begin alike, and `web`."""
    places = {"aws": "resize", "aws.s3": "upload", "web": "deploy"}
    return {
        pack: make_execution(
            make_action(name, pack=pack), requested_by_id=people.owner.pk, status=Status.FAILED, ended_at=timezone.now()
        )
        for pack, name in places.items()
    }


def seen(client: APIClient, path: str, field: str) -> set[Any]:
    answer = client.get(f"{API}/{path}")
    assert answer.status_code == 200, answer.content
    return {item[field] for item in answer.json()["results"]}


def test_a_pack_is_the_pack_and_not_those_whose_ref_begins_like_it(
    of_aws: Identity, world: dict[str, Execution]
) -> None:
    client = client_of(of_aws)
    assert seen(client, "executions", "action") == {"aws.resize"}
    assert seen(client, "actions", "ref") == {"aws.resize"}
    assert seen(client, "packs", "ref") == {"aws"}
    assert client.get(f"{API}/executions/stats").json()["by_status"]["failed"] == 1


def test_a_ref_is_that_one_action(people: People, world: dict[str, Execution]) -> None:
    ann = make_identity(
        "ann", role="one", grants=tuple(f"{verb}@ref:aws.s3.upload" for verb in ("action.view", "execution.view"))
    )
    client = client_of(ann)
    assert seen(client, "executions", "action") == seen(client, "actions", "ref") == {"aws.s3.upload"}


def test_own_are_those_one_asked_for(owner: APIClient, teammate: APIClient, world: dict[str, Execution]) -> None:
    assert len(seen(owner, "executions", "id")) == 3
    assert seen(teammate, "executions", "id") == set()


def test_scopes_add_up(people: People, world: dict[str, Execution]) -> None:
    grants = ("execution.view@pack:web", "execution.view@ref:aws.s3.upload", "execution.view@own")
    ann = make_identity("ann", role="mixed", grants=grants)
    mine = make_execution(make_action("resize", pack="aws"), requested_by_id=ann.pk)
    assert seen(client_of(ann), "executions", "id") == {world["web"].pk, world["aws.s3"].pk, mine.pk}


@pytest.mark.parametrize(
    "path",
    ["", "/result", "/history", "/attempts", "/children", "/logs", "/logs/stdout", "/artifacts"],
)
def test_what_is_out_of_scope_is_not_there(of_aws: Identity, world: dict[str, Execution], path: str) -> None:
    client = client_of(of_aws)
    assert client.get(f"{API}/executions/{world['aws'].pk}{path}").status_code == 200
    assert client.get(f"{API}/executions/{world['aws.s3'].pk}{path}").status_code == 404


def test_references_in_a_body_are_looked_at(of_aws: Identity, world: dict[str, Execution]) -> None:
    client = client_of(of_aws)
    here, there = world["aws"].pk, world["web"].pk

    def post(path: str, body: Any) -> tuple[int, Any]:
        answer = client.post(f"{API}/{path}", body, format="json")
        return answer.status_code, answer.json()

    assert post("executions", {"action": "aws.resize"})[0] == 201
    assert post("executions", {"action": "web.deploy"})[0] == 404
    assert post("executions", {"action": "aws.s3.upload"})[0] == 404
    assert post("executions/batch", {"executions": [{"action": "aws.resize"}, {"action": "web.deploy"}]})[0] == 404
    assert post(f"executions/{there}/rerun", {})[0] == post(f"executions/{there}/cancel", None)[0] == 404
    assert post(f"executions/{here}/rerun", {})[0] == 201
    bulk = post("executions/bulk", {"operation": "rerun", "ids": [here, there]})[1]["results"]
    assert [(item["id"], item["ok"]) for item in bulk] == [(here, True), (there, False)]
    fitting = post("executions/bulk", {"operation": "rerun", "filter": {"status": "failed"}})[1]["results"]
    assert {item["id"] for item in fitting} == {here}
    rule = {"name": "x", "limit": 1}
    assert post("policies", {**rule, "scope": "action", "subject": "web.deploy"})[0] == 403
    assert post("policies", {**rule, "scope": "pack", "subject": "aws.s3"})[0] == 403
    assert post("policies", {**rule, "scope": "system"})[0] == 403
    assert post("policies", {**rule, "scope": "action", "subject": "aws.resize"})[0] == 201
    assert post("policies", {**rule, "name": "y", "scope": "pack", "subject": "aws"})[0] == 201


def test_policies_and_gates_are_in_the_pack_of_what_they_limit(of_aws: Identity, world: dict[str, Execution]) -> None:
    named: dict[str, dict[str, str]] = {
        "of aws": {"scope": "pack", "subject": "aws"},
        "of resize": {"scope": "action", "subject": "aws.resize"},
        "of upload": {"scope": "action", "subject": "aws.s3.upload"},
        "of all": {"scope": "system"},
    }
    for name, fields in named.items():
        make_gate(make_policy(name, **fields))
    client = client_of(of_aws)
    assert seen(client, "policies", "name") == {"of aws", "of resize"}
    assert seen(client, "gates", "policy") == {"of aws", "of resize"}
    hidden, shown = (Gate.objects.get(policy__name=name) for name in ("of upload", "of resize"))
    assert client.patch(f"{API}/gates/{hidden.pk}", {"limit": 0}, format="json").status_code == 404
    assert client.patch(f"{API}/gates/{shown.pk}", {"limit": 0}, format="json").status_code == 200
    foreign = Policy.objects.get(name="of all").pk
    assert client.delete(f"{API}/policies/{foreign}").status_code == 404


def test_who_sees_and_may_not_is_told_so_and_who_does_not_see_is_not(
    people: People, world: dict[str, Execution]
) -> None:
    ann = make_identity("ann", role="looks", grants=(*LOOK, "execution.run@pack:aws", "execution.cancel@own"))
    client = client_of(ann)
    refused = client.post(f"{API}/executions", {"action": "web.deploy"}, format="json")
    assert (refused.status_code, refused.json()["code"], refused.json()["verb"]) == (403, "forbidden", "execution.run")
    live = make_execution(make_action("deploy", pack="web"), requested_by_id=people.owner.pk)
    assert client.post(f"{API}/executions/{live.pk}/cancel").status_code == 403
    assert Execution.objects.get(pk=live.pk).status == Status.SCHEDULED


def test_without_a_role_one_sees_oneself(people: People, world: dict[str, Execution]) -> None:
    nobody = make_identity("nobody")
    client = client_of(nobody)
    me = client.get(f"{API}/auth/me").json()
    assert me["verbs"] == ["self.manage", "self.view"]
    assert client.get(f"{API}/identities/nobody").status_code == 200
    assert client.get(f"{API}/identities/owner").status_code == 404
    for path in ("executions", "actions", "packs", "tokens", "identities", "roles", "workers", "gates", "stream"):
        assert client.get(f"{API}/{path}").status_code == 403, path
    assert client.post(f"{API}/executions", {"action": "aws.resize"}, format="json").status_code == 403


def test_somebody_switched_off_may_nothing(people: People) -> None:
    people.administrator.is_active = False
    assert not any(may(people.administrator, verb) for verb in Verb)


@pytest.mark.parametrize("count", [1, 20])
def test_scopes_cost_the_same_however_many_there_are(people: People, count: int) -> None:
    """One query for the roles, none for each of them."""
    grants = [f"execution.view@pack:p{number}" for number in range(count)]
    ann = make_identity("ann", role="first", grants=tuple(grants))
    client = client_of(ann)
    for number in range(3):
        make_execution(make_action(pack=f"p{number}"))
    client.get(f"{API}/executions")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(f"{API}/executions")
    assert len(queries) == 4, [query["sql"][:200] for query in queries]


def test_a_token_is_bound_by_its_grants_in_every_list(people: People, world: dict[str, Execution]) -> None:
    bind: Callable[..., APIClient] = lambda *grants: APIClient(  # noqa: E731 - said once
        HTTP_AUTHORIZATION=f"Bearer {issue_token(people.administrator, name='x', grants=grants).text}"
    )
    client = bind("execution.view@pack:aws", "action.view")
    assert seen(client, "executions", "action") == {"aws.resize"}
    assert len(seen(client, "actions", "ref")) == 3
    assert client.get(f"{API}/packs").status_code == 403
    assert client.get(f"{API}/executions/{world['web'].pk}").status_code == 404
    assert client.post(f"{API}/executions", {"action": "aws.resize"}, format="json").status_code == 403
    me = client.get(f"{API}/auth/me").json()
    assert me["verbs"] == ["action.view", "execution.view", "self.view"]
    assert me["token_grants"] == [["action.view", "execution.view@pack:aws", "self.view"]]


def test_keys_of_a_pack_are_also_those_of_its_actions(of_aws: Identity, people: People) -> None:
    for pack, name in (("aws", "resize"), ("aws.s3", "upload")):
        make_action(name, pack=pack)
    client, administrator = client_of(of_aws), client_of(people.administrator)
    refs = ("cloud", "pack:aws:db", "action:aws.resize:db", "pack:aws.s3:db", "action:aws.s3.upload:db")
    for ref in refs:
        assert administrator.put(f"{API}/keys/{ref}", {"value": "hush-hush"}, format="json").status_code == 201
    mine = {"pack:aws:db", "action:aws.resize:db"}
    assert seen(client, "keys", "ref") == mine
    for ref in refs:
        expected = 200 if ref in mine else 404
        assert client.post(f"{API}/keys/{ref}/reveal").status_code == expected, ref
    assert client.put(f"{API}/keys/cloud", {"value": "another-one"}, format="json").status_code == 403
    assert client.put(f"{API}/keys/pack:aws:new", {"value": "another-one"}, format="json").status_code == 201
    assert client.post(f"{API}/keyring/rotate").status_code == 403


def test_keys_that_may_be_seen_are_not_all_to_be_changed(people: People) -> None:
    make_action("resize", pack="aws")
    administrator = client_of(people.administrator)
    for ref in ("cloud", "pack:aws:db"):
        administrator.put(f"{API}/keys/{ref}", {"value": "hush-hush"}, format="json")
    grants = ("key.view", "key.manage@pack:aws", "key.reveal@ref:aws.resize")
    client = client_of(make_identity("ann", role="aws", grants=grants))
    assert client.patch(f"{API}/keys/pack:aws:db", {"description": "mine"}, format="json").status_code == 404
    named = (
        administrator.get(f"{API}/keys/pack:aws:db").json()["id"],
        administrator.get(f"{API}/keys/cloud").json()["id"],
    )
    answers = [client.patch(f"{API}/keys/{key}", {"description": "mine"}, format="json").status_code for key in named]
    assert answers == [200, 403]
    assert [client.post(f"{API}/keys/{key}/reveal").status_code for key in named] == [403, 403]
    assert [client.delete(f"{API}/keys/{key}").status_code for key in named] == [204, 403]


def test_a_pack_is_configured_by_who_may_manage_that_pack(of_aws: Identity, people: People) -> None:
    for pack in ("aws", "web"):
        make_action(pack=pack)
    ann = make_identity("bob", role="web", grants=("pack.view", "pack.manage@pack:web"))
    body: dict[str, Any] = {"values": {}}
    assert client_of(ann).put(f"{API}/packs/web/config", body, format="json").status_code == 200
    assert client_of(ann).put(f"{API}/packs/aws/config", body, format="json").status_code == 403
    assert client_of(of_aws).put(f"{API}/packs/web/config", body, format="json").status_code == 404
