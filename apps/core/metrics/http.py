"""Counts the web role's answers."""

import time
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

from apps.core.metrics.catalogue import HTTP_REQUESTS, HTTP_SECONDS
from apps.core.metrics.counting import OTHER, count, observe

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMetricsMiddleware:
    """Sees what the middleware behind it does too."""

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
        began = time.monotonic()
        response = self.get_response(request)
        assert isinstance(response, HttpResponseBase)
        _count(request, response, time.monotonic() - began)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        answer = self.get_response(request)
        assert not isinstance(answer, HttpResponseBase)
        response = await answer
        _count(request, response, time.monotonic() - began)
        return response


def _count(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    method = request.method if request.method in _METHODS else OTHER
    count(HTTP_REQUESTS, route_of(request), str(method), str(response.status_code))
    observe(HTTP_SECONDS, seconds)


def route_of(request: HttpRequest) -> str:
    """The template of the address: there are as many as the code has, whatever is asked for."""
    match = request.resolver_match
    return f"/{match.route}" if match is not None else OTHER
