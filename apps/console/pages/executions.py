"""Executions: the list, narrowed by what stands in the address."""

from django.http import HttpRequest, HttpResponse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page
from apps.console.paging import page_of
from apps.executions.models import Execution


class ExecutionsPage(Page):
    verbs = {"GET": Verb.EXECUTION_VIEW}
    template_name = "console/executions.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        page = page_of(Execution.objects.visible_to(self.identity), request.GET)
        return self.show("Executions", page=page)
