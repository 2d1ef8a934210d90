import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.triggers.models import Event, Timer, Trigger, TriggerType
from tests.factories.timers import add_timer_types, listen, make_timer, pass_time
from tests.people import People, client_of, make_identity

URL = "/api/v1/timers"
HOUR = timedelta(hours=1)


def preview(client: APIClient, trigger: str, parameters: Any, **query: Any) -> Any:
    text = parameters if isinstance(parameters, str) else json.dumps(parameters)
    return client.get(f"{URL}/preview", {"trigger": trigger, "parameters": text, **query})


def test_timers_are_listed_and_found_by_trigger_and_status(administrator: APIClient, people: People) -> None:
    first = make_timer()
    second = make_timer("core.cron", {"expression": "0 9 * * *"})
    listen(second.trigger, is_listened=False)

    def ids(**query: str) -> list[int]:
        return [row["id"] for row in administrator.get(URL, query).json()["results"]]

    assert ids() == [second.pk, first.pk]
    assert ids(trigger="core.cron") == ids(status="stopped") == [second.pk]
    assert ids(trigger="core.st2.CronTimer") == [second.pk]
    assert ids(status="active,paused") == [first.pk]
    assert administrator.get(f"{URL}?status=tired").status_code == 400


@pytest.mark.parametrize("status", Timer.Status.values)
def test_a_status_in_a_list_is_the_one_of_the_timer(administrator: APIClient, people: People, status: str) -> None:
    kinds: list[dict[str, Any]] = [
        {}, {"is_paused": True}, {"trouble": "broken"}, {"is_paused": True, "trouble": "broken"}, {"trouble": ""}
    ]  # fmt: skip
    for number, changes in enumerate(kinds):
        timer = make_timer(parameters={"delta": 1000 + number})
        if number:
            Timer.objects.filter(pk=timer.pk).update(next_fire_at=None, next_scheduled_for=None, **changes)
    listen(make_timer().trigger, is_listened=False)
    found = administrator.get(URL, {"status": status}).json()["results"]
    assert {row["status"] for row in found} == {status}


def test_a_timer_tells_its_next_ten_times_in_its_zone(administrator: APIClient, people: People) -> None:
    timer = make_timer("core.cron", {"expression": "30 9 * * *", "timezone": "Asia/Kolkata"})
    told = administrator.get(f"{URL}/{timer.pk}").json()
    assert [text[10:] for text in told["upcoming"]] == ["T09:30:00+05:30"] * 10
    assert datetime.fromisoformat(told["upcoming"][0]) == timer.next_scheduled_for
    assert told["parameters"] == timer.trigger.parameters
    assert administrator.get(f"{URL}/{timer.pk}?fields=status").json() == {"status": "active"}


def test_a_timer_whose_zone_went_away_is_shown_with_its_trouble(administrator: APIClient, people: People) -> None:
    timer = make_timer("core.cron", {"expression": "30 9 * * *", "timezone": "Asia/Kolkata"})
    parameters = {**timer.trigger.parameters, "timezone": "Asia/Nowhere"}
    Trigger.objects.filter(pk=timer.trigger_id).update(parameters=parameters)
    answer = administrator.get(f"{URL}/{timer.pk}")
    assert answer.status_code == 200, answer.json()
    assert (answer.json()["upcoming"], answer.json()["trouble"]) == (
        [], "'Asia/Nowhere' is no time zone; names are like Europe/Berlin"
    )  # fmt: skip


def test_times_are_seen_before_anything_is_saved(administrator: APIClient, people: People) -> None:
    add_timer_types()
    told = preview(administrator, "core.st2.CronTimer", {"hour": 4, "timezone": "Asia/Tokyo"}, count=3).json()
    assert told["trigger"] == "core.cron"
    assert [text[10:] for text in told["times"]] == ["T04:00:00+09:00"] * 3
    assert not Timer.objects.exists()


