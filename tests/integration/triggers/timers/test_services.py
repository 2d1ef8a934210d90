from datetime import timedelta

import pytest

from apps.accounts.permissions import Verb
from apps.core.errors import Forbidden, Invalid, NotFound
from apps.triggers.listening import InvalidTriggerParameters
from apps.triggers.models import Event, Timer
from apps.triggers.timers import services
from apps.triggers.timers.firing import fire_due
from tests.factories.timers import add_timer_types, listen, make_timer, pass_time
from tests.people import People, make_identity

HOUR = timedelta(hours=1)


def test_the_next_ten_times_begin_with_the_one_it_waits_for(people: People) -> None:
    timer = make_timer()
    times = services.upcoming(timer)
    assert times == [timer.anchored_at + number * HOUR for number in range(1, 11)]


def test_a_preview_saves_nothing(people: People) -> None:
    add_timer_types()
    times = services.preview(people.administrator, "core.cron", {"expression": "0 9 * * *"}, most=3).times
    assert [f"{time:%H:%M}" for time in times] == ["09:00"] * 3
    assert not Timer.objects.exists()


def test_a_preview_says_what_is_wrong(people: People) -> None:
    add_timer_types()
    with pytest.raises(InvalidTriggerParameters):
        services.preview(people.administrator, "core.cron", {"expression": "99 * * * *"})


def test_only_who_sees_triggers_sees_previews_and_timers(people: People) -> None:
    timer = make_timer()
    stranger = make_identity("stranger")
    with pytest.raises(NotFound):
        services.preview(stranger, "core.cron", {"expression": "0 9 * * *"})
    with pytest.raises(NotFound):
        services.get_timer(stranger, timer.pk)
    viewer = make_identity("onlooker", role="onlooker", grants=("trigger.view",))
    assert services.get_timer(viewer, timer.pk) == timer
    with pytest.raises(Forbidden):
        services.get_timer(viewer, timer.pk, to=Verb.TIMER_MANAGE)


def test_a_paused_timer_does_not_fire_and_makes_up_for_nothing(people: People) -> None:
    timer = services.pause_timer(make_timer())
    assert (timer.status, timer.next_fire_at) == (Timer.Status.PAUSED, None)
    pass_time(timer, 3.5 * HOUR)
    assert fire_due() == 0
    timer = services.resume_timer(timer)
    assert timer.next_scheduled_for == timer.anchored_at + 4 * HOUR
    assert (timer.status, timer.misfires, Event.objects.count()) == (Timer.Status.ACTIVE, 0, 0)


def test_pause_and_resume_may_be_asked_for_again(people: People) -> None:
    timer = make_timer()
    planned = timer.next_scheduled_for
    assert services.resume_timer(timer).next_scheduled_for == planned
    services.pause_timer(timer)
    assert services.pause_timer(timer).is_paused


def test_backfill_records_each_time_of_the_range_that_is_missing(people: People) -> None:
    timer = pass_time(make_timer(), 5.5 * HOUR)
    fire_due()  # fires the newest, gives up four
    filled = services.backfill(timer, begin=timer.anchored_at + HOUR, end=timer.anchored_at + 99 * HOUR)
    assert (filled.recorded, filled.known) == (4, 1)
    again = services.backfill(timer, begin=timer.anchored_at + HOUR, end=timer.anchored_at + 99 * HOUR)
    assert (again.recorded, again.known, Event.objects.count()) == (0, 5, 5)


def test_backfill_is_bounded_and_needs_a_rule(people: People) -> None:
    timer = pass_time(make_timer(parameters={"delta": 1}), 2 * HOUR)
    with pytest.raises(services.TooManyTimes):
        services.backfill(timer, begin=timer.anchored_at, end=timer.anchored_at + HOUR)
    with pytest.raises(Invalid):
        services.backfill(timer, begin=timer.anchored_at + HOUR, end=timer.anchored_at)
    listen(timer.trigger, is_listened=False)
    stopped = services.get_timer(people.administrator, timer.pk)
    with pytest.raises(services.NotListened):
        services.backfill(stopped, begin=timer.anchored_at, end=timer.anchored_at + HOUR)
