"""Operations."""

from django.http import HttpRequest, HttpResponse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page


class OperationsPage(Page):
    verbs = {"GET": Verb.OPERATION_VIEW}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("Operations")


class OperationPage(Page):
    verbs = {"GET": Verb.OPERATION_VIEW}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("Operation")
