"""Roles over REST: made, changed, given and taken back, and never more than who does it has."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import Identity, Role, RoleAssignment
from apps.accounts.shipped import SHIPPED, ensure_shipped_roles
from tests.factories import make_action
from tests.people import People, client_of, make_identity

ROLES, ASSIGNMENTS, EXPLAIN = "/api/v1/roles", "/api/v1/role-assignments", "/api/v1/access/explain"


@pytest.fixture
def keeper(people: People) -> APIClient:
    """Somebody who manages roles and identities, and may run what is in the pack demo."""
    grants = ("role.*", "identity.*", "action.view", "execution.run@pack:demo", "execution.view@own")
    return client_of(make_identity("keeper", role="keeper", grants=grants))


def make(client: APIClient, *grants: str, name: str = "mine") -> int:
    return client.post(ROLES, {"name": name, "grants": list(grants)}, format="json").status_code


def give(client: APIClient, **fields: object) -> int:
    return client.post(ASSIGNMENTS, fields, format="json").status_code


def may_run(identity: Identity) -> bool:
    answer = client_of(Identity.objects.get(pk=identity.pk)).post(
        "/api/v1/executions", {"action": "demo.deploy"}, format="json"
    )
    return answer.status_code == 201


def test_a_role_is_made_given_and_taken_back(administrator: APIClient, people: People) -> None:
    make_action()
    nobody = make_identity("nobody")
    assert not may_run(nobody)
    assert make(administrator, "execution.run@pack:demo", "execution.view@own") == 201
    given = administrator.post(ASSIGNMENTS, {"role": "mine", "identity": "nobody"}, format="json")
    assert (given.status_code, given.json()["assigned_by"]) == (201, "administrator")
    assert may_run(nobody)
    assert administrator.get(f"{ASSIGNMENTS}?identity=nobody").json()["results"] == [given.json()]
    assert administrator.delete(f"{ASSIGNMENTS}/{given.json()['id']}").status_code == 204
    assert not may_run(nobody)


def test_a_changed_role_holds_with_the_next_request(administrator: APIClient, people: People) -> None:
    make_action()
    nobody = make_identity("nobody")
    make(administrator, "execution.view")
    give(administrator, role="mine", identity="nobody")
    assert not may_run(nobody)
    changed = administrator.patch(f"{ROLES}/mine", {"grants": ["execution.run"]}, format="json")
    assert changed.json()["grants"] == ["execution.run"]
    assert may_run(nobody)
    assert administrator.delete(f"{ROLES}/mine").status_code == 204
    assert not may_run(nobody)


def test_a_role_ends_when_it_was_given_until(administrator: APIClient, people: People) -> None:
    make_action()
    nobody = make_identity("nobody")
    make(administrator, "execution.run")
    assert give(administrator, role="mine", identity="nobody", expires_at="2001-01-01T00:00:00Z") == 400
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    assert give(administrator, role="mine", identity="nobody", expires_at=until) == 201
    assert may_run(nobody)
    RoleAssignment.objects.filter(identity=nobody).update(expires_at=timezone.now())
    assert not may_run(nobody)
    assert give(administrator, role="mine", identity="nobody") == 201
    assert RoleAssignment.objects.filter(identity=nobody).count() == 1
    assert may_run(nobody)


def test_a_group_gives_its_role_to_its_members(administrator: APIClient, people: People) -> None:
    make_action()
    nobody = make_identity("nobody")
    make(administrator, "execution.run")
    assert administrator.post("/api/v1/groups", {"name": "night"}, format="json").status_code == 201
    assert give(administrator, role="mine", group="night") == 201
    group = administrator.patch("/api/v1/groups/night", {"members": ["nobody"]}, format="json").json()
    assert (group["roles"], group["members"], group["member_count"]) == (["mine"], ["nobody"], 1)
    assert may_run(nobody)
    administrator.patch("/api/v1/groups/night", {"members": []}, format="json")
    assert not may_run(nobody)


def test_nobody_gives_more_than_they_have(keeper: APIClient, people: People) -> None:
    ensure_shipped_roles()
    for grants in (["execution.run"], ["*"], ["execution.*"], ["execution.run@pack:other"], ["pack.install"],
                   ["execution.run@pack:demo", "worker.view"]):  # fmt: skip
        assert make(keeper, *grants) == 403, grants
    assert make(keeper, "execution.run@pack:demo", "role.view") == 201
    for role in ("admin", "operator", "viewer", "member"):
        assert give(keeper, role=role, identity="keeper") == 403, role
    assert give(keeper, role="mine", identity="keeper") == 201
    refused = keeper.patch(f"{ROLES}/mine", {"grants": ["execution.run"]}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours_to_give")
    member = RoleAssignment.objects.get(role__name="member", identity=people.owner)
    assert keeper.delete(f"{ASSIGNMENTS}/{member.pk}").status_code == 403
    assert Role.objects.get(name="mine").grants == ["execution.run@pack:demo", "role.view"]


def test_a_group_that_may_more_is_not_entered_or_changed(keeper: APIClient, administrator: APIClient) -> None:
    ensure_shipped_roles()
    keeper.post("/api/v1/groups", {"name": "night"}, format="json")
    assert give(administrator, role="operator", group="night") == 201
    assert keeper.patch("/api/v1/groups/night", {"members": ["keeper"]}, format="json").status_code == 403
    assert keeper.delete("/api/v1/groups/night").status_code == 403


def test_roles_that_come_with_attune_are_there_and_stay(administrator: APIClient) -> None:
    ensure_shipped_roles()
    ensure_shipped_roles()
    found = {row["name"]: row for row in administrator.get(ROLES).json()["results"]}
    assert {role.name for role in SHIPPED} == {"admin", "operator", "author", "approver", "viewer"} <= set(found)
    assert found["viewer"]["source"] == "shipped"
    for deed in (administrator.patch(f"{ROLES}/viewer", {"grants": ["*"]}, format="json"),
                 administrator.delete(f"{ROLES}/viewer")):  # fmt: skip
        assert (deed.status_code, deed.json()["code"]) == (409, "role_not_editable")
    assert make(administrator, "*", name="viewer") == 409


def test_a_wish_that_is_none_is_told_what_is_wrong(administrator: APIClient, people: People) -> None:
    bodies: list[dict[str, object]] = [
        {}, {"name": "a"}, {"grants": []}, {"name": "A b", "grants": []}, {"name": "", "grants": []},
        {"name": "a", "grants": ["fly"]}, {"name": "a", "grants": "*"}, {"name": "a", "grants": [5]},
        {"name": "a", "grants": ["role.manage@own"]}, {"name": "a", "grants": ["*"] * 201},
        {"name": "a", "grants": [], "source": "shipped"},
    ]  # fmt: skip
    for body in bodies:
        assert administrator.post(ROLES, body, format="json").status_code == 400, body
    pointed = administrator.post(ROLES, {"name": "a", "grants": ["*", "fly.high"]}, format="json").json()
    assert [error["pointer"] for error in pointed["errors"]] == ["/grants/1"]
    make(administrator, "*")
    for fields, status in (
        ({"role": "mine"}, 400), ({"role": "mine", "identity": "owner", "group": "x"}, 400),
        ({"role": "none", "identity": "owner"}, 404), ({"role": "mine", "identity": "none"}, 404),
        ({"role": "mine", "group": "none"}, 404), ({"identity": "owner"}, 400),
    ):  # fmt: skip
        assert give(administrator, **fields) == status, fields
    assert administrator.get(f"{ROLES}/none").status_code == administrator.delete(f"{ASSIGNMENTS}/0").status_code == 404


def test_why_somebody_may_or_may_not_is_told(administrator: APIClient, owner: APIClient, people: People) -> None:
    make_action()
    asked = {"identity": "owner", "verb": "execution.run", "on": "action:demo.deploy"}
    answer = administrator.post(EXPLAIN, asked, format="json").json()
    assert (answer["may"], answer["reasons"]) == (
        True, [{"grant": "execution.run", "role": "member", "group": None, "counts": True}]
    )  # fmt: skip
    denied = owner.post(EXPLAIN, {"verb": "pack.install"}, format="json").json()
    assert (denied["may"], denied["text"]) == (False, "No role of owner gives pack.install.")
    partly = owner.post(EXPLAIN, {"verb": "execution.view", "on": "pack:demo"}, format="json").json()
    assert (partly["may"], [reason["counts"] for reason in partly["reasons"]]) == (False, [False])
    assert owner.post(EXPLAIN, {**asked, "identity": "teammate"}, format="json").status_code == 404
    for on, status in (("pack:none", 404), ("execution:99", 404), ("execution:x", 400), ("demo", 400)):
        assert owner.post(EXPLAIN, {"verb": "execution.view", "on": on}, format="json").status_code == status, on
