"""Packs."""

from django.http import HttpRequest, HttpResponse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page


class PacksPage(Page):
    verbs = {"GET": Verb.PACK_VIEW}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("Packs")


class PackPage(Page):
    verbs = {"GET": Verb.PACK_VIEW}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("Pack")


class PackInstallPage(Page):
    verbs = {"GET": Verb.PACK_INSTALL}
    template_name = "console/page.html"

    def get(self, request: HttpRequest, **_: object) -> HttpResponse:
        return self.show("Install a pack")
