"""Gates."""

from django.http import HttpRequest, HttpResponse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page


class GatesPage(Page):
    verbs = {"GET": Verb.GATE_VIEW}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("Gates")


class GatePage(Page):
    verbs = {"GET": Verb.GATE_VIEW}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("Gate")
