"""`GET /metrics`, for whoever has the token for it."""

import hmac
import ipaddress

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST

from apps.core import problem
from apps.monitoring.exposition import exposition

#: What proxies add: then the address of the connection is not that of who asks.
_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via")


@problem.only_reading
def metrics(request: HttpRequest) -> HttpResponse:
    """Text for Prometheus."""
    if not settings.ATTUNE_METRICS_TOKEN and not _may_do_without(request):
        return problem.plain(403, "forbidden", "Metrics need a token here: set ATTUNE_METRICS_TOKEN.")
    if settings.ATTUNE_METRICS_TOKEN and not _has_token(request):
        refusal = problem.plain(401, "not_authenticated", "Send ATTUNE_METRICS_TOKEN as a bearer token.")
        refusal["WWW-Authenticate"] = "Bearer"
        return refusal
    response = HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
    response["Cache-Control"] = "no-store"
    return response


def _has_token(request: HttpRequest) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    wanted = settings.ATTUNE_METRICS_TOKEN.encode()
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), wanted)


def _may_do_without(request: HttpRequest) -> bool:
    """On one machine, from that machine, and not through a proxy on it."""
    if not settings.ATTUNE_METRICS_OPEN_TO_LOOPBACK or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:  # a socket without an address
        return False
