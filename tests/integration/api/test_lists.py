import base64
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.accounts.models import Group, Identity, Role
from apps.accounts.services.roles import assign_role
from apps.accounts.services.tokens import issue_token
from apps.api import urls
from apps.api.views import ListView
from apps.audit.services import record
from apps.keys.owners import pack_owner
from apps.keys.services import set_key
from apps.operations.models import Operation
from apps.packs.models import Pack, PackVersion
from apps.rules.models import Enforcement, Rule
from apps.runtimes.models import Environment, Runtime
from apps.triggers.models import Webhook, WebhookDelivery
from tests.factories import (
    make_action,
    make_event,
    make_execution,
    make_gate,
    make_policy,
    make_rule,
    make_runtimes,
    make_trigger_type,
    make_worker,
)
from tests.factories.sensors import make_sensor
from tests.factories.timers import make_timer
from tests.people import People

#: Makes one more row of the list.
MAKERS: dict[str, Callable[[int, People], object]] = {
    "identities": lambda n, people: Identity.objects.create_user(f"somebody{n:03}"),
    "groups": lambda n, people: Group.objects.create(name=f"group{n:03}"),
    "roles": lambda n, people: Role.objects.create(name=f"role{n:03}"),
    "role-assignments": lambda n, people: assign_role(
        people.administrator, role=Role.objects.create(name=f"role{n:03}").name, to="owner"
    ),
    "tokens": lambda n, people: issue_token(people.administrator, name=f"token {n}"),
    "packs": lambda n, people: make_action(pack=f"pack{n:03}"),
    "packs/p/versions": lambda n, people: PackVersion.objects.create(
        pack=Pack.objects.get(ref="p"), version=f"1.0.{n}", digest=f"{n:063}f", manifest={}, size_bytes=1, file_count=1
    ),
    "packs/p/environments": lambda n, people: make_environment(pack_ref="p", volume_id=f"v{n}"),
    "packs/p/environments/python": lambda n, people: make_environment(pack_ref="p", volume_id=f"v{n}"),
    "environments": lambda n, people: make_environment(pack_ref=f"pack{n}"),
    "runtimes": lambda n, people: make_runtime(f"runtime{n:03}"),
    "actions": lambda n, people: make_action(f"action{n:03}"),
    "executions": lambda n, people: make_execution(requested_by_id=people.owner.pk),
    "executions/1/children": lambda n, people: make_execution(parent_id=1),
    "operations": lambda n, people: Operation.objects.create(kind="k", subject="s", requested_by=people.owner),
    "workers": lambda n, people: make_worker(f"worker{n}"),
    "gates": lambda n, people: make_gate(make_policy(f"gate {n}")),
    "policies": lambda n, people: make_policy(f"policy {n}"),
    "keys": lambda n, people: set_key(pack_owner("p", uuid.uuid4()), f"key_{n}", value=n, by=None),
    "timers": lambda n, people: make_timer(parameters={"delta": n + 1}),
    "triggers": lambda n, people: make_trigger_type(f"trigger{n:03}"),
    "events": lambda n, people: make_event(type_ref=make_trigger_type().ref),
    "rules": lambda n, people: make_one_rule(people, n),
    "enforcements": lambda n, people: Enforcement.objects.create(
        rule=make_one_rule(people, n), event=make_event(), rule_version=1
    ),
    "sensors": lambda n, people: make_sensor(f"sensor{n:03}"),
    "webhooks": lambda n, people: Webhook.objects.create(url=f"hook{n:03}", authentication="token"),
    "webhooks/deploy/deliveries": lambda n, people: WebhookDelivery.objects.create(
        webhook=Webhook.objects.get(url="deploy"),
        outcome="accepted",
        status=202,
        size=12,
    ),
    "audit": lambda n, people: record("key.read", by=people.owner, on=f"key_{n}"),
}


def make_one_rule(people: People, n: int) -> Rule:
    make_trigger_type()
    make_action()
    return make_rule(people.administrator, f"rule{n:03}")


def make_environment(**fields: Any) -> Environment:
    return Environment.objects.create(**{"runtime": "python", "volume_id": "v", **fields})


def make_runtime(name: str) -> Runtime:
    make_runtimes("shell")
    definition = Runtime.objects.get(name="shell").definition
    return Runtime.objects.create(name=name, pack_ref="p", pack_digest="0" * 64, definition=definition)


@pytest.fixture(autouse=True)
def surroundings(people: People) -> None:
    """What the lists inside of something need: the webhook `deploy`, the pack `p` and the execution 1."""
    Webhook.objects.create(url="deploy", authentication="token")
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE executions_execution_id_seq RESTART WITH 1")
    assert make_execution(make_action(pack="p")).pk == 1


