"""The console's site: its own pages first, the tables behind them under `tables/`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from django.apps import AppConfig
from django.core.checks import CheckMessage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, include, path, resolve
from django.views.decorators.common import no_append_slash
from unfold.sites import UnfoldAdminSite

from apps.console.away import View, telling_when_away
from apps.console.login_form import LoginForm

if TYPE_CHECKING:
    from apps.accounts.models import Identity


def register_tables() -> None:
    """The pages of all tables. Importing them takes as long as the rest of a role that serves none."""
    from apps.console import admin  # noqa: F401 - registers them


class ConsoleSite(UnfoldAdminSite):  # type: ignore[misc]  # the theme has no types
    site_title = "Attune"
    login_form = LoginForm

    def get_urls(self) -> list[URLPattern | URLResolver]:
        from apps.console.urls import urlpatterns

        register_tables()
        outside: list[URLPattern | URLResolver] = []
        tables: list[URLPattern | URLResolver] = []
        for pattern in super().get_urls():
            is_table = isinstance(pattern, URLResolver) or pattern.name in ("app_list", "view_on_site")
            (tables if is_table else outside).append(pattern)
        *outside, catch_all = outside
        tables.append(path("", self.admin_view(self.tables), name="tables"))
        return [*outside, *urlpatterns(self), path("tables/", include(tables)), catch_all]

    def check(self, app_configs: Iterable[AppConfig] | None) -> list[CheckMessage]:
        register_tables()
        found: list[CheckMessage] = super().check(app_configs)
        return found

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_authenticated

    def shows_tables(self, request: HttpRequest) -> bool:
        """Not to an administrator either who has to choose a password first."""
        if not self.has_permission(request):
            return False
        identity = cast("Identity", request.user)
        return identity.is_administrator and not identity.must_change_password_first

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The tables, for administrators. Finding out that others may see none would cost queries on every page."""
        if not self.shows_tables(request):
            return []
        found: list[Any] = super().get_app_list(request, app_label)
        return found

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        return telling_when_away(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        return telling_when_away(super().login)(request, extra_context)

    @no_append_slash
    def catch_all_view(self, request: HttpRequest, url: str) -> HttpResponse:
        """Leads to the page that has this address but for the slash at its end."""
        if request.method in ("GET", "HEAD") and not url.endswith("/"):
            match = resolve(f"{request.path_info}/")
            if getattr(match.func, "should_append_slash", True):
                return HttpResponseRedirect(request.get_full_path(force_append_slash=True))
        raise Http404

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from apps.console.pages.home import HomePage

        response = HomePage.as_view(site=self)(request)
        assert isinstance(response, HttpResponse)
        return response

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from apps.console.pages.identities import PasswordPage

        response = PasswordPage.as_view(site=self)(request)
        assert isinstance(response, HttpResponse)
        return response

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The theme's search over the tables: these pages have no box for it, and it trips over a strange `page`."""
        raise Http404

    def tables(self, request: HttpRequest) -> HttpResponse:
        """All tables as they are, for administrators."""
        context = {**self.each_context(request), "title": "Tables", "app_list": self.get_app_list(request)}
        if not self.shows_tables(request):
            context |= {"title": "You may not see this", "detail": "The tables are for administrators."}
            return TemplateResponse(request, "console/error.html", context, status=403)
        return TemplateResponse(request, "console/tables.html", context)