@pytest.mark.parametrize(
    ("trigger", "parameters", "pointer"),
    [
        ("core.cron", {"expression": "99 * * * *"}, "/parameters/expression"),
        ("core.cron", {"expression": "0 0 30 2 *"}, "/parameters/expression"),
        ("core.cron", {"expression": "0 0 * * *", "timezone": "Nowhere"}, "/parameters/timezone"),
        ("core.date", {"date": "2001-01-01T00:00:00Z"}, "/parameters/date"),
        ("core.interval", {"delta": 0}, "/parameters/delta"),
        ("core.interval", {"delta": 1, "colour": "red"}, "/parameters/colour"),
        ("core.interval", "{", "/parameters"),
        ("core.interval", "[1]", "/parameters"),
        ("", {}, "/trigger"),
    ],
)
def test_a_preview_says_what_is_wrong_and_where(
    administrator: APIClient, people: People, trigger: str, parameters: Any, pointer: str
) -> None:
    add_timer_types()
    answer = preview(administrator, trigger, parameters)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_only_timers_have_a_preview(administrator: APIClient, people: People) -> None:
    add_timer_types()
    assert preview(administrator, "core.nothing", {}).status_code == 404
    TriggerType.objects.create(ref="core.alert", pack_ref="core", name="alert")
    answer = preview(administrator, "core.alert", {})
    assert (answer.status_code, answer.json()["code"]) == (400, "no_timer")


@pytest.mark.parametrize("count", ["0", "101", "ten", "-1", ""])
def test_so_many_times_are_shown_and_no_more(administrator: APIClient, people: People, count: str) -> None:
    add_timer_types()
    assert preview(administrator, "core.interval", {"delta": 1}, count=count).status_code == 400


def test_pause_resume_and_backfill(administrator: APIClient, people: People) -> None:
    timer = make_timer()
    paused = administrator.post(f"{URL}/{timer.pk}/pause").json()
    assert (paused["status"], paused["upcoming"]) == ("paused", [])
    timer = pass_time(timer, 3.5 * HOUR)
    resumed = administrator.post(f"{URL}/{timer.pk}/resume").json()
    assert (resumed["status"], resumed["misfires"]) == ("active", 0)
    span = {"begin": timer.anchored_at.isoformat(), "end": (timer.anchored_at + 9 * HOUR).isoformat()}
    filled = administrator.post(f"{URL}/{timer.pk}/backfill", span, format="json").json()
    assert filled == {"recorded": 4, "known": 0}
    assert Event.objects.filter(source_ref=str(timer.pk)).count() == 4
    assert administrator.post(f"{URL}/{timer.pk}/backfill", span, format="json").json()["known"] == 4


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/begin"),
        ({"begin": "yesterday", "end": "2026-01-01T00:00:00Z"}, "/begin"),
        ({"begin": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}, "/begin"),
        ({"begin": 5, "end": "2026-01-01T00:00:00Z"}, "/begin"),
        ({"begin": "2000-01-01T00:00:00Z", "end": "2001-01-01T00:00:00Z", "force": True}, "/force"),
    ],
)
def test_a_range_that_is_none_is_refused(
    administrator: APIClient, people: People, body: dict[str, Any], pointer: str
) -> None:
    answer = administrator.post(f"{URL}/{make_timer().pk}/backfill", body, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_range_as_old_as_the_calendar_is_no_trouble(administrator: APIClient, people: People) -> None:
    timer = make_timer("core.cron", {"expression": "* * * * *", "timezone": "Europe/Berlin"})
    for begin in ("0001-01-01T00:00:00Z", "0002-01-01T00:00:00Z"):
        body = {"begin": begin, "end": "2026-01-01T00:00:00Z"}
        assert administrator.post(f"{URL}/{timer.pk}/backfill", body, format="json").status_code == 400


def test_who_sees_triggers_sees_timers_and_only_who_may_manages_them(people: People) -> None:
    timer = make_timer()
    onlooker = client_of(make_identity("onlooker", role="onlooker", grants=("trigger.view",)))
    stranger = client_of(make_identity("stranger"))
    keeper = client_of(make_identity("keeper", role="keeper", grants=("trigger.view", "timer.manage@pack:core")))
    assert [client.get(f"{URL}/{timer.pk}").status_code for client in (onlooker, stranger)] == [200, 403]
    deeds = [client.post(f"{URL}/{timer.pk}/pause").status_code for client in (onlooker, stranger, keeper)]
    assert deeds == [403, 403, 200]


def test_a_timer_that_is_not_there(administrator: APIClient, people: People) -> None:
    for address in ("17", "preview2", "9" * 30):
        assert administrator.get(f"{URL}/{address}").status_code == 404
        assert administrator.post(f"{URL}/{address}/pause").status_code == 404
