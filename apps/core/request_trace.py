"""The trace of a request: taken over from whoever asks, recorded where that is wanted."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from django.http import HttpRequest, HttpResponseBase

from apps.core import request_id, tracing
from apps.core.around import AroundRequest, Tell
from apps.core.metrics.http import route_of


class RequestTraceMiddleware(AroundRequest):
    """Behind `RequestIdMiddleware`, so that a span and a log line find each other."""

    @contextmanager
    def around(self, request: HttpRequest) -> Iterator[Tell]:
        with _span(request) as span:
            yield lambda response: _tell(span, request, response)


def _span(request: HttpRequest) -> AbstractContextManager[tracing.Span]:
    parent = tracing.accepted(request.headers.get("Traceparent", ""))
    facts = {"http.request.method": str(request.method), "attune.request_id": request_id.current.get()}
    return tracing.span(str(request.method), parent=parent, kind="server", facts=facts)


def _tell(span: tracing.Span, request: HttpRequest, response: HttpResponseBase) -> None:
    span.tell({"http.route": route_of(request), "http.response.status_code": response.status_code})
    if response.status_code >= 500:
        span.fail(str(response.status_code))
