"""What a scrape asks the database, and how much of it there can be at most."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.core.metrics import catalogue
from apps.executions.models import Execution
from apps.executions.states import Status
from apps.monitoring import facts
from apps.monitoring.exposition import gather
from tests.asking import ask
from tests.factories import make_action, make_execution, make_gate, make_policy, make_worker
from tests.people import People
from tests.running import claimed
from tests.statements import statements_in


def values(metric: catalogue.Metric) -> dict[tuple[str, ...], float]:
    return {labels: value for (labels, _), value in gather()[metric.name].items()}


def test_gates_are_told_with_their_line_their_holders_and_their_limit(people: People) -> None:
    action = make_action(concurrency={"limit": 1})
    ask(people, action, count=3)
    gate = Execution.objects.values_list("gate", flat=True).first()
    labels = (str(gate), f"{action.ref}")
    assert values(catalogue.GATES) == {(): 1}
    assert list(values(catalogue.GATE_WAITING).values()) == [2]
    assert list(values(catalogue.GATE_HOLDING).values()) == [1]
    assert list(values(catalogue.GATE_LIMIT).values()) == [1]
    assert next(iter(values(catalogue.GATE_LIMIT)))[0] == labels[0]


def test_slots_in_use_are_those_of_running_executions(people: People) -> None:
    worker = make_worker(slots=4)
    make_worker("gone", status="lost")
    for execution in ask(people, count=2):
        claimed(execution, worker)
    assert values(catalogue.SLOTS_USED) == {("w1", "default"): 2}
    assert values(catalogue.SLOTS) == {("w1", "default"): 4}
    assert values(catalogue.LIVE)[("running",)] == 2


def test_queues_and_the_oldest_that_waits_are_told(people: People) -> None:
    ask(people, count=3)
    assert values(catalogue.QUEUE_DEPTH) == {("run.default.shell",): 3}
    assert set(values(catalogue.OLDEST)) == {("scheduled",)}


def test_the_number_of_queries_does_not_depend_on_how_much_there_is(
    people: People, client: Client, settings: Any
) -> None:
    settings.ATTUNE_METRICS_OPEN_TO_LOOPBACK = True

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get("/metrics").status_code == 200
        return statements_in(captured)

    ask(people, make_action(concurrency={"limit": 1}), count=2)
    few = asked()
    for number in range(20):
        make_worker(f"more{number}")
        policy = make_policy(f"policy{number}")
        make_execution(status=Status.DELAYED, gate_id=make_gate(policy).pk, number=1)
    assert asked() == few
    assert few <= 16


def test_series_stay_bounded_whatever_there_is(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits are lowered instead of making thousands of rows."""
    for name, most in {"MOST_WORKERS": 3, "MOST_GATES": 3, "MOST_COUNTED": 4, "MOST_QUEUED": 4}.items():
        monkeypatch.setattr(facts, name, most)
    for number in range(6):
        make_worker(f"w{number}")
        gate = make_gate(make_policy(f"policy{number}"))
        make_execution(status=Status.DELAYED, gate_id=gate.pk, number=1)
        make_execution(queue=f"run.pool{number}.shell")
    assert len(values(catalogue.HEARTBEAT_AGE)) == 3
    assert len(values(catalogue.GATE_LIMIT)) == 3
    assert values(catalogue.GATES) == {(): 6}
    assert values(catalogue.LIVE)[("delayed",)] == 4
    assert sum(values(catalogue.QUEUE_DEPTH).values()) == 4


def test_no_label_holds_what_users_bring(people: People) -> None:
    allowed = {"status", "outcome", "queue", "worker", "pool", "gate", "policy", "state", "service", "version",
               "stream", "step", "route", "method", "start"}  # fmt: skip
    assert {label for metric in catalogue.METRICS for label in metric.labels} <= allowed
    action = make_action(concurrency={"limit": 1, "key": "{{ service }}"}, parameters={"service": {"type": "string"}})
    ask(people, action, parameters={"service": "swordfish"})
    assert "swordfish" not in str(gather())


def test_addresses_nobody_has_are_one_route(client: Client, db: None) -> None:
    from apps.core.metrics import counting

    before = counting.take()
    for number in range(5):
        client.get(f"/nowhere/{number}", REQUEST_METHOD="GET")
        client.get(f"/api/v1/executions/{number}")
    routes = {labels[0] for name, labels, _ in counting.take() if name == catalogue.HTTP_REQUESTS.name}
    assert routes == {"other", "/api/v1/executions/<text:execution_id>"}
    counting.put_back(before)


def test_no_query_reads_the_whole_history(people: People) -> None:
    """Whatever the planner believes about how rare a status is."""
    (execution,) = ask(people)
    claimed(execution, make_worker())
    with connection.cursor() as cursor:
        columns = ", ".join(
            f'"{field.column}"' for field in Execution._meta.fields if field.column not in ("id", "status")
        )
        cursor.execute(
            f"INSERT INTO executions_execution (status, {columns}) SELECT 'succeeded', {columns}"
            " FROM executions_execution, generate_series(1, 20000)"
        )
        cursor.execute("ANALYZE executions_execution")
        statuses = [status.value for status in Status]
        for sql in (facts._LIVE, facts._QUEUES, facts._GATES):
            cursor.execute(
                f"EXPLAIN {sql}", {"statuses": statuses, "live": statuses[:9], "most": 100_000, "gates": 100}
            )
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan on executions_execution" not in plan, plan
