"""Policies: the limits in force, of actions' own files and of the operator."""

from typing import Any, cast

from django import forms
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb, may
from apps.console.forms import ConsoleForm
from apps.console.limits import MOST, move_limit
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_of
from apps.core.errors import AttuneError
from apps.executions.models import Gate, Policy
from apps.executions.policies.services import create_policy, get_policy, remove_policy, update_policy


class PoliciesPage(Page):
    verbs = {"GET": Verb.POLICY_VIEW}
    template_name = "console/policies.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        wanted = request.GET.get("q", "").replace("\0", "").strip()[:100]
        rows = Policy.objects.visible_to(self.identity).in_force()
        if wanted:
            rows = rows.filter(name__icontains=wanted)
        counted = Gate.objects.filter(policy=OuterRef("pk")).order_by().values("policy").annotate(n=Count("pk"))
        page = page_of(rows.annotate(gate_count=Coalesce(Subquery(counted.values("n")), 0)), request.GET)
        return self.show("Policies", page=page, q=wanted, may_manage=may(self.identity, Verb.POLICY_MANAGE))


class _RulesForm(ConsoleForm):
    """What may be changed later, too."""

    limit = forms.IntegerField(
        min_value=0, max_value=MOST, label="Limit", help_text="Executions at a time; 0 lets nobody in."
    )
    key = forms.CharField(
        max_length=1000,
        required=False,
        label="Key",
        help_text="A template over the parameters, such as {{ host }}: one line for each value. Empty: one line.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    when_full = forms.ChoiceField(
        choices=[
            (Policy.WhenFull.QUEUE.value, "wait in line"),
            (Policy.WhenFull.CANCEL.value, "cancel the new execution"),
            (Policy.WhenFull.REJECT.value, "refuse the request"),
        ],
        label="When the limit is reached",
    )
    max_waiting = forms.IntegerField(
        min_value=0,
        max_value=10_000_000,
        required=False,
        label="Most waiting",
        help_text="More are refused. Empty: no end.",
    )
    expires_s = forms.FloatField(
        min_value=0.001,
        max_value=31_536_000,
        required=False,
        label="Longest wait (seconds)",
        help_text="Then it is canceled. Empty: no end.",
    )

    def clean_key(self) -> str | None:
        return cast(str, self.cleaned_data["key"]) or None


class NewPolicyForm(_RulesForm):
    name = forms.CharField(max_length=255, label="Name")
    scope = forms.ChoiceField(
        choices=[
            (Policy.Scope.ACTION.value, "one action"),
            (Policy.Scope.PACK.value, "all actions of a pack"),
            (Policy.Scope.SYSTEM.value, "everything"),
        ],
        label="Holds for",
    )
    subject = forms.CharField(
        max_length=255, required=False, label="Action or pack", help_text="Its ref; empty when it holds for everything."
    )
    field_order = ("name", "scope", "subject", "limit")


class NewPolicyPage(Page):
    verbs = {"GET": Verb.POLICY_MANAGE, "POST": Verb.POLICY_MANAGE}
    template_name = "console/policy_form.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form(NewPolicyForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewPolicyForm(request.POST)
        if form.is_valid():
            try:
                policy = create_policy(**form.cleaned_data)
            except AttuneError as error:
                form.add_refusal(error)
            else:
                text = f"{policy.name} is in force for executions requested from now on."
                return self.done(text, reverse("admin:policy", args=[policy.pk]))
        return self._form(form, status=400)

    def _form(self, form: NewPolicyForm, *, status: int = 200) -> HttpResponse:
        return self.show("New policy", parents=[_parent()], status=status, form=form, save_label="Create policy")


class PolicyPage(Page):
    """One policy. Of one of an action's file only the limit can be overridden."""

    verbs = {"GET": Verb.POLICY_VIEW, "POST": Verb.POLICY_MANAGE}
    template_name = "console/policy.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        policy = get_policy(self.identity, pk)
        return self._page(policy, _RulesForm(initial={name: getattr(policy, name) for name in _RulesForm.base_fields}))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        policy = get_policy(self.identity, pk)
        address = reverse("admin:policy", args=[pk])
        if "remove" in request.POST:
            remove_policy(policy)
            return self.done(f"{policy.name} is removed; who waited for it is let in.", reverse("admin:policies"))
        if policy.source == Policy.Source.ACTION:
            return self.done(move_limit(policy, request.POST), address)
        form = _RulesForm(request.POST)
        if form.is_valid():
            try:
                update_policy(policy, form.cleaned_data)
            except AttuneError as error:
                form.add_refusal(error)
            else:
                return self.done(f"{policy.name} is changed.", address)
        return self._page(policy, form, status=400)

    def _page(self, policy: Policy, form: _RulesForm, *, status: int = 200) -> HttpResponse:
        context: dict[str, Any] = {
            "policy": policy,
            "gate_count": policy.gates.count(),
            "is_of_file": policy.source == Policy.Source.ACTION,
            "may_manage": may(self.identity, Verb.POLICY_MANAGE),
            "most": MOST,
        }
        return self.show(policy.name, parents=[_parent()], status=status, form=form, **context)


def _parent() -> Parent:
    return Parent("Policies", reverse("admin:policies"))
