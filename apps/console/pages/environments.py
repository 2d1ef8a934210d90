"""Environments."""

from django.http import HttpRequest, HttpResponse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page


class EnvironmentsPage(Page):
    verbs = {"GET": Verb.ENVIRONMENT_VIEW}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("Environments")


class EnvironmentPage(Page):
    verbs = {"GET": Verb.ENVIRONMENT_VIEW}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("Environment")
