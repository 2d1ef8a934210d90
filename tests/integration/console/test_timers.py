"""Timers: when they are due, before and after they exist, and what operators ask of them."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.triggers.models import Event, Timer
from tests.factories import make_action
from tests.factories.rules import make_rule
from tests.factories.timers import add_timer_types, listen, make_timer, pass_time
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, look, statements_of
from tests.people import People, make_identity

LIST = "/admin/timers/"
PREVIEW = f"{LIST}preview/"
HOUR = timedelta(hours=1)


@pytest.fixture
def administrator(people: People, visit: Visit) -> Client:
    return visit(people.administrator)


def page_of(timer: Timer) -> str:
    return f"{LIST}{timer.pk}/"


def test_timers_are_listed_with_what_they_say_and_their_trouble(administrator: Client, people: People) -> None:
    make_timer(parameters={"delta": 5, "unit": "minutes"})
    make_timer("core.cron", {"expression": "0 9 * * mon-fri", "timezone": "Europe/Berlin"})
    broken = make_timer("core.cron", {"hour": 4})
    Timer.objects.filter(pk=broken.pk).update(next_fire_at=None, next_scheduled_for=None, trouble="its zone is gone")
    listen(make_timer("core.date", {"date": "2100-01-01T00:00:00Z"}).trigger, is_listened=False)
    text = look(administrator, LIST)
    for said in ("every 5 minutes", "0 9 * * mon-fri in Europe/Berlin", "hour 4", "once, 2100-01-01T00:00:00Z"):
        assert said in text
    assert "its zone is gone" in text
    assert "its zone is gone" in look(administrator, f"{LIST}?status=trouble")
    assert "its zone is gone" not in look(administrator, f"{LIST}?status=active")
    assert "every 5 minutes" in look(administrator, f"{LIST}?status=tired")
    assert "No timer is paused" in look(administrator, f"{LIST}?status=paused")


def test_pages_of_timers_ask_the_same_however_many_there_are(administrator: Client, people: People) -> None:
    make_action()
    timer = make_timer()
    make_rule(people.administrator, trigger="core.interval", trigger_parameters=timer.trigger.parameters)
    before, before_page = statements_of(administrator, LIST), statements_of(administrator, page_of(timer))
    for number in range(2, 8):
        other = make_timer(parameters={"delta": number, "unit": "hours"})
        for name in ("a", "b"):
            make_rule(
                people.administrator, f"{name}{number}", trigger="core.interval",
                trigger_parameters=other.trigger.parameters,
            )  # fmt: skip
        make_rule(
            people.administrator, f"c{number}", trigger="core.interval", trigger_parameters=timer.trigger.parameters
        )
    assert statements_of(administrator, LIST) == before <= MOST_STATEMENTS
    assert statements_of(administrator, page_of(timer)) == before_page <= MOST_STATEMENTS
    text = look(administrator, LIST)
    assert "and 1 more" in text
    assert "and 6 more" in text
    assert "c7" in look(administrator, page_of(timer))


def test_a_page_shows_the_next_ten_times_by_both_clocks(administrator: Client, people: People) -> None:
    timer = make_timer("core.cron", {"expression": "30 9 * * *", "timezone": "Asia/Kolkata"})
    text = look(administrator, page_of(timer))
    assert text.count(" 09:30:00</td>") == 10
    assert text.count(" 04:00:00</td>") == 10
    assert "In Asia/Kolkata" in text
    assert "IST +05:30" in text
    assert "In UTC" not in look(administrator, page_of(make_timer("core.cron", {"expression": "30 9 * * *"})))


def test_a_timer_is_paused_and_resumed(administrator: Client, people: People) -> None:
    timer = make_timer()
    text = administrator.post(page_of(timer), {"deed": "pause"}, follow=True).content.decode()
    assert "It is paused" in text
    assert ">paused</span>" in text
    timer.refresh_from_db()
    assert (timer.is_paused, timer.next_fire_at) == (True, None)
    assert "It goes on" in administrator.post(page_of(timer), {"deed": "resume"}, follow=True).content.decode()
    timer.refresh_from_db()
    assert timer.next_fire_at is not None
    listen(timer.trigger, is_listened=False)
    administrator.post(page_of(timer), {"deed": "pause"})
    assert "no rule listens" in administrator.post(page_of(timer), {"deed": "resume"}, follow=True).content.decode()
    answer = administrator.post(page_of(timer), {"deed": "stop"}, headers={"referer": page_of(timer)}, follow=True)
    assert "Say what is to be done" in answer.content.decode()


def test_times_of_the_past_are_filled_in_and_shown_as_the_last(administrator: Client, people: People) -> None:
    timer = pass_time(make_timer(), 3 * HOUR)
    now = timezone.now()
    given = {"deed": "backfill", "begin": _minute(now - 4 * HOUR), "end": _minute(now + HOUR)}
    told = administrator.post(page_of(timer), given, follow=True).content.decode()
    assert "Events recorded: 4" in told
    assert Event.objects.count() == 4
    told = administrator.post(page_of(timer), given, follow=True).content.decode()
    assert "Events recorded: 0; 4 were there already" in told
    keys = sorted((str(key) for key in Event.objects.values_list("dedupe_key", flat=True)), reverse=True)
    places = [told.index(key) for key in keys]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("begin", "end", "told"),
    [
        ("", "", "This field is required"),
        ("yesterday", "2026-01-01T00:00", "Enter a valid date/time"),
        ("2026-01-02T00:00", "2026-01-01T00:00", "the range ends before it begins"),
        ("0001-01-01T00:00", "2026-01-01T00:00", ""),
        ("2001-01-01T00:00", "2026-01-01T00:00", "There are more than 1000 times"),
    ],
)
def test_a_range_that_means_nothing_is_refused_at_its_place(
    administrator: Client, people: People, begin: str, end: str, told: str
) -> None:
    timer = make_timer(parameters={"delta": 1, "unit": "hours", "start": "2000-01-01T00:00:00Z"})
    answer = administrator.post(page_of(timer), {"deed": "backfill", "begin": begin, "end": end})
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert not Event.objects.exists()


def test_one_that_nobody_listens_to_is_not_filled_in(administrator: Client, people: People) -> None:
    timer = make_timer()
    listen(timer.trigger, is_listened=False)
    given = {"deed": "backfill", "begin": "2026-01-01T00:00", "end": "2026-01-01T01:00"}
    assert "No rule listens to this timer" in administrator.post(page_of(timer), given).content.decode()


@pytest.mark.parametrize(
    ("query", "times"),
    [
        ("trigger=core.cron&expression=0+9+*+*+*&timezone=Europe/Berlin", 10),
        ("expression=*/5+*+*+*+*", 10),
        ("trigger=core.interval&delta=3&unit=days", 10),
        ("trigger=core.date&date=2100-01-01T09:00:00&timezone=Asia/Tokyo", 1),
    ],
)
def test_times_are_seen_before_anything_is_saved(administrator: Client, people: People, query: str, times: int) -> None:
    add_timer_types()
    text = look(administrator, f"{PREVIEW}?{query}")
    assert text.count("data-ago") == times
    assert not Timer.objects.exists()
    assert statements_of(administrator, f"{PREVIEW}?{query}") <= MOST_STATEMENTS


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("expression=99+*+*+*+*", "is no cron expression: its minute cannot be"),
        ("expression=", "an expression is required"),
        ("expression=0+0+30+2+*", "0 0 30 2 *"),
        ("expression=a%00b", "Null characters are not allowed"),
        (f"expression={'1,' * 400}", "at most 200"),
        ("expression=0+9+*+*+*&timezone=Mars/Olympus", "is no time zone"),
        ("expression=0+9+*+*+*&timezone=../../etc/passwd", "is no time zone"),
        ("trigger=core.date&date=2001-01-01T00:00:00Z", "the timer would never fire"),
        ("trigger=core.date&date=soon", "a moment is expected"),
        ("trigger=core.date&date=", "required"),
        ("trigger=core.interval&delta=0", "less than the minimum of 1"),
        ("trigger=core.interval&delta=many", "Enter a whole number"),
        ("trigger=core.interval&delta=99999999999999&unit=weeks", "at most ten years"),
        ("trigger=core.interval&delta=5&unit=moons", "Select a valid choice"),
        ("trigger=core.interval&delta=5&start=2026", "a moment with its offset is expected"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_field(
    administrator: Client, people: People, query: str, told: str
) -> None:
    add_timer_types()
    text = look(administrator, f"{PREVIEW}?{query}", status=400)
    assert told in text.replace("&#x27;", "'")
    assert "a-field-wrong" in text
    assert "From now" not in text


def test_an_attune_without_the_core_pack_says_so(administrator: Client) -> None:
    assert "core.cron" in look(administrator, f"{PREVIEW}?expression=0+9+*+*+*", status=400)
    look(administrator, f"{PREVIEW}?trigger=core.webhook")
    assert "There is no timer" in look(administrator, LIST)


def test_who_sees_triggers_sees_timers_and_who_manages_them_may_act(people: People, visit: Visit) -> None:
    timer = make_timer()
    plain = visit(people.owner)
    text = look(plain, page_of(timer))
    assert 'name="deed"' not in text
    plain.post(page_of(timer), {"deed": "pause"})
    assert Client().post(page_of(timer), {"deed": "pause"}).headers["Location"].startswith("/admin/login/")
    timer.refresh_from_db()
    assert not timer.is_paused
    nobody = visit(make_identity("nobody", role="bare", grants=("pack.view",)))
    look(nobody, page_of(timer), status=403)
    elsewhere = visit(make_identity("far", role="far", grants=("trigger.view@pack:demo",)))
    look(elsewhere, page_of(timer), status=404)
    assert "There is no timer" in look(elsewhere, LIST)
    look(visit(people.administrator), f"{LIST}{'9' * 30}/", status=404)


def test_events_of_a_timer_are_for_those_who_may_see_events(people: People, visit: Visit) -> None:
    timer = pass_time(make_timer(), HOUR)
    now = timezone.now()
    given = {"deed": "backfill", "begin": _minute(now - 2 * HOUR), "end": _minute(now)}
    visit(people.administrator).post(page_of(timer), given)
    key = str(Event.objects.values_list("dedupe_key", flat=True)[0])
    assert key in look(visit(people.owner), page_of(timer))
    blind = visit(make_identity("blind", role="blind", grants=("trigger.view",)))
    assert key not in look(blind, page_of(timer))


def test_home_tells_the_next_timers_the_nearest_first(administrator: Client, people: People, visit: Visit) -> None:
    assert "Next timers" not in look(administrator, "/admin/")
    before = statements_of(administrator, "/admin/")
    make_timer(parameters={"delta": 2, "unit": "days"})
    make_timer(parameters={"delta": 7, "unit": "minutes"})
    for number in range(20):
        make_timer(parameters={"delta": 100 + number, "unit": "days"})
    text = look(administrator, "/admin/")
    assert text.index("every 7 minutes") < text.index("every 2 days")
    assert text.count("/admin/timers/") == 8 + 1
    assert statements_of(administrator, "/admin/") == before
    blind = visit(make_identity("blind", role="blind", grants=("execution.view",)))
    assert "Next timers" not in look(blind, "/admin/")


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M")
