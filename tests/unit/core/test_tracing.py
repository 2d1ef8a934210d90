"""Traces with and without OpenTelemetry."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from apps.core import tracing

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ABOVE = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.start_with(exporter, role="test")
    yield exporter
    tracing.stop()


def flushed(exporter: InMemorySpanExporter) -> list[object]:
    assert tracing._provider is not None
    tracing._provider.force_flush()
    return list(exporter.get_finished_spans())


@pytest.mark.parametrize(
    "given",
    [
        "",
        "nonsense",
        ABOVE.upper(),
        ABOVE + "\n",
        ABOVE + "-more",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{TRACE}-00f067aa0ba902b7-01\r\nX: y",
    ],
)
def test_what_is_no_traceparent_is_left_out(given: str) -> None:
    assert tracing.accepted(given) == ""


def test_without_the_extra_a_trace_is_handed_on_and_nothing_is_recorded() -> None:
    assert tracing._provider is None
    with tracing.span("run", parent=ABOVE, facts={}) as span:
        span.tell({"more": 1})
        span.fail("exit_code")
        assert tracing.current.get() == ABOVE
    assert tracing.current.get() == ""


def test_a_span_is_a_child_of_what_it_was_told(spans: InMemorySpanExporter) -> None:
    with tracing.span("run", parent=ABOVE, kind="consumer", facts={"attune.attempt": 1}) as span:
        inside = tracing.current.get()
        span.tell({"attune.status": "failed"})
        span.fail("exit_code")
    (ended,) = flushed(spans)
    assert f"{ended.context.trace_id:032x}" == TRACE == tracing.trace_of(inside)  # type: ignore[attr-defined]
    assert inside.split("-")[2] == f"{ended.context.span_id:016x}"  # type: ignore[attr-defined]
    assert f"{ended.parent.span_id:016x}" == ABOVE.split("-")[2]  # type: ignore[attr-defined]
    assert ended.attributes == {"attune.attempt": 1, "attune.status": "failed"}  # type: ignore[attr-defined]
    assert ended.status.description == "exit_code"  # type: ignore[attr-defined]


def test_a_span_without_a_parent_begins_a_trace_whatever_the_thread_did_before(spans: InMemorySpanExporter) -> None:
    with tracing.span("outer", parent=ABOVE, facts={}), tracing.span("inner", parent="", facts={}):
        inside = tracing.current.get()
    assert tracing.trace_of(inside) != TRACE


def test_an_exception_of_somebody_elses_is_not_recorded(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="swordfish"), tracing.span("run", parent="", facts={}):
        raise ValueError("swordfish")
    assert "swordfish" not in str([item.to_json() for item in flushed(spans)])  # type: ignore[attr-defined]


def test_a_wish_for_traces_without_the_extra_is_said_and_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, settings: object
) -> None:
    settings.ATTUNE_OTLP_ENDPOINT = "http://127.0.0.1:1"  # type: ignore[attr-defined]
    monkeypatch.setattr(tracing, "find_spec", lambda name: None)
    tracing.start("web")
    assert "requirements-otel.txt" in caplog.text
    assert tracing._provider is None
