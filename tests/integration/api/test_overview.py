from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from apps.executions.states import Status
from tests.factories import make_execution
from tests.people import People

URL = "/api/v1/executions/stats"


def test_the_last_day_of_what_an_identity_may_see(owner: APIClient, administrator: APIClient, people: People) -> None:
    now = timezone.now()
    mine: dict[str, Any] = {"requested_by_id": people.owner.pk, "started_at": now - timedelta(seconds=5)}
    for status in (Status.SUCCEEDED, Status.FAILED):
        make_execution(status=status, ended_at=now - timedelta(seconds=1), **mine)
    make_execution(status=Status.FAILED, ended_at=now - timedelta(days=2), **mine)
    make_execution(status=Status.RUNNING)
    found = owner.get(URL).json()
    assert (found["ended"], found["failed"], found["failure_rate"], found["p50_s"]) == (2, 1, 0.5, 4.0)
    assert found["by_status"]["running"] == 0
    assert found["slowest"][0]["action"] == found["actions"][0]["action"]
    assert administrator.get(URL).json()["by_status"]["running"] == 1
    since = (now - timedelta(days=3)).isoformat()
    assert owner.get(URL, {"since": since}).json()["ended"] == 3
    assert owner.get(URL, {"since": since, "until": (now - timedelta(days=1)).isoformat()}).json()["ended"] == 1


def test_periods_that_mean_nothing_are_400(owner: APIClient, stranger: APIClient) -> None:
    for query in (
        "since=x", "until=", "since=2026-01-01", "until=0001-01-01T00:00:00Z",
        "since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z",
        "colour=red", "since=2026-01-01T00:00:00Z&since=2026-01-01T00:00:00Z", "since=%00",
    ):  # fmt: skip
        assert owner.get(f"{URL}?{query}").status_code == 400, query
    assert stranger.get(URL).status_code == 401
    assert owner.post(URL).status_code == 405
