"""The trace of a request: taken over from whoever asks, recorded where that is wanted."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

from apps.core import request_id, tracing
from apps.core.metrics.http import route_of


class RequestTraceMiddleware:
    """Behind `RequestIdMiddleware`, so that a span and a log line find each other."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._answer(request)
        with _span(request) as span:
            response = self.get_response(request)
            assert isinstance(response, HttpResponseBase)
            _tell(span, request, response)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        with _span(request) as span:
            answer = self.get_response(request)
            assert not isinstance(answer, HttpResponseBase)
            response = await answer
            _tell(span, request, response)
        return response


def _span(request: HttpRequest) -> AbstractContextManager[tracing.Span]:
    parent = tracing.accepted(request.headers.get("Traceparent", ""))
    facts = {"http.request.method": str(request.method), "attune.request_id": request_id.current.get()}
    return tracing.span(str(request.method), parent=parent, kind="server", facts=facts)


def _tell(span: tracing.Span, request: HttpRequest, response: HttpResponseBase) -> None:
    span.tell({"http.route": route_of(request), "http.response.status_code": response.status_code})
    if response.status_code >= 500:
        span.fail(str(response.status_code))
