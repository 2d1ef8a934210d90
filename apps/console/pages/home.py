"""Home: what runs, what waits, what went wrong in the last day, and what carries it all."""

from django.http import HttpRequest, HttpResponse

from apps.accounts.permissions import Verb, may
from apps.console.overview import overview
from apps.console.pages.base import Page


class HomePage(Page):
    """A request by HTMX gets the part that changes."""

    verbs = {"GET": Verb.EXECUTION_VIEW}
    template_name = "console/home.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        found = overview(self.identity)
        response = self.show(
            "Home",
            overview=found,
            alarms=list(found.alarms()),
            may_run=may(self.identity, Verb.EXECUTION_RUN),
            template="console/_home.html" if "HX-Request" in request.headers else "",
        )
        response.headers["Vary"] = "HX-Request"
        return response
