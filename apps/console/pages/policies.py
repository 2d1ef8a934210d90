"""Policies in force: limits, rates, retries and timeouts, of packs' files and of the operator."""

from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb, may
from apps.console.forms import ConsoleForm
from apps.console.limits import MOST, move_limit
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_of
from apps.console.policy_forms import FORMS, KINDS, NEW_FORMS
from apps.core.errors import AttuneError
from apps.executions.models import Gate, Policy
from apps.executions.models.policy import MOST_IN_WINDOW
from apps.executions.policies.services import create_policy, get_policy, remove_policy, require_policy, update_policy


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


class NewPolicyPage(Page):
    """`?kind=` says which."""

    verbs = {"GET": Verb.POLICY_MANAGE, "POST": Verb.POLICY_MANAGE}
    template_name = "console/policy_form.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form(NEW_FORMS[self._kind]())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NEW_FORMS[self._kind](request.POST)
        if form.is_valid():
            try:
                require_policy(self.identity, scope=form.said["scope"], subject=form.said.get("subject", ""))
                policy = create_policy(kind=self._kind, **form.said)
            except AttuneError as error:
                form.add_refusal(error)
            else:
                text = f"{policy.name} is in force for executions requested from now on."
                return self.done(text, reverse("admin:policy", args=[policy.pk]))
        return self._form(form, status=400)

    @property
    def _kind(self) -> str:
        wanted = self.request.GET.get("kind", "")
        return wanted if wanted in NEW_FORMS else Policy.Kind.CONCURRENCY.value

    def _form(self, form: ConsoleForm, *, status: int = 200) -> HttpResponse:
        return self.show(
            "New policy", parents=[_parent()], status=status, form=form, save_label="Create policy",
            kind=self._kind, kinds=KINDS,
        )  # fmt: skip


class PolicyPage(Page):
    """One policy. Of one of a pack's files only the limit can be overridden."""

    verbs = {"GET": Verb.POLICY_VIEW, "POST": Verb.POLICY_MANAGE}
    template_name = "console/policy.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        policy = get_policy(self.identity, pk)
        form = FORMS[policy.kind]
        return self._page(policy, form(initial=form.initial_of(policy)))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        policy = get_policy(self.identity, pk, to=Verb.POLICY_MANAGE)
        address = reverse("admin:policy", args=[pk])
        if "remove" in request.POST:
            remove_policy(policy)
            return self.done(f"{policy.name} is removed; who waited for it is let in.", reverse("admin:policies"))
        if policy.source != Policy.Source.OPERATOR:
            return self.done(move_limit(policy, request.POST), address)
        form = FORMS[policy.kind](request.POST)
        if form.is_valid():
            try:
                update_policy(policy, form.said)
            except AttuneError as error:
                form.add_refusal(error)
            else:
                return self.done(f"{policy.name} is changed.", address)
        return self._page(policy, form, status=400)

    def _page(self, policy: Policy, form: ConsoleForm, *, status: int = 200) -> HttpResponse:
        context: dict[str, Any] = {
            "policy": policy,
            "gate_count": policy.gates.count(),
            "is_of_file": policy.source != Policy.Source.OPERATOR,
            "may_manage": may(self.identity, Verb.POLICY_MANAGE, on=policy),
            "most": MOST_IN_WINDOW if policy.is_rate else MOST,
        }
        return self.show(policy.name, parents=[_parent()], status=status, form=form, **context)


def _parent() -> Parent:
    return Parent("Policies", reverse("admin:policies"))
