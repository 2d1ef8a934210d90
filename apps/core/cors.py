"""Lets pages of other origins read answers of the REST API: those the operator lists, letter by letter.

Never `*`, never `null` (every sandboxed page and file has that origin), and never with cookies: a page of another
origin proves who it is with a token, as any other program.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers

from apps.core.around import AroundRequest, Tell

_API = "/api/"
#: Seconds a browser may remember what it was allowed.
_REMEMBERED_S = 600
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?\Z")
_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID"
    ),
    "Access-Control-Max-Age": str(_REMEMBERED_S),
}
_SHOWN = "ETag, Location, Retry-After, X-Request-Id"


def is_origin(text: str) -> bool:
    """Whether `text` is one origin as browsers send it: `https://portal.example.org`, small, without a path."""
    return bool(_ORIGIN.match(text))


class CorsMiddleware(AroundRequest):
    """Adds the headers of CORS to answers for listed origins; answers their preflights, which carry no token."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _is_preflight(request) and _is_listed(request):
            response = HttpResponse(status=204, headers=_ALLOWED)
            _allow(request, response)
            return response
        answer = super().__call__(request)
        assert isinstance(answer, HttpResponseBase)
        return answer

    @contextmanager
    def around(self, request: HttpRequest) -> Iterator[Tell]:
        yield lambda response: _allow(request, response)


def _is_preflight(request: HttpRequest) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def _is_listed(request: HttpRequest) -> bool:
    return request.path.startswith(_API) and request.headers.get("Origin", "") in settings.ATTUNE_CORS_ORIGINS


def _allow(request: HttpRequest, response: HttpResponseBase) -> None:
    if not settings.ATTUNE_CORS_ORIGINS or not request.path.startswith(_API):
        return
    patch_vary_headers(response, ["Origin"])
    if _is_listed(request):
        response["Access-Control-Allow-Origin"] = request.headers["Origin"]
        response["Access-Control-Expose-Headers"] = _SHOWN
