import contextlib
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import ApiToken, Identity
from apps.api.stream import events, subscription
from apps.executions import outbox
from apps.executions.models import Execution, History
from apps.operations.models import Operation
from apps.operations.progress import Progress
from apps.workers.services import end_worker
from tests.asgi import ask
from tests.conductor import process_open
from tests.factories import make_event, make_execution, make_trigger_type, make_worker
from tests.people import People, make_identity
from tests.redis_trouble import keep_redis_away
from tests.running import claimed, end
from tests.streams import Stream, listening


def statuses(stream: Stream, execution: Execution) -> list[str]:
    return [data["status"] for data in stream.of("execution") if data["id"] == execution.pk]


def has(execution: Execution, *wanted: str) -> Callable[[Stream], bool]:
    return lambda stream: statuses(stream, execution) == list(wanted)


@contextlib.contextmanager
def written_but_not_committed(execution: Execution) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A row of history of another process, still in its transaction."""
    parameters = connection.get_connection_params()
    for unknown in ("pool", "cursor_factory", "context", "prepare_threshold"):
        parameters.pop(unknown, None)
    with psycopg.connect(**parameters) as other:
        other.execute(
            "INSERT INTO executions_history (execution_id, attempt, status) VALUES (%s, 1, 'running')", [execution.pk]
        )
        yield other


def test_every_move_is_told_as_it_happens(people: People) -> None:
    with listening(by=people.owner) as stream:
        assert stream.status == 200
        execution = make_execution(requested_by_id=people.owner.pk)
        stream.wait_for(has(execution, "scheduled"))
        end(claimed(execution, make_worker()))
        stream.wait_for(has(execution, "scheduled", "running", "succeeded"))
    first = stream.of("execution")[0]
    assert set(first) == {"id", "attempt", "status", "action", "at"}
    assert (first["id"], first["attempt"], first["action"]) == (execution.pk, 1, execution.action_ref)
    assert all(event.id for event in stream.events)


def test_an_event_is_told_when_it_comes_and_when_its_rules_have_judged_it(people: People) -> None:
    make_trigger_type()
    stranger = make_identity(
        "stranger", role="looks", grants=("execution.view@own", "operation.view@own", "worker.view")
    )
    with listening(by=people.administrator) as stream, listening(by=stranger) as others:
        event = make_event()
        stream.wait_for(lambda it: [data["processed"] for data in it.of("event")] == [False])
        process_open()
        stream.wait_for(lambda it: [data["processed"] for data in it.of("event")] == [False, True])
        own = make_execution(requested_by_id=stranger.pk)
        others.wait_for(has(own, "scheduled"))
    assert {data["id"] for data in stream.of("event")} == {event.pk}
    assert set(stream.of("event")[0]) == {"id", "type", "source", "processed", "at"}
    assert others.of("event") == []


def test_nothing_of_before_is_told_to_who_comes_for_the_first_time(people: People) -> None:
    old = make_execution(requested_by_id=people.owner.pk)
    with listening(by=people.owner) as stream:
        new = make_execution(requested_by_id=people.owner.pk)
        stream.wait_for(has(new, "scheduled"))
    assert statuses(stream, old) == []


def test_only_what_an_identity_may_see_is_told(people: People) -> None:
    with listening(by=people.teammate) as stream, listening(by=people.administrator) as everything:
        foreign = make_execution(requested_by_id=people.owner.pk)
        Operation.objects.create(kind="pack.install", subject="x", requested_by=people.owner)
        own = make_execution(requested_by_id=people.teammate.pk)
        for reader in (stream, everything):
            reader.wait_for(has(own, "scheduled"))
        everything.wait_for(lambda reader: reader.of("operation"))
    assert statuses(everything, foreign) == ["scheduled"]
    assert (statuses(stream, foreign), stream.of("operation")) == ([], [])


def test_the_stream_can_be_narrowed_to_kinds_and_to_one_execution(people: People) -> None:
    mine, other = (make_execution(requested_by_id=people.owner.pk) for _ in range(2))
    with (
        listening(f"kinds=execution&execution={mine.pk}", by=people.owner) as one,
        listening("kinds=worker", by=people.owner) as workers,
    ):
        worker = make_worker()
        end(claimed(other, worker))
        end(claimed(mine, worker))
        one.wait_for(has(mine, "running", "succeeded"))
        workers.wait_for(lambda stream: stream.of("worker"))
    assert {data["id"] for data in one.of("execution")} == {mine.pk}
    assert {event.name for event in workers.events} == {"worker"}


def test_workers_that_come_and_go_are_told(people: People) -> None:
    with listening("kinds=worker", by=people.teammate) as stream:
        worker = make_worker("w7")
        stream.wait_for(lambda told: told.of("worker"))
        end_worker(worker.pk)
        stream.wait_for(lambda told: len(told.of("worker")) == 2)
    assert [(data["name"], data["status"]) for data in stream.of("worker")] == [("w7", "active"), ("w7", "stopped")]
    assert set(stream.of("worker")[0]) == {"name", "status", "at"}


def test_operations_are_told_with_their_progress(people: People) -> None:
    with listening("kinds=operation", by=people.owner) as stream:
        operation = Operation.objects.create(kind="pack.install", subject="demo", requested_by=people.owner)
        stream.wait_for(lambda told: told.of("operation"))
        Progress(operation).step("unpack", percent=40)
        stream.wait_for(lambda told: told.of("operation")[-1]["progress"] == 40)
        Operation.objects.filter(pk=operation.pk).update(status="succeeded", progress=100, ended_at=timezone.now())
        stream.wait_for(lambda told: told.of("operation")[-1]["status"] == "succeeded")
    assert set(stream.of("operation")[0]) == {"id", "kind", "status", "progress", "at"}


def test_who_comes_back_misses_nothing(people: People) -> None:
    executions = []
    with listening(by=people.owner) as stream:
        executions.append(make_execution(requested_by_id=people.owner.pk))
        stream.wait_for(has(executions[0], "scheduled"))
    executions.append(make_execution(requested_by_id=people.owner.pk))
    foreign = make_execution(requested_by_id=people.teammate.pk)
    operation = Operation.objects.create(kind="pack.install", subject="demo", requested_by=people.owner)
    ended = Operation.objects.create(
        kind="pack.install", subject="demo", requested_by=people.owner, status="failed", ended_at=timezone.now()
    )
    make_worker("w9")
    with listening(by=people.owner, headers={"last-event-id": stream.last_id}) as back:
        executions.append(make_execution(requested_by_id=people.owner.pk))
        # Once or twice: what happens while it is looked up what was missed is found there, and told as it happens too.
        back.wait_for(lambda told: "scheduled" in statuses(told, executions[2]))
        back.wait_for(lambda told: told.of("worker"))
    assert statuses(back, executions[1]) == ["scheduled"]
    assert statuses(back, foreign) == []
    assert {(data["id"], data["status"]) for data in back.of("operation")} == {
        (operation.pk, "pending"), (ended.pk, "failed"),
    }  # fmt: skip


def test_each_event_of_what_was_missed_can_be_gone_on_from(people: People) -> None:
    with listening(by=people.owner) as stream:
        pass
    rows = [make_execution(requested_by_id=people.owner.pk) for _ in range(4)]
    with listening(by=people.owner, headers={"last-event-id": stream.last_id}) as back:
        back.wait_for(lambda told: len(told.of("execution")) == 4)
    second = back.events[1].id
    with listening(by=people.owner, headers={"last-event-id": second}) as again:
        again.wait_for(has(rows[3], "scheduled"))
    assert [data["id"] for data in again.of("execution")][-2:] == [rows[2].pk, rows[3].pk]


def test_a_row_that_is_committed_late_is_missed_neither_live_nor_by_who_comes_back(people: People) -> None:
    late = make_execution(requested_by_id=people.owner.pk)
    with listening(by=people.owner) as stream:
        with written_but_not_committed(late) as other:
            early = make_execution(requested_by_id=people.owner.pk)  # its id is larger, and it is there before
            stream.wait_for(has(early, "scheduled"))
            seen = stream.last_id
            assert statuses(stream, late) == []
            other.commit()
        stream.wait_for(has(late, "running"))
    with listening(by=people.owner, headers={"last-event-id": seen}) as back:
        # What had not settled is told again, and tests beside this one have transactions of their own that go on.
        back.wait_for(lambda told: "running" in statuses(told, late))


def test_a_transaction_that_stays_open_holds_nothing_up(people: People) -> None:
    with listening(by=people.owner) as stream, written_but_not_committed(make_execution()) as other:
        for _ in range(3):
            execution = make_execution(requested_by_id=people.owner.pk)
            stream.wait_for(has(execution, "scheduled"))
        other.rollback()
    assert len(stream.of("execution")) == 3


def test_the_stream_goes_on_while_redis_is_away(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.api.stream.hub.settings.REDIS_URL", "redis://127.0.0.1:1/0")
    keep_redis_away()
    with listening(by=people.owner) as stream:
        execution = make_execution(requested_by_id=people.owner.pk)
        stream.wait_for(has(execution, "scheduled"))


def test_a_hint_wakes_the_stream_at_once(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.api.stream.hub.LOOK_EVERY_S", 3600.0)
    with listening(by=people.owner) as stream:
        execution = make_execution(requested_by_id=people.owner.pk)

        def hinted() -> object:
            History.objects.filter(execution=execution).update(announced_at=None)
            outbox.announce_all()  # until the listener has subscribed, nobody hears it
            return statuses(stream, execution)

        stream.wait_for(lambda _: hinted())


def test_a_reader_that_is_too_slow_is_cut_off_and_loses_nothing(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "MAX_WAITING_BYTES", 500)
    with listening(by=people.owner, is_slow=True) as slow, listening(by=people.administrator) as other:
        rows = [make_execution(requested_by_id=people.owner.pk)]
        slow.wait_for(has(rows[0], "scheduled"))
        for _ in range(12):
            rows.append(make_execution(requested_by_id=people.owner.pk))
            other.wait_for(has(rows[-1], "scheduled"))
        slow.hold.set()
        slow.wait_for(lambda told: told.is_over)
    assert slow.events[-1].name == "cut"
    assert slow.events[-1].data["code"] == "too_slow"
    assert len(other.of("execution")) == 13
    with listening(by=people.owner, headers={"last-event-id": slow.last_id}) as back:
        back.wait_for(lambda told: statuses(told, rows[-1]))
    told = {data["id"] for stream in (slow, back) for data in stream.of("execution")}
    assert told == {row.pk for row in rows}


def test_an_identity_has_ten_streams_and_no_more(people: People) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(subscription.MAX_STREAMS):
            assert stack.enter_context(listening("kinds=worker", by=people.owner)).status == 200
        answer = ask("GET", "/api/v1/stream", by=people.owner)
        assert (answer.status, answer.json()["code"]) == (429, "too_many_streams")
        assert "retry-after" in answer.headers
        assert stack.enter_context(listening("kinds=worker", by=people.teammate)).status == 200
    with listening("kinds=worker", by=people.owner) as stream:
        assert stream.status == 200


def test_an_answer_to_head_takes_no_place(people: People) -> None:
    for _ in range(2 * subscription.MAX_STREAMS):
        answer = ask("HEAD", "/api/v1/stream", by=people.owner)
        assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/event-stream", b"")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("kinds=colour", "/kinds"), ("kinds=", "/kinds"), ("kinds=execution,", "/kinds"), ("colour=red", "/colour"),
        ("execution=x", "/execution"), ("execution=-1", "/execution"), ("execution=" + "9" * 30, "/execution"),
        ("kinds=worker&execution=1", "/execution"), ("kinds=worker&kinds=execution", "/kinds"),
    ],
)  # fmt: skip
def test_a_query_that_means_nothing_is_400(people: People, query: str, pointer: str) -> None:
    answer = ask("GET", "/api/v1/stream", by=people.owner, query=query.encode())
    assert (answer.status, answer.json()["errors"][0]["pointer"]) == (400, pointer)


def test_a_last_event_id_that_is_none_is_400(people: People) -> None:
    for last in ("x", "1", "1-2", "1-2-3", "1-2-3-4-5", "-1-2-3", "1-2-", "1-2-\xb9", "9" * 30 + "-1-1", "1.5-1-1"):
        answer = ask("GET", "/api/v1/stream", by=people.owner, headers={"last-event-id": last})
        assert (answer.status, answer.json()["errors"][0]["pointer"]) == (400, "/headers/Last-Event-ID"), last


def test_an_id_from_a_future_that_never_came_begins_now(people: People) -> None:
    last = "-".join(["999999999999999999"] * 4)
    with listening(by=people.owner, headers={"last-event-id": last}) as stream:
        execution = make_execution(requested_by_id=people.owner.pk)
        stream.wait_for(has(execution, "scheduled"))


def test_strangers_and_those_who_may_not_see_the_execution_get_no_stream(people: People) -> None:
    execution = make_execution(requested_by_id=people.owner.pk)
    query = b"execution=%d" % execution.pk
    assert ask("GET", "/api/v1/stream").status == 401
    assert ask("GET", "/api/v1/stream", by=people.teammate, query=query).status == 404
    assert ask("GET", "/api/v1/stream", by=people.owner, query=b"execution=999999999").status == 404


def test_a_quiet_stream_says_that_it_is_alive_and_ends_with_the_token(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "ALIVE_EVERY_S", 0.05)
    with listening("kinds=operation", by=people.owner) as stream:
        stream.wait_for(lambda told: told.body.count(b": still here\n") > 2)
        assert stream.events == []
        ApiToken.objects.all().delete()
        stream.wait_for(lambda told: told.is_over, "its end")


def test_a_session_opens_a_stream_and_its_end_ends_it(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.test import Client

    monkeypatch.setattr(events, "ALIVE_EVERY_S", 0.05)
    browser = Client()
    browser.force_login(people.owner)
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    with listening("kinds=worker", headers={"cookie": cookie}) as stream:
        assert stream.status == 200
        stream.wait_for(lambda told: told.body.count(b": still here\n") > 1)
        Identity.objects.filter(pk=people.owner.pk).update(is_active=False)
        stream.wait_for(lambda told: told.is_over, "its end")
