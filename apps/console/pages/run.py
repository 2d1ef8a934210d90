"""Runs an action from a form made of its parameters; runs an execution again, with other parameters where wanted."""

from abc import abstractmethod
from collections.abc import Collection

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from apps.accounts.permissions import Verb, require
from apps.actions.definition import Definition, parsed
from apps.actions.models import Action
from apps.actions.parameters import InvalidParameters, prepare
from apps.actions.services.lookup import get_action
from apps.console.pages.base import Page, Parent
from apps.console.run_options import RunOptions, options_with, read_options
from apps.console.schema_form import SchemaForm
from apps.core.errors import AttuneError, FieldError, Invalid
from apps.core.problem import status_of
from apps.core.types import JsonObject
from apps.executions.limits import MAX_PARAMETERS_BYTES
from apps.executions.models import Execution
from apps.executions.secrets import kept_secrets
from apps.executions.services.cancel import get_execution
from apps.executions.services.request import Wish, load_accepted, request_executions
from apps.executions.services.rerun import rerun_edited, rerun_execution
from apps.runner.jsonvalue import escape


class _FormPage(Page):
    """Shows the form; sends it, and shows it again with what was typed and what was wrong."""

    verbs = {"GET": Verb.EXECUTION_RUN, "POST": Verb.EXECUTION_RUN}
    template_name = "console/run.html"

    action: Action
    form: SchemaForm
    #: names of secrets that need not be typed
    kept: Collection[str] = ()

    @abstractmethod
    def send(self, parameters: JsonObject, options: RunOptions) -> Execution: ...

    @abstractmethod
    def page(self, options: RunOptions, *, status: int = 200, problem: str = "") -> HttpResponse: ...

    @property
    def definition(self) -> Definition:
        return parsed(self.action.definition.digest, self.action.definition.body)

    def answer(self, request: HttpRequest) -> HttpResponse:
        parameters, options = self.form.read(request.POST), read_options(request.POST)
        if len(orjson.dumps(parameters)) > MAX_PARAMETERS_BYTES:
            self.form.tell(
                [FieldError("", "too_large", f"At most {MAX_PARAMETERS_BYTES} bytes of parameters are taken.")]
            )
        if not self.form.is_valid or not options.is_valid:
            self._check_the_rest(parameters)
            self.form.ask_secrets_again()
            return self.page(options, status=400)
        try:
            new = self.send(parameters, options)
        except Invalid as error:
            self.form.tell(error.errors)
            return self.page(options, status=400, problem="" if error.errors else error.detail)
        except AttuneError as error:
            self.form.ask_secrets_again()
            return self.page(options, status=status_of(error), problem=error.detail)
        self.acted_on = str(new.pk)
        return HttpResponseRedirect(reverse("admin:execution", args=[new.pk]))

    def _check_the_rest(self, parameters: JsonObject) -> None:
        """Mistakes in fields that could be read are told together with those that could not."""
        unread = {escape(field.name) for field in self.form.wrong}
        try:
            prepare(self.definition.schema, parameters, kept=self.kept)
        except InvalidParameters as error:
            pointers = [item for item in error.errors if isinstance(item, FieldError)]
            self.form.tell(item for item in pointers if item.pointer.split("/")[2] not in unread)

    def blocked(self) -> str:
        """Why the action cannot run now, if it cannot."""
        if not self.action.pack.is_enabled:
            return f"The pack {self.action.pack.ref} is disabled."
        return "" if self.action.is_enabled else "This action is disabled."


class RunPage(_FormPage):
    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        self._open(ref)
        return self.page(RunOptions())

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        self._open(ref)
        return self.answer(request)

    def send(self, parameters: JsonObject, options: RunOptions) -> Execution:
        wish = Wish(action=self.action.ref, parameters=parameters, labels=options.labels, not_before=options.not_before)
        return load_accepted(request_executions(self.identity, [wish]))[0]

    def page(self, options: RunOptions, *, status: int = 200, problem: str = "") -> HttpResponse:
        ref = self.action.ref
        parents = [Parent("Actions", reverse("admin:actions")), Parent(ref, reverse("admin:action", args=[ref]))]
        return self.show(
            f"Run {ref}", parents=parents, status=status, problem=problem or self.blocked(), is_blocked=self.blocked(),
            action=self.action, form=self.form, options=options, back=parents[-1].url,
        )  # fmt: skip

    def _open(self, ref: str) -> None:
        self.action = get_action(self.identity, ref)
        require(self.identity, Verb.EXECUTION_RUN, on=self.action)
        self.form = SchemaForm(self.definition.schema)


class RerunPage(_FormPage):
    """The same form, filled as the execution was; its secrets need not be typed again."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._open(pk)
        return self.page(options_with(self.old.labels))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._open(pk)
        return self.answer(request)

    def send(self, parameters: JsonObject, options: RunOptions) -> Execution:
        return rerun_edited(
            self.identity, self.old.pk, parameters=parameters, labels=options.labels, not_before=options.not_before
        )

    def page(self, options: RunOptions, *, status: int = 200, problem: str = "") -> HttpResponse:
        number = self.old.pk
        parents = [
            Parent("Executions", reverse("admin:executions")),
            Parent(str(number), reverse("admin:execution", args=[number])),
        ]
        return self.show(
            f"Run {self.action.ref} again", parents=parents, status=status, problem=problem or self.blocked(),
            is_blocked=self.blocked(), action=self.action, form=self.form, options=options, old=self.old,
            is_changed=self.old.definition_id != self.action.definition_id, back=parents[-1].url,
        )  # fmt: skip

    def _open(self, pk: int) -> None:
        self.old = get_execution(self.identity, pk)
        self.action = get_action(self.identity, self.old.action_ref)
        require(self.identity, Verb.EXECUTION_RUN, on=self.action)
        sealed = self.old.secret_parameters
        self.kept = kept_secrets(sealed).names if sealed else ()
        self.form = SchemaForm(
            self.definition.schema, values=self.old.parameters, kept=self.kept, kept_from=f"execution {pk}"
        )


class AgainPage(Page):
    """Once more, as it was."""

    verbs = {"POST": Verb.EXECUTION_RUN}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        new = rerun_execution(self.identity, pk, parameters={})
        self.acted_on = str(new.pk)
        text = f"Execution {new.pk} runs {new.action_ref} again, as execution {pk} did."
        return self.done(text, reverse("admin:execution", args=[new.pk]))
