"""Executions: the list, narrowed by what stands in the address."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb, may
from apps.actions.models import Action
from apps.console.execution_filters import narrow
from apps.console.execution_form import form_of
from apps.console.execution_list import described, listed
from apps.console.pages.base import Page
from apps.console.pages.execution_export import MOST_EXPORTED
from apps.console.paging import page_of
from apps.executions.models import Execution

#: Times most often asked for.
_QUICK = (("1h", "1 h"), ("24h", "24 h"), ("7d", "7 days"))
#: Suggestions for a field; more do not help.
_MOST_SUGGESTIONS = 1000


class ExecutionsPage(Page):
    """A request by HTMX gets the rows alone."""

    verbs = {"GET": Verb.EXECUTION_VIEW}
    template_name = "console/executions.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        narrowed = narrow(Execution.objects.visible_to(self.identity), request.GET)
        page = page_of(listed(narrowed.rows), request.GET)
        is_part = "HX-Request" in request.headers
        response = self.show(
            "Executions",
            status=400 if narrowed.errors else 200,
            template="console/_execution_list.html" if is_part else "",
            page=page,
            rows=list(described(page.rows)),
            narrowed=narrowed,
            form=None if is_part else form_of(narrowed),
            quick=_QUICK,
            list_url=reverse("admin:executions"),
            most_exported=MOST_EXPORTED,
            may_cancel=may(self.identity, Verb.EXECUTION_CANCEL),
            may_run=may(self.identity, Verb.EXECUTION_RUN),
        )
        response.headers["Vary"] = "HX-Request"
        return response


class ActionSuggestionsPage(Page):
    """Options for the field of actions, asked for when somebody comes to it."""

    verbs = {"GET": Verb.ACTION_VIEW}
    template_name = "console/_suggestions.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        refs = Action.objects.visible_to(self.identity).order_by("ref").values_list("ref", flat=True)
        return self.show("Actions", values=refs[:_MOST_SUGGESTIONS])
