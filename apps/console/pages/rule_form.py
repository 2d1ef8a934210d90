"""The form of a rule, new or not, and the parts of it that follow what is typed: trigger, action, criteria."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page, Parent
from apps.console.pages.rules import from_now_on
from apps.console.rule_form import RuleForm
from apps.console.rule_form.criteria import read_part
from apps.console.rule_form.form import action_fields, blank_form, changes_of, form_of, read_form, trigger_part
from apps.console.rule_tests import newest_events
from apps.core.errors import AttuneError
from apps.rules.checks import RuleSpec
from apps.rules.models import Rule
from apps.rules.services.rules import RuleOfPack, create_rule, get_rule, spec_of, update_rule
from apps.triggers.models import TriggerType

#: Suggestions for a field; more do not help.
_MOST_SUGGESTIONS = 1000
_SWITCH = "switch_criteria"


class _FormPage(Page):
    template_name = "console/rule_form.html"

    def form(self, form: RuleForm, *, title: str, parents: list[Parent], status: int = 200) -> HttpResponse:
        return self.show(
            title, parents=[Parent("Rules", reverse("admin:rules")), *parents], status=status, form=form,
            events=newest_events(form.texts["trigger"], reader=self.identity),
        )  # fmt: skip

    def switched(self, form: RuleForm) -> bool:
        """Whether only the criteria were to be written otherwise, which without scripts takes the whole page."""
        if _SWITCH not in self.request.POST:
            return False
        form.criteria = form.criteria.switched()
        form.errors.clear()
        return True


class NewRulePage(_FormPage):
    """`?trigger=`, `?action=` fill it in."""

    verbs = {"GET": Verb.RULE_MANAGE, "POST": Verb.RULE_MANAGE}

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(blank_form(self.identity, request.GET))

    def post(self, request: HttpRequest) -> HttpResponse:
        form, spec = read_form(request.POST, self.identity)
        if self.switched(form):
            return self._page(form)
        if not form.is_wrong:
            try:
                rule = create_rule(self.identity, spec, owner=form.texts["owner"] or None)
            except AttuneError as error:
                form.tell(error)
            else:
                self.acted_on = rule.ref
                return self.done(f"{rule.ref} {from_now_on(rule)}.", reverse("admin:rule", args=[rule.ref]))
        return self._page(form, status=400)

    def _page(self, form: RuleForm, *, status: int = 200) -> HttpResponse:
        return self.form(form, title="New rule", parents=[], status=status)


class RuleEditPage(_FormPage):
    """Of a rule made by hand; one of a pack's files is switched on its page."""

    verbs = {"GET": Verb.RULE_MANAGE, "POST": Verb.RULE_MANAGE}

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        rule = self._rule(ref)
        return self._page(rule, form_of(rule, self.identity))

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        rule = self._rule(ref)
        form, spec = read_form(request.POST, self.identity, rule=rule)
        if self.switched(form):
            return self._page(rule, form)
        if request.POST.get("version", str(rule.version)) != str(rule.version):
            form.problems.append(
                f"Somebody changed the rule meanwhile: it is at version {rule.version} now. Look first."
            )
        if not form.is_wrong:
            try:
                changed = update_rule(
                    self.identity, rule, changes_of(spec, self._as_written(rule)), owner=form.texts["owner"] or None
                )
            except AttuneError as error:
                form.tell(error)
            else:
                return self.done(f"{ref} is at version {changed.version} now.", reverse("admin:rule", args=[ref]))
        return self._page(rule, form, status=400)

    def _rule(self, ref: str) -> Rule:
        rule = get_rule(self.identity, ref, to=Verb.RULE_MANAGE)
        if rule.source == Rule.Source.PACK:
            raise RuleOfPack
        return rule

    def _as_written(self, rule: Rule) -> RuleSpec:
        """The rule as this form would write it unchanged: criteria in rows may come back as another JSON that says
        the same, and so the owner would change with a new description."""
        spec = spec_of(rule)
        unchanged = form_of(rule, self.identity)
        return replace(spec, criteria=unchanged.criteria.value())

    def _page(self, rule: Rule, form: RuleForm, *, status: int = 200) -> HttpResponse:
        parents = [Parent(rule.ref, reverse("admin:rule", args=[rule.ref]))]
        return self.form(form, title=f"Change {rule.ref}", parents=parents, status=status)


class TriggerSuggestionsPage(Page):
    verbs = {"GET": Verb.TRIGGER_VIEW}
    template_name = "console/_suggestions.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        refs = TriggerType.objects.visible_to(self.identity).in_force().order_by("ref").values_list("ref", flat=True)
        return self.show("Triggers", values=refs[:_MOST_SUGGESTIONS])


class TriggerPartPage(Page):
    """The parameters of `?trigger=`, and its newest events for the tester."""

    verbs = {"GET": Verb.RULE_MANAGE}
    template_name = "console/_rule_trigger.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        ref = _ref(request.GET, "trigger")
        return self.show(
            "Trigger", ref=ref, trigger=trigger_part(ref, reader=self.identity, values={}),
            events=newest_events(ref, reader=self.identity), is_part=True,
        )  # fmt: skip


class ActionPartPage(Page):
    """The parameters of `?action=`, as templates."""

    verbs = {"GET": Verb.RULE_MANAGE}
    template_name = "console/_rule_action.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        ref = _ref(request.GET, "action")
        fields, is_known = action_fields(ref, reader=self.identity, values={})
        return self.show("Action", ref=ref, parameters=fields, is_action_known=is_known)


class CriteriaPartPage(Page):
    """The criteria as sent, the other way: rows become JSON and JSON rows."""

    verbs = {"POST": Verb.RULE_VIEW}
    is_deed = False
    template_name = "console/_rule_criteria.html"

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.show("Criteria", criteria=read_part(request.POST).switched())


def _ref(given: QueryDict, name: str) -> str:
    return given.get(name, "").replace("\0", "").strip()[:255]
