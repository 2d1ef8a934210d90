"""From where a request comes, for the audit. Behind a proxy it is the proxy's address, unless the server in front of
Django was told to trust its headers."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest

from apps.core.around import AroundRequest, Tell

#: Empty outside a request, and over a Unix socket.
current: ContextVar[str] = ContextVar("client_address", default="")


class ClientAddressMiddleware(AroundRequest):
    @contextmanager
    def around(self, request: HttpRequest) -> Iterator[Tell]:
        current.set(str(request.META.get("REMOTE_ADDR") or "")[:45])
        yield lambda response: None
