from datetime import timedelta

from django.utils import timezone

from apps.core.redis import breaker
from apps.executions.due import bring_on_due
from apps.executions.models import Execution
from apps.executions.states import Status
from tests.asking import ask
from tests.conftest import messages_in
from tests.factories import make_action, make_worker
from tests.people import People
from tests.redis_trouble import keep_redis_away
from tests.running import claimed, end, status_of
from tests.threads import race

SOON, LATER = timedelta(milliseconds=-1), timedelta(hours=1)


def asked_for(people: People, delay: timedelta, **fields: object) -> Execution:
    action = make_action(**fields)  # type: ignore[arg-type]
    (execution,) = ask(people, action, not_before=timezone.now() + delay)
    return execution


def test_what_is_due_and_has_no_gate_is_scheduled_and_hinted(people: People) -> None:
    due, later = asked_for(people, SOON), asked_for(people, LATER)
    assert bring_on_due() == 1
    assert (status_of(due), status_of(later)) == ("scheduled", "requested")
    assert messages_in("run.default.shell") == 1


def test_what_is_due_takes_its_place_behind_those_who_wait(people: People) -> None:
    action = make_action(concurrency={"limit": 1})
    due = asked_for(people, SOON, concurrency={"limit": 1})
    waiting = ask(people, action, count=2)
    bring_on_due()
    due.refresh_from_db()
    assert (due.number, due.status) == (3, "delayed")
    assert status_of(waiting[0]) == "scheduled"


def test_those_due_take_their_places_in_the_order_in_which_they_became_due(people: People) -> None:
    action = make_action(concurrency={"limit": 1})
    now = timezone.now()
    for seconds in (3, 1, 2):
        ask(people, action, not_before=now - timedelta(seconds=seconds))
    bring_on_due()
    rows = Execution.objects.order_by("not_before").values_list("number", flat=True)
    assert list(rows) == [1, 2, 3]


def test_a_retry_goes_through_its_gate_again(people: People) -> None:
    retry = {"max_attempts": 2, "backoff": "constant", "delay_s": 0}
    action = make_action(concurrency={"limit": 1}, retry=retry)
    first, second = ask(people, action, count=2)
    worker = make_worker()
    end(claimed(first, worker), Status.FAILED)
    bring_on_due()
    assert (status_of(first), status_of(second)) == ("delayed", "scheduled")
    end(claimed(second, worker))
    assert end(claimed(first, worker)) is Status.SUCCEEDED
    first.refresh_from_db()
    assert (first.attempt, first.number) == (2, 3)


def test_each_is_brought_on_once_however_many_look(people: People) -> None:
    for _ in range(20):
        asked_for(people, SOON)
    assert sum(race(4, lambda _: bring_on_due())) == 20
    assert messages_in("run.default.shell") == 20


def test_with_redis_away_the_place_is_taken_and_entered_later(people: People) -> None:
    due = asked_for(people, SOON, concurrency={"limit": 1})
    keep_redis_away()
    bring_on_due()
    breaker.reset()
    due.refresh_from_db()
    assert (due.number, due.status) == (1, "requested")


def test_the_waiting_time_of_a_gate_counts_from_its_place_in_line(people: People) -> None:
    due = asked_for(people, SOON, concurrency={"limit": 0, "expires_s": 60})
    assert due.expires_at is None
    bring_on_due()
    due = Execution.objects.get()
    assert due.expires_at is not None
    assert due.expires_at > timezone.now()