def all_of(client: APIClient, url: str, *, limit: int, between: Callable[[], object] = lambda: None) -> list[Any]:
    """Every row, page by page; `between` happens after each page."""
    found, cursor = [], ""
    while True:
        page = client.get(f"{url}?limit={limit}{cursor}").json()
        assert len(page["results"]) <= limit
        found += page["results"]
        between()
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def key_of(item: dict[str, Any]) -> object:
    names = ("id", "ref", "url", "gate", "name", "volume", "pack", "digest")
    return tuple(item[name] for name in names if name in item)


def lists() -> Iterator[str]:
    for pattern in urls.urlpatterns:
        view = getattr(pattern.callback, "cls", None)
        if isinstance(view, type) and issubclass(view, ListView):
            yield _filled(str(pattern.pattern))


def _filled(pattern: str) -> str:
    values = {"text:execution_id": "1", "text:ref": "p", "text:runtime": "python", "segments:url": "deploy"}
    for part, value in values.items():
        pattern = pattern.replace(f"<{part}>", value)
    return pattern


def test_every_list_is_tested_here() -> None:
    assert set(lists()) == set(MAKERS)


@pytest.mark.parametrize("name", MAKERS)
def test_a_list_pages_exactly_while_rows_are_added_and_asks_the_same_for_few_and_many(
    administrator: APIClient, people: People, name: str
) -> None:
    url = f"/api/v1/{name}"
    make = MAKERS[name]
    numbers = iter(range(100, 1_000))
    for _ in range(7):
        make(next(numbers), people)
    with CaptureQueriesContext(connection) as few:
        before = [key_of(item) for item in administrator.get(url).json()["results"]]
    assert len(before) == len(set(before)) >= 7
    paged = [key_of(item) for item in all_of(administrator, url, limit=3)]
    assert paged == before
    late = iter([900, 50, 901, 51])
    grown = [
        key_of(item)
        for item in all_of(administrator, url, limit=2, between=lambda: make(next(late, None) or next(numbers), people))
    ]
    assert len(grown) == len(set(grown))
    assert [key for key in grown if key in set(before)] == before
    with CaptureQueriesContext(connection) as many:
        assert len(administrator.get(url).json()["results"]) > len(before)
    assert len(many) == len(few)


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


@pytest.mark.parametrize("name", MAKERS)
def test_a_list_refuses_limits_cursors_and_parameters_that_mean_nothing(administrator: APIClient, name: str) -> None:
    url = f"/api/v1/{name}"
    texts = name in (
        "packs", "actions", "runtimes", "identities", "groups", "roles", "triggers", "rules", "sensors", "webhooks",
    )  # fmt: skip
    cursors = ["x", "", "%00", "e30", *map(cursor, ([], 5, {}, {"after": None}, {"after": True}, {"after": 1.5}))]
    cursors += [cursor({"after": 5 if texts else "x"}), cursor({"after": "a\0b" if texts else 2**63})]
    cursors += [cursor({"after": "x" * 301 if texts else -(2**63)})]
    queries = {f"cursor={text}": "/cursor" for text in cursors}
    queries |= {f"limit={text}": "/limit" for text in ("0", "501", "-1", "x", "", "1.5", "%EF%BC%91", "%00", "1e1")}
    queries |= {
        "colour=red": "/colour",
        "limit=1&limit=2": "/limit",
        "a/b~=1": "/a~1b~0",
        "cursor=x&cursor=y": "/cursor",
        "fields=colour": "/fields",
    }
    for query, pointer in queries.items():
        answer = administrator.get(f"{url}?{query}")
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json"), query
        assert pointer in [error["pointer"] for error in answer.json()["errors"]], query
    assert administrator.get(f"{url}?" + "&".join(f"a{n}=1" for n in range(1_500))).status_code == 400
    assert administrator.get(f"{url}?limit=500&cursor={cursor({'after': 'zzz' if texts else 0})}").status_code == 200


@pytest.mark.parametrize("name", MAKERS)
def test_a_list_of_a_stranger_is_401_and_takes_no_other_method(
    stranger: APIClient, administrator: APIClient, name: str
) -> None:
    url = f"/api/v1/{name}"
    assert stranger.get(url).status_code == 401
    # One environment is a list of its volumes, and can be removed.
    taken = {"DELETE"} if name == "packs/p/environments/python" else set()
    for method in {"PUT", "PATCH", "DELETE", "TRACE"} - taken:
        answer = administrator.generic(method, url)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed"), method
        assert "GET" in answer["Allow"]
    assert administrator.head(url).status_code == 200
    assert administrator.options(url).status_code == 200


@pytest.mark.parametrize("name", MAKERS)
def test_a_list_has_the_fields_it_is_said_to_have(administrator: APIClient, people: People, name: str) -> None:
    MAKERS[name](100, people)
    url = f"/api/v1/{name}"
    fields = list(administrator.get(url).json()["results"][0])
    assert list(administrator.get(f"{url}?fields={','.join(fields)}").json()["results"][0]) == fields
