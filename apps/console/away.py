"""What every page below `/admin/` says when the database gave it up, also those of the theme and of Django."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.response import TemplateResponse

from apps.core.database import Trouble
from apps.core.problem import RETRY_AFTER_S, TROUBLES, told_trouble

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
            return trouble_page(request, trouble)

    return wrapper


def trouble_page(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    response = bare_page(request, 503, TITLES[trouble], TROUBLES[trouble])
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def bare_page(request: HttpRequest, status: int, title: str, detail: str, *, back: str = "") -> HttpResponse:
    """Without menu and name: who asks is not known, or cannot be found out now."""
    return render(request, "console/bare.html", {"title": title, "detail": detail, "back": back}, status=status)
