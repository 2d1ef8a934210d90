from datetime import datetime, timedelta

import pytest
from django.db import connection

from apps.triggers.models import Event, Timer
from apps.triggers.timers import firing
from apps.triggers.timers.firing import fire_due, seconds_until_next
from apps.triggers.timers.keeping import database_now
from tests.factories.timers import make_timer, pass_time
from tests.threads import race

pytestmark = pytest.mark.usefixtures("fresh")
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


def scheduled() -> list[datetime]:
    texts = Event.objects.order_by("pk").values_list("payload", flat=True)
    return [datetime.fromisoformat(payload["scheduled_for"]) for payload in texts]


def test_a_due_timer_becomes_an_event_and_waits_for_its_next_time() -> None:
    timer = pass_time(make_timer(), HOUR + SECOND)
    due = timer.next_scheduled_for
    assert fire_due() == 1
    event = Event.objects.get()
    assert (event.type_ref, event.source, event.source_ref) == ("core.interval", "timer", str(timer.pk))
    assert event.digest == timer.trigger.digest
    assert scheduled() == [due]
    assert event.payload["timer"] == timer.pk
    timer.refresh_from_db()
    assert (timer.last_scheduled_for, timer.fired, timer.misfires) == (due, 1, 0)
    assert timer.next_scheduled_for == timer.anchored_at + 2 * HOUR
    assert timer.last_fired_at == datetime.fromisoformat(event.payload["fired_at"])


def test_what_is_not_due_does_not_fire() -> None:
    make_timer()
    assert fire_due() == 0
    assert not Event.objects.exists()


def test_a_late_scheduler_does_not_shift_the_beat() -> None:
    timer = pass_time(make_timer(parameters={"delta": 10}), timedelta(seconds=30.5))  # long before the fourth is due
    fire_due()
    assert scheduled() == [timer.anchored_at + seconds * SECOND for seconds in (10, 20, 30)]
    timer.refresh_from_db()
    assert timer.next_scheduled_for == timer.anchored_at + 40 * SECOND


@pytest.mark.parametrize(("misfire", "fired", "missed"), [("skip", 0, 5), ("fire_once", 1, 4), ("catch_up", 3, 2)])
def test_after_an_outage_the_misfire_policy_holds(misfire: str, fired: int, missed: int) -> None:
    parameters = {"unit": "hours", "delta": 1, "misfire": misfire, "catch_up_max": 3}
    timer = pass_time(make_timer(parameters=parameters), 5.5 * HOUR)
    fire_due()
    timer.refresh_from_db()
    assert (timer.fired, timer.misfires, Event.objects.count()) == (fired, missed, fired)
    assert scheduled() == [timer.anchored_at + number * HOUR for number in range(6 - fired, 6)]
    assert timer.next_scheduled_for == timer.anchored_at + 6 * HOUR


def test_a_date_is_over_once_it_has_fired() -> None:
    timer = make_timer("core.date", {"date": (database_now() + HOUR).isoformat()})
    Timer.objects.update(next_fire_at=timer.anchored_at)
    with connection.cursor() as cursor:  # to the timer, an hour has passed: it is due, and nothing follows
        cursor.execute(
            "UPDATE triggers_trigger SET parameters = parameters || %s", ['{"date": "2026-01-01T00:00:00Z"}']
        )
        cursor.execute("UPDATE triggers_timer SET next_scheduled_for = '2026-01-01T00:00:00Z'")
    fire_due()
    over = Timer.objects.select_related("trigger__type").get()
    assert (over.status, over.fired, fire_due()) == (Timer.Status.OVER, 1, 0)


def test_a_time_whose_event_is_there_already_makes_no_other() -> None:
    timer = pass_time(make_timer(), HOUR)
    due = {"next_scheduled_for": timer.next_scheduled_for, "next_fire_at": timer.next_fire_at}
    fire_due()
    Timer.objects.filter(pk=timer.pk).update(**due)
    assert fire_due() == 1
    assert Event.objects.count() == 1


def test_a_transaction_that_is_lost_leaves_the_timer_due(monkeypatch: pytest.MonkeyPatch) -> None:
    pass_time(make_timer(), HOUR)
    with monkeypatch.context() as patch:
        patch.setattr(firing, "_save", _dies)
        with pytest.raises(ConnectionError):
            fire_due()
    assert not Event.objects.exists()
    assert fire_due() == 1
    assert Event.objects.count() == 1


def _dies(*_: object, **__: object) -> None:
    raise ConnectionError


def test_schedulers_that_fire_at_once_fire_each_time_once() -> None:
    for delta in range(1, 41):
        pass_time(make_timer(parameters={"unit": "minutes", "delta": delta}), delta * MINUTE)
    race(4, lambda _: [fire_due() for _ in range(3)])
    assert Event.objects.count() == 40


def test_with_much_to_catch_up_one_transaction_takes_fewer_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firing, "_MOST_EVENTS", 10)
    half_past = database_now() - 1000.5 * HOUR  # none is due while this runs
    for number in range(3):
        start = (half_past + number * SECOND).isoformat()
        parameters = {"unit": "hours", "delta": 1, "misfire": "catch_up", "catch_up_max": 8, "start": start}
        pass_time(make_timer(parameters=parameters), 60 * HOUR)
    assert [fire_due() for _ in range(3)] == [2, 1, 0]
    assert Event.objects.count() == 24


def make_hourly() -> Timer:
    """By cron, and not due for half an hour: a test that meets the full minute finds no more times than another."""
    return make_timer("core.cron", {"expression": f"{(database_now().minute + 30) % 60} * * * *"})


def test_one_timer_that_cannot_fire_does_not_stop_the_others() -> None:
    good = pass_time(make_timer(), HOUR)
    bad = pass_time(make_hourly(), HOUR)
    with connection.cursor() as cursor:  # as when a time zone goes away with an upgrade of the host
        cursor.execute(
            "UPDATE triggers_trigger SET parameters = parameters || %s WHERE id = %s",
            ['{"timezone": "Gone/Away"}', bad.trigger_id],
        )
    assert fire_due() == 2
    good.refresh_from_db()
    bad = Timer.objects.select_related("trigger__type").get(pk=bad.pk)
    assert (good.fired, bad.status) == (1, Timer.Status.TROUBLE)
    assert "Gone/Away" in bad.trouble


def test_a_timer_whose_event_is_refused_does_not_stop_the_others() -> None:
    good = pass_time(make_timer(), HOUR)
    bad = pass_time(make_hourly(), HOUR)
    bad.trigger.type.payload_schema = {"type": "string"}
    bad.trigger.type.save()
    fire_due()
    good.refresh_from_db()
    bad = Timer.objects.select_related("trigger__type").get(pk=bad.pk)
    assert (good.fired, bad.status, bad.misfires) == (1, Timer.Status.TROUBLE, 1)


def test_how_long_until_the_next_is_due() -> None:
    assert seconds_until_next() is None
    timer = make_timer()
    assert 3500 < (seconds_until_next() or 0) <= 3600
    pass_time(timer, HOUR)
    assert (seconds_until_next() or 0) <= 0
