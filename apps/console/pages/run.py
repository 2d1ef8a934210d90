"""Runs an action from a form made of its parameters; runs an execution again, with other parameters where wanted."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb
from apps.actions.services.lookup import get_action
from apps.console.pages.base import Page
from apps.executions.services.cancel import get_execution
from apps.executions.services.rerun import rerun_execution


class RunPage(Page):
    verbs = {"GET": Verb.EXECUTION_RUN}
    template_name = "console/run.html"

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        return self.show(f"Run {ref}", action=get_action(self.identity, ref))


class RerunPage(Page):
    verbs = {"GET": Verb.EXECUTION_RUN}
    template_name = "console/run.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        execution = get_execution(self.identity, pk)
        return self.show(f"Run {execution.action_ref} again")


class AgainPage(Page):
    """Once more, as it was."""

    verbs = {"POST": Verb.EXECUTION_RUN}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        new = rerun_execution(self.identity, pk, parameters={})
        text = f"Execution {new.pk} runs {new.action_ref} as {pk} did."
        return self.done(text, reverse("admin:execution", args=[new.pk]))
