"""Gives every request an id: in its log lines, in its answer's `X-Request-Id`, in problem documents and audit."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponseBase

from apps.core.around import AroundRequest, Tell

#: Empty outside a request.
current: ContextVar[str] = ContextVar("request_id", default="")
_ACCEPTED = re.compile(r"^[A-Za-z0-9_.:-]{8,64}\Z")


class RequestIdMiddleware(AroundRequest):
    """Takes over a well-formed `X-Request-Id` of a proxy, else makes one."""

    @contextmanager
    def around(self, request: HttpRequest) -> Iterator[Tell]:
        current.set(accepted(request.headers.get("X-Request-Id", "")))
        yield _set_header


def _set_header(response: HttpResponseBase) -> None:
    response["X-Request-Id"] = current.get()


def accepted(given: str) -> str:
    """`given` if it may stand in logs, else a new id."""
    return given if _ACCEPTED.match(given) else uuid.uuid4().hex
