"""The tester of rules: of one that is kept, and of one that is still being written. Part of a page, by HTMX."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page
from apps.console.rule_form import RuleForm
from apps.console.rule_form.form import read_form
from apps.console.rule_tests import Trial, try_rule
from apps.core.errors import AttuneError
from apps.core.problem import status_of
from apps.rules.checks import RuleSpec
from apps.rules.models import Rule
from apps.rules.services.rules import get_rule
from apps.triggers.models import Trigger, TriggerType


class RuleTestPage(Page):
    verbs = {"POST": Verb.RULE_VIEW}
    is_deed = False
    template_name = "console/_rule_trial.html"

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        rule = get_rule(self.identity, ref)
        return self.show("Test", trial=try_rule(rule, request.POST, reader=self.identity))

    def refused(self, error: AttuneError) -> HttpResponse:
        """No redirect: it would be swapped into the page."""
        return self.show("Test", trial=Trial(problems=[error.detail]), status=status_of(error))


class FormTestPage(RuleTestPage):
    def post(self, request: HttpRequest) -> HttpResponse:  # type: ignore[override]  # its rule has no name yet
        form, spec = read_form(request.POST, self.identity)
        if told := list(_unread(form)):
            return self.show("Test", trial=Trial(problems=told))
        trial = try_rule(
            _unsaved(spec), request.POST, reader=self.identity, criteria=spec.criteria, parameters=spec.parameters
        )
        return self.show("Test", trial=trial)


def _unread(form: RuleForm) -> Iterator[str]:
    """What is wrong before the rule can be asked."""
    yield from form.criteria.errors
    for row in form.criteria.rows or ():
        yield from (f"{row.path}: {text}" for texts in row.errors.values() for text in texts)
    for item in form.parameters:
        yield from (f"{item.name}: {text}" for text in item.errors)


def _unsaved(spec: RuleSpec) -> Rule:
    trigger = Trigger(type=TriggerType(ref=spec.trigger), parameters=spec.trigger_parameters)
    return Rule(ref=spec.name, name=spec.name, trigger=trigger, dialect=spec.dialect)
