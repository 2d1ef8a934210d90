"""Addresses of the console's own pages, below `/admin/`."""

from typing import TYPE_CHECKING

from django.urls import URLPattern, path

if TYPE_CHECKING:
    from apps.console.pages.base import Page
    from apps.console.site import ConsoleSite


def urlpatterns(site: "ConsoleSite") -> list[URLPattern]:
    """Pages are imported only now: they need the models."""
    from apps.console.pages.executions import ExecutionsPage

    def page(route: str, view: "type[Page]", name: str) -> URLPattern:
        pattern: URLPattern = path(route, site.admin_view(view.as_view(site=site)), name=name)
        return pattern

    return [
        page("executions/", ExecutionsPage, "executions"),
    ]
