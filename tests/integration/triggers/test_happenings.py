"""What Attune tells as events of its own, when somebody waits for it."""

import pytest
from django.db import connection

from apps.executions import outbox
from apps.executions.models import Execution
from apps.executions.states import Status
from apps.executions.transitions import transition
from apps.keys.owners import SYSTEM
from apps.keys.services import delete_key, set_key
from apps.rules.models import Enforcement
from apps.triggers.models import Event
from apps.workers.models import Worker
from apps.workers.services import mark_lost_workers
from tests.conductor import process_open
from tests.factories import make_action, make_event, make_execution, make_rule, make_trigger_type, make_worker
from tests.people import People

FINISHED = "core.execution_finished"


@pytest.fixture(autouse=True)
def types(people: People) -> None:
    make_action()
    make_trigger_type()
    for name in ("execution_finished", "worker_lost", "key_changed"):
        make_trigger_type(name, pack="core")


def cancel(execution_id: int) -> None:
    transition(execution_id, Status.CANCELED, expected={Status.SCHEDULED}, attempt=1)
    outbox.announce_all()


def test_an_end_nobody_waits_for_is_no_event() -> None:
    cancel(make_execution().pk)
    assert not Event.objects.exists()


def test_an_end_somebody_waits_for_is_one_event_in_its_trace(people: People) -> None:
    make_rule(people.owner, trigger=FINISHED)
    execution = make_execution()
    cancel(execution.pk)
    outbox.announce_all()
    event = Event.objects.get()
    assert (event.type_ref, event.caused_by_id, event.trace_id) == (FINISHED, execution.pk, execution.trace_id)
    assert (event.payload["status"], event.payload["action"], event.depth) == ("canceled", "demo.deploy", 0)


def test_rules_that_feed_themselves_come_to_an_end(people: People) -> None:
    make_rule(people.owner, trigger=FINISHED)
    cancel(make_execution().pk)
    for _ in range(12):
        process_open()
        for execution in Execution.objects.filter(status=Status.SCHEDULED):
            cancel(execution.pk)
    assert Enforcement.objects.filter(status="started").count() == 8
    last = Enforcement.objects.latest("pk")
    assert (last.status, last.event.depth) == ("suppressed", 8)
    assert Event.objects.values("trace_id").distinct().count() == 1


def test_the_end_of_an_execution_releases_who_waits_in_the_rules_queue(people: People) -> None:
    make_rule(people.owner, overlap="queue")
    for _ in range(2):
        make_event()
    process_open()
    first = Enforcement.objects.order_by("pk").first()
    assert first is not None
    assert first.execution_id is not None
    cancel(first.execution_id)
    assert not Enforcement.objects.filter(is_waiting=True).exists()
    process_open()
    assert Enforcement.objects.filter(status="started").count() == 2


def test_a_lost_worker_and_a_changed_key_are_told(people: People) -> None:
    make_rule(people.owner, "lost", trigger="core.worker_lost")
    make_rule(people.owner, "key", trigger="core.key_changed")
    worker = make_worker()
    Worker.objects.update(last_heartbeat="2000-01-01T00:00Z")
    with connection.cursor() as cursor:  # the server must have been up for as long
        cursor.execute("SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())")
        up_s = float(cursor.fetchone()[0])
    mark_lost_workers(after_s=up_s / 2)
    written = set_key(SYSTEM, "cloud", value="hush-hush", by=None)
    delete_key(written.key, by=people.administrator)
    told = {event.type_ref: event.payload for event in Event.objects.order_by("pk")}
    assert told["core.worker_lost"]["worker"] == worker.name
    changes = Event.objects.filter(type_ref="core.key_changed").order_by("pk")
    assert [event.payload["change"] for event in changes] == ["created", "deleted"]
    assert "hush-hush" not in str(list(changes.values_list("payload", flat=True)))
