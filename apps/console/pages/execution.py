"""One execution: where it stands and why, what it was given, what it gave back, and all it wrote."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page
from apps.executions.services.cancel import cancel_execution, get_execution


class ExecutionPage(Page):
    verbs = {"GET": Verb.EXECUTION_VIEW}
    template_name = "console/execution.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        execution = get_execution(self.identity, pk)
        return self.show(f"Execution {execution.pk}", execution=execution)


class CancelingPage(Page):
    verbs = {"POST": Verb.EXECUTION_CANCEL}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        execution = cancel_execution(self.identity, pk)
        return self.done(f"Execution {execution.pk} is {execution.status}.", reverse("admin:execution", args=[pk]))
