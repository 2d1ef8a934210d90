"""Runtimes."""

from django.http import HttpRequest, HttpResponse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page


class RuntimesPage(Page):
    verbs = {"GET": Verb.RUNTIME_VIEW}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("Runtimes")
