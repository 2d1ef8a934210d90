from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import OperationalError, connection
from rest_framework.test import APIClient

from apps.core.redis import breaker, client
from apps.core.version import VERSION
from apps.executions import lines
from apps.executions.models import Execution
from apps.executions.slots.protocol import Snapshot
from tests.factories import make_action, make_worker
from tests.redis_trouble import keep_redis_away
from tests.valkey_server import valkey_server


@pytest.fixture
def full_redis(fresh: None, settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    """A Redis that has no room for anything new; one of its own, since the suite's serves the tests beside this one."""
    of_the_suite = settings.REDIS_URL
    with valkey_server(tmp_path / "valkey") as server:
        _use(settings, server.url)
        lines.slots().rebuild(lines.epoch.read_anew(), Snapshot())
        client().config_set("maxmemory", "1")
        yield
        _use(settings, of_the_suite)


def _use(settings: LazySettings, url: str) -> None:
    settings.REDIS_URL = url
    client.cache_clear()
    lines.slots.cache_clear()
    breaker.reset()


def test_healthz_answers_while_the_process_does(client: Any) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json(), answer["Cache-Control"]) == (200, {"status": "ok"}, "no-store")


def test_readyz_says_what_it_needs_and_how_many_workers_there_are(fresh: None) -> None:
    make_worker()
    make_worker("gone", status="lost")
    answer = APIClient().get("/readyz")
    assert answer.status_code == 200
    said = answer.json()
    assert said.pop("version") == VERSION
    assert said == {"status": "ok", "database": "ok", "migrations": "ok", "redis": "ok", "workers": 1}


def test_without_redis_it_is_ready_but_degraded_and_takes_executions(owner: APIClient) -> None:
    make_action(concurrency={"limit": 1})
    keep_redis_away()
    try:
        answer = APIClient().get("/readyz")
        assert (answer.status_code, answer.json()["redis"]) == (200, "degraded")
        taken = owner.post("/api/v1/executions", {"action": "demo.deploy"}, format="json")
        assert taken.status_code == 201
        assert owner.get(f"/api/v1/executions/{taken.json()['id']}").status_code == 200
        assert owner.get("/api/v1/actions/demo.deploy/queue-stats").json()["waiting"] == 1
    finally:
        breaker.reset()


def test_a_redis_without_room_is_a_redis_that_is_away(owner: APIClient, full_redis: None) -> None:
    make_action(concurrency={"limit": 1})
    taken = owner.post("/api/v1/executions", {"action": "demo.deploy"}, format="json")
    assert taken.status_code == 201
    assert Execution.objects.count() == 1


def test_without_the_database_it_is_not_ready_and_says_when_to_ask_again(
    owner: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    with monkeypatch.context() as patched:
        for name in ("ensure_connection", "cursor"):
            patched.setattr(connection, name, refuse)
        for address, code in (("/readyz", None), ("/api/v1/executions", "database_away")):
            answer = owner.get(address)
            assert (answer.status_code, answer.json().get("code")) == (503, code)
            assert int(answer["Retry-After"]) > 0
            assert b"refused" not in answer.content
        assert owner.get("/healthz").status_code == 200
