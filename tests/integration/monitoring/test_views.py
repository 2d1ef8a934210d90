"""Who may scrape, and what comes when something is away."""

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from apps.core.metrics.catalogue import METRICS
from tests.redis_trouble import keep_redis_away

TOKEN = "scrape-" + "x" * 20


@pytest.fixture
def open_here(settings: Any) -> None:
    settings.ATTUNE_METRICS_OPEN_TO_LOOPBACK = True


def samples(client: Client, **headers: str) -> dict[str, float]:
    """`name{label=value,…}` → number."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.content
    found = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_without_a_token_nobody_scrapes(client: Client, db: None) -> None:
    assert client.get("/metrics").status_code == 403


def test_under_script_up_this_machine_scrapes_without_a_token(client: Client, db: None, open_here: None) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 403


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-Ip"])
def test_what_a_proxy_forwards_does_not_come_from_this_machine(
    client: Client, db: None, open_here: None, header: str
) -> None:
    assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 403


def test_a_token_is_wanted_from_everybody_once_there_is_one(
    client: Client, db: None, open_here: None, settings: Any
) -> None:
    settings.ATTUNE_METRICS_TOKEN = TOKEN
    refused = client.get("/metrics")
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Bearer")
    for wrong in ("Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \u00fc"):
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_it_is_read_only(client: Client, open_here: None) -> None:
    assert client.post("/metrics").status_code == 405


def test_without_redis_the_rest_is_told(client: Client, fresh: None, open_here: None) -> None:
    keep_redis_away()
    found = samples(client)
    assert (found["attune_up{service=redis}"], found["attune_up{service=database}"]) == (0, 1)
    assert "attune_executions{status=running}" in found
    assert "attune_hints_sent_total{}" not in found


def test_without_the_database_it_says_so_and_answers(
    client: Client, fresh: None, open_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    with monkeypatch.context() as patched:
        for name in ("ensure_connection", "cursor"):
            patched.setattr(connection, name, refuse)
        found = samples(client)
    assert (found["attune_up{service=redis}"], found["attune_up{service=database}"]) == (1, 0)
    assert not any(name.startswith("attune_executions") for name in found)


def test_every_family_has_its_help_and_is_in_the_catalogue(client: Client, fresh: None, open_here: None) -> None:
    text = client.get("/metrics").content.decode()
    known = {metric.name.removesuffix("_total"): metric.help for metric in METRICS}
    for family in text_string_to_metric_families(text):
        assert family.documentation == known[family.name]
