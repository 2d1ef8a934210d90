"""Traces: which trace a request belongs to (W3C `traceparent`), and spans where OpenTelemetry is installed and wanted.

Without the extra, or without `ATTUNE_OTLP_ENDPOINT`, nothing is recorded; a trace that comes with a request is handed
on all the same. OpenTelemetry is imported when it is first needed: most installations have none.
"""

import contextlib
import logging
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from django.conf import settings

from apps.core.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

logger = logging.getLogger(__name__)

#: Version 00 of the standard; what is longer is of a version this does not know.
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})\Z")

#: Attributes of a span, by the names OpenTelemetry gives them.
Facts = Mapping[str, str | int | float]

#: The `traceparent` of whatever this thread works at; empty where there is none.
current: ContextVar[str] = ContextVar("traceparent", default="")

_provider: "TracerProvider | None" = None


def accepted(given: str) -> str:
    """`given` if it is a `traceparent`, else nothing."""
    return given if _TRACEPARENT.match(given) else ""


def trace_of(traceparent: str) -> str:
    """The trace's id, 32 hexadecimal digits."""
    return traceparent.split("-")[1]


def new_trace_id() -> uuid.UUID:
    """That of the request's trace, if it has one; a trace's id has as many bits as a UUID."""
    traceparent = current.get()
    return uuid.UUID(trace_of(traceparent)) if traceparent else uuid.uuid4()


def start(role: str) -> None:
    """Makes this process send its spans, if that is wanted. Call it once the process will not fork any more."""
    if not settings.ATTUNE_OTLP_ENDPOINT:
        return
    if not _is_installed():
        logger.warning("ATTUNE_OTLP_ENDPOINT is set, but requirements-otel.txt is not installed: nothing is traced")
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    start_with(OTLPSpanExporter(endpoint=f"{settings.ATTUNE_OTLP_ENDPOINT.rstrip('/')}/v1/traces"), role=role)


def _is_installed() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:  # one of its parents
        return False


def start_with(exporter: "SpanExporter", *, role: str) -> None:
    """Sends spans to `exporter`, in batches, from a thread of its own."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    global _provider  # noqa: PLW0603 - one fact about the process
    facts = {"service.name": f"attune-{role}", "service.namespace": "attune", "service.version": VERSION}
    _provider = TracerProvider(resource=Resource.create(facts))
    _provider.add_span_processor(BatchSpanProcessor(exporter))


def stop() -> None:
    """Sends the rest."""
    global _provider  # noqa: PLW0603 - one fact about the process
    if _provider is not None:
        _provider.shutdown()
        _provider = None


class Span:
    """What is being recorded; does nothing where nothing is."""

    def __init__(self, recorded: Any = None) -> None:
        self._recorded = recorded

    def tell(self, facts: Facts) -> None:
        if self._recorded is not None:
            self._recorded.set_attributes(facts)

    def fail(self, description: str) -> None:
        """The kind of failure; never a message of somebody else's, which may hold anything."""
        if self._recorded is not None:
            from opentelemetry.trace import StatusCode

            self._recorded.set_status(StatusCode.ERROR, description)


@contextmanager
def span(name: str, *, parent: str, facts: Facts, kind: str = "internal") -> Iterator[Span]:
    """Records the block as a child of `parent` (a `traceparent`, or nothing), and makes it `current` inside."""
    with contextlib.ExitStack() as entered:
        if _provider is None:
            recorded, here = Span(), parent
        else:
            recorded, here = entered.enter_context(_recorded(_provider, name, parent, kind, facts))
        token = current.set(here)
        entered.callback(current.reset, token)
        yield recorded


@contextmanager
def _recorded(
    provider: "TracerProvider", name: str, parent: str, kind: str, facts: Facts
) -> Iterator[tuple[Span, str]]:
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    propagator = TraceContextTextMapPropagator()
    # An empty context, not the one of the thread: the parent is said, never guessed.
    above = propagator.extract({"traceparent": parent} if parent else {}, context=Context())
    with provider.get_tracer("attune").start_as_current_span(
        name,
        context=above,
        kind=SpanKind[kind.upper()],
        attributes=facts,
        record_exception=False,  # its message may hold anything
        set_status_on_exception=False,
    ) as recorded:
        span_, carrier = Span(recorded), dict[str, str]()
        propagator.inject(carrier)
        try:
            yield span_, carrier["traceparent"]
        except Exception as error:
            span_.fail(type(error).__name__)
            raise
