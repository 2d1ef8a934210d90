"""A request, what it asked for, and what that asked for in turn are one trace."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from apps.core import tracing
from apps.executions.models import Execution
from apps.executions.run import _traced
from tests.factories import make_action, make_worker
from tests.people import People, client_of
from tests.running import claimed

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ABOVE = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.start_with(exporter, role="test")
    yield exporter
    tracing.stop()


def test_request_execution_and_child_are_one_trace(people: People, spans: InMemorySpanExporter) -> None:
    make_action()
    client, worker = client_of(people.owner), make_worker()

    def ask(traceparent: str) -> Execution:
        answer = client.post(
            "/api/v1/executions", {"action": "demo.deploy"}, format="json", headers={"traceparent": traceparent}
        )
        return Execution.objects.get(pk=answer.json()["id"])

    parent = claimed(ask(ABOVE), worker)
    with tracing.span(parent.action_ref, parent=parent.traceparent, facts=_traced(parent)):
        given_to_the_action = tracing.current.get()
    child = ask(given_to_the_action)
    assert tracing._provider is not None
    tracing._provider.force_flush()
    ended: list[Any] = list(spans.get_finished_spans())
    request, ran, second = ended
    assert [item.name for item in ended] == ["POST", "demo.deploy", "POST"]
    assert {f"{item.context.trace_id:032x}" for item in ended} == {TRACE}
    assert parent.trace_id.hex == child.trace_id.hex == TRACE
    assert [f"{request.parent.span_id:016x}", ran.parent.span_id, second.parent.span_id] == [
        "00f067aa0ba902b7",
        request.context.span_id,
        ran.context.span_id,
    ]
    assert request.attributes["http.route"] == "/api/v1/executions"
    assert request.attributes["http.response.status_code"] == 201
    assert ran.attributes["attune.execution.id"] == parent.id


def test_a_traceparent_that_is_none_begins_no_trace(people: People) -> None:
    make_action()
    answer = client_of(people.owner).post(
        "/api/v1/executions", {"action": "demo.deploy"}, format="json", headers={"traceparent": "00-nonsense"}
    )
    assert answer.status_code == 201
    assert Execution.objects.get().traceparent == ""
