"""Counts the web role's answers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest, HttpResponseBase

from apps.core.around import AroundRequest, Tell
from apps.core.metrics.catalogue import HTTP_REQUESTS, HTTP_SECONDS
from apps.core.metrics.counting import OTHER, count, observe

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMetricsMiddleware(AroundRequest):
    """Sees what the middleware behind it does too."""

    @contextmanager
    def around(self, request: HttpRequest) -> Iterator[Tell]:
        began = time.monotonic()
        yield lambda response: _count(request, response, time.monotonic() - began)


def _count(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    method = request.method if request.method in _METHODS else OTHER
    count(HTTP_REQUESTS, route_of(request), str(method), str(response.status_code))
    observe(HTTP_SECONDS, seconds)


def route_of(request: HttpRequest) -> str:
    """The template of the address: there are as many as the code has, whatever is asked for."""
    match = request.resolver_match
    return f"/{match.route}" if match is not None else OTHER
