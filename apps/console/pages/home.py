"""Home: what runs, what waits, what went wrong in the last day, and what carries it all."""

from django.http import HttpRequest, HttpResponse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page
from apps.executions.models import Execution


class HomePage(Page):
    verbs = {"GET": Verb.EXECUTION_VIEW}
    template_name = "console/home.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        newest = Execution.objects.visible_to(self.identity).order_by("-pk")[:10]
        return self.show("Home", newest=newest)
