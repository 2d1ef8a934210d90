"""What every page below `/admin/` says when the database gave it up, also those of the theme and of Django."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.response import TemplateResponse

from apps.core.database import Trouble
from apps.core.problem import RETRY_AFTER_S, TROUBLES, server_error, told_trouble

View = Callable[..., HttpResponseBase]

TITLES = {Trouble.AWAY: "Attune cannot reach its database", Trouble.BUSY: "The database is too busy"}


def telling_when_away(view: View) -> View:
    """The view, or a page with status 503. Renders it here, as templates ask the database too."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
            return response.render() if isinstance(response, TemplateResponse) else response
        except Exception as error:
            trouble = told_trouble(error)
            if trouble is None:
                raise
            return _away(request, trouble)

    return wrapper


def failed_request(request: HttpRequest) -> HttpResponse:
    """Django's last resort, called while it handles the error: also for those outside of views, where sessions are read
    and saved."""
    error = sys.exception()
    is_page = request.path.startswith("/admin/")
    if is_page and error is not None and (trouble := told_trouble(error)):
        return _away(request, trouble)
    return server_error(request)


def _away(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    """Without menu and name: who asks cannot be found out now."""
    said = {"title": TITLES[trouble], "detail": TROUBLES[trouble]}
    response = render(request, "console/away.html", said, status=503)
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response
