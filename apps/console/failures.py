"""What the web role says where no view answers: below `/admin/` with a page in the console's look, elsewhere with a
problem document."""

import sys
from typing import cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token

from apps.console.away import bare_page, telling_when_away, trouble_page
from apps.core import problem

_CONSOLE = "/admin/"
_TOO_OLD = (
    "Nothing was done: this form is too old, or was not one of Attune's, or your browser sends no cookies. "
    "Load the page again and send it once more."
)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not _is_of_console(request):
        return problem.not_found(request, exception)
    return cast(HttpResponse, telling_when_away(_nothing_here)(request))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not _is_of_console(request):
        return problem.bad_request(request, exception)
    return bare_page(request, 400, "This was not understood", "The request is not valid.", back=_CONSOLE)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not _is_of_console(request):
        return problem.permission_denied(request, exception)
    return bare_page(request, 403, "You may not do this", "Ask an administrator.", back=_CONSOLE)


def server_error(request: HttpRequest) -> HttpResponse:
    """Called while the error is handled: also for those outside of views, where sessions are read and saved."""
    if not _is_of_console(request):
        return problem.server_error(request)
    error = sys.exception()
    trouble = problem.told_trouble(error) if error is not None else None
    if trouble is not None:
        return trouble_page(request, trouble)
    detail = "This is a bug in Attune; its log has it under the request's id."
    return bare_page(request, 500, "This did not work", detail, back=_CONSOLE)


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's `CSRF_FAILURE_VIEW`. To the page as it was sent one must go by its address: a form's own may take no
    GET."""
    if not _is_of_console(request):
        return problem.plain(403, "forbidden", f"CSRF: {reason}")
    return bare_page(request, 403, "This form is too old", _TOO_OLD, back=_CONSOLE)


def _is_of_console(request: HttpRequest) -> bool:
    return request.path.startswith(_CONSOLE)


def _nothing_here(request: HttpRequest) -> HttpResponse:
    detail = f"There is nothing at {request.path}."
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return bare_page(request, 404, "Nothing here", detail, back=_CONSOLE)
    context = {**admin.site.each_context(request), "title": "Nothing here", "detail": detail}
    return render(request, "console/error.html", context, status=404)
