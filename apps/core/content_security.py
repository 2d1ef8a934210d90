"""The Content-Security-Policy of every page: scripts, styles and data come from Attune itself, and no script stands
in a page."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest, HttpResponseBase

from apps.core.around import AroundRequest, Tell

#: Style attributes are let through: widths of bars, and what the theme's widgets set. They run nothing.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADER = "Content-Security-Policy"


class ContentSecurityMiddleware(AroundRequest):
    """A view may set a policy of its own."""

    @contextmanager
    def around(self, request: HttpRequest) -> Iterator[Tell]:
        yield _set_policy


def _set_policy(response: HttpResponseBase) -> None:
    response.headers.setdefault(HEADER, POLICY)
