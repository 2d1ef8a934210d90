"""What every page below `/admin/` says while the database is away, also those of the theme and of Django."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.response import TemplateResponse
from psycopg_pool import PoolTimeout

from apps.core.problem import RETRY_AFTER_S

View = Callable[..., HttpResponseBase]


def telling_when_away(view: View) -> View:
    """The view, or a page with status 503. Renders it here, as templates ask the database too."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
            return response.render() if isinstance(response, TemplateResponse) else response
        except (OperationalError, InterfaceError, PoolTimeout):
            return _away(request)

    return wrapper


def bare_page(request: HttpRequest, status: int, title: str, detail: str, *, back: str = "") -> HttpResponse:
    return render(request, "console/bare.html", {"title": title, "detail": detail, "back": back}, status=status)


def _away(request: HttpRequest) -> HttpResponse:
    """Without menu and name: who asks cannot be found out now."""
    response = bare_page(
        request, 503, "Attune cannot reach its database", "The database cannot be reached; try again in a moment."
    )
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response
