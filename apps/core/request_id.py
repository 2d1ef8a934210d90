"""Gives every request an id: in its log lines, in its answer's `X-Request-Id`, in problem documents and audit."""

import re
import uuid
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

#: Empty outside a request.
current: ContextVar[str] = ContextVar("request_id", default="")
_ACCEPTED = re.compile(r"^[A-Za-z0-9_.:-]{8,64}\Z")


class RequestIdMiddleware:
    """Takes over a well-formed `X-Request-Id` of a proxy, else makes one. Works in sync and async stacks."""

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
        current.set(accepted(request.headers.get("X-Request-Id", "")))
        response = self.get_response(request)
        assert isinstance(response, HttpResponseBase)
        response["X-Request-Id"] = current.get()
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        current.set(accepted(request.headers.get("X-Request-Id", "")))
        answer = self.get_response(request)
        assert not isinstance(answer, HttpResponseBase)
        response = await answer
        response["X-Request-Id"] = current.get()
        return response


def accepted(given: str) -> str:
    """`given` if it may stand in logs, else a new id."""
    return given if _ACCEPTED.match(given) else uuid.uuid4().hex
