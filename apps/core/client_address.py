"""From where a request comes, for the audit. Behind a proxy it is the proxy's address, unless the server in front of
Django was told to trust its headers."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest

from apps.core.around import AroundRequest, Tell

#: Empty outside a request, and over a Unix socket.
current: ContextVar[str] = ContextVar("client_address", default="")


#: Of an IPv6 address with an IPv4 one in it.
_LONGEST = 45


class ClientAddressMiddleware(AroundRequest):
    @contextmanager
    def around(self, request: HttpRequest) -> Iterator[Tell]:
        current.set(_address(str(request.META.get("REMOTE_ADDR") or "")))
        yield lambda response: None


def _address(said: str) -> str:
    """Nothing for what is no address: behind a proxy that is trusted it is what a header says."""
    try:
        return str(ipaddress.ip_address(said))[:_LONGEST]
    except ValueError:
        return ""
