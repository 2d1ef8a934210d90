"""Actions: what can run, and everything about one of them."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb
from apps.actions.services.lookup import get_action, set_action_enabled
from apps.console.pages.base import Page


class ActionsPage(Page):
    verbs = {"GET": Verb.ACTION_VIEW}
    template_name = "console/actions.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show("Actions")


class ActionPage(Page):
    verbs = {"GET": Verb.ACTION_VIEW}
    template_name = "console/action.html"

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        return self.show(ref, action=get_action(self.identity, ref))


class EnablingPage(Page):
    """The operator's word against the file's."""

    verbs = {"POST": Verb.ACTION_MANAGE}

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        words = {"on": True, "off": False, "file": None}
        enabled = words.get(request.POST.get("enabled", ""))
        set_action_enabled(self.identity, ref=ref, enabled=enabled)
        return self.done(f"{ref} {_SAID[enabled]}.", reverse("admin:action", args=[ref]))


_SAID = {True: "is enabled", False: "is disabled", None: "follows its pack's file"}
