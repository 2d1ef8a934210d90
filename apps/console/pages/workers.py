"""Workers."""

from django.http import HttpRequest, HttpResponse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page


class WorkersPage(Page):
    verbs = {"GET": Verb.WORKER_VIEW}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("Workers")


class WorkerPage(Page):
    verbs = {"GET": Verb.WORKER_VIEW}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("Worker")
