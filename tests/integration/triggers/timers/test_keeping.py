from datetime import UTC, datetime, timedelta

import pytest

from apps.core.errors import FieldError
from apps.triggers import listening
from apps.triggers.listening import InvalidTriggerParameters
from apps.triggers.models import Timer
from apps.triggers.timers import waking
from apps.triggers.timers.keeping import database_now
from tests.factories.timers import add_timer_types, listen, make_timer, pass_time

pytestmark = pytest.mark.usefixtures("fresh")
HOUR = timedelta(hours=1)


def test_a_timer_is_made_when_a_rule_listens() -> None:
    timer = make_timer()
    assert timer.status == Timer.Status.ACTIVE
    assert timer.next_scheduled_for == timer.next_fire_at == timer.anchored_at + HOUR


def test_a_timer_nobody_listens_to_is_not_due() -> None:
    timer = make_timer()
    listen(timer.trigger, is_listened=False)
    stopped = Timer.objects.get(pk=timer.pk)
    assert (stopped.status, stopped.next_fire_at) == (Timer.Status.STOPPED, None)


def test_a_timer_that_is_listened_to_again_goes_on_in_its_beat_and_makes_up_for_nothing() -> None:
    timer = pass_time(make_timer(), HOUR * 5.5)
    listen(timer.trigger, is_listened=False)
    listen(timer.trigger)
    timer.refresh_from_db()
    assert timer.next_scheduled_for == timer.anchored_at + 6 * HOUR
    assert timer.misfires == 0


def test_a_paused_timer_stays_paused_when_it_is_listened_to_again() -> None:
    timer = make_timer()
    Timer.objects.update(is_paused=True, next_fire_at=None, next_scheduled_for=None)
    listen(timer.trigger, is_listened=False)
    listen(timer.trigger)
    assert Timer.objects.get().status == Timer.Status.PAUSED


def test_schedulers_are_woken_after_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(waking.wakeups, "publish", lambda channel, _: told.append(channel))
    make_timer()
    assert told == [waking.CHANNEL]


def test_names_and_parameters_of_stackstorm_are_taken() -> None:
    timer = make_timer("core.st2.CronTimer", {"timezone": "UTC", "hour": 3, "minute": 30, "day_of_week": "mon"})
    assert timer.trigger.type.ref == "core.cron"
    assert timer.next_scheduled_for is not None
    assert f"{timer.next_scheduled_for:%a %H:%M}" == "Mon 03:30"
    assert make_timer("core.st2.IntervalTimer", {"unit": "hours", "delta": 1}).pk == make_timer().pk


@pytest.mark.parametrize(
    ("type_ref", "parameters", "pointer"),
    [
        ("core.cron", {"expression": "99 * * * *"}, "/parameters/expression"),
        ("core.cron", {"expression": "0 0 30 2 *"}, "/parameters/expression"),
        ("core.cron", {"expression": "0 0 * * *", "timezone": "Mars/Olympus"}, "/parameters/timezone"),
        ("core.cron", {"expression": 5}, "/parameters/expression"),
        ("core.date", {"date": "2001-01-01T00:00:00Z"}, "/parameters/date"),
        ("core.interval", {"delta": 0}, "/parameters/delta"),
        ("core.interval", {"delta": 1.5}, "/parameters/delta"),
        ("core.interval", {}, "/parameters/delta"),
        ("core.interval", {"delta": 1, "misfire": "panic"}, "/parameters/misfire"),
        ("core.interval", {"delta": 1, "catch_up_max": 10_000}, "/parameters/catch_up_max"),
    ],
)
def test_wrong_parameters_are_refused_with_their_place(
    type_ref: str, parameters: dict[str, object], pointer: str
) -> None:
    add_timer_types()
    with pytest.raises(InvalidTriggerParameters) as raised:
        listening.trigger_for(type_ref, parameters)
    assert [error.pointer for error in raised.value.errors if isinstance(error, FieldError)] == [pointer]


def test_a_date_that_was_taken_once_is_taken_again_when_it_is_over() -> None:
    parameters = {"date": (database_now() + HOUR).isoformat()}
    trigger = make_timer("core.date", parameters).trigger
    over = {**trigger.parameters, "date": datetime(2020, 1, 1, tzinfo=UTC).isoformat()}
    trigger.parameters, trigger.digest = over, listening.digest_of(over)
    trigger.save()
    assert listening.trigger_for("core.date", {"date": over["date"]}) == trigger
