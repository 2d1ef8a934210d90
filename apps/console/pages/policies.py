"""Policies."""

from django.http import HttpRequest, HttpResponse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page


class PoliciesPage(Page):
    verbs = {"GET": Verb.POLICY_VIEW}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("Policies")


class PolicyPage(Page):
    verbs = {"GET": Verb.POLICY_VIEW}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("Policy")


class NewPolicyPage(Page):
    verbs = {"GET": Verb.POLICY_MANAGE}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("New policy")
