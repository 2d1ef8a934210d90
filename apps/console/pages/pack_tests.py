"""Runs the tests of a pack, and shows what came of them on the operation's page."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page
from apps.core.types import JsonObject
from apps.executions.pack_tests.operation import TEST, request_tests
from apps.operations.models import Operation
from apps.packs.services.manage import UnknownPack


class PackTestPage(Page):
    verbs = {"POST": Verb.PACK_MANAGE}

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        if "\0" in ref:
            raise UnknownPack
        return HttpResponseRedirect(reverse("admin:operation", args=[request_tests(self.identity, ref).pk]))


def facts_of(operation: Operation) -> dict[str, Any]:
    """What the page of such an operation shows besides; nothing for others."""
    if operation.kind != TEST:
        return {}
    report: JsonObject | None = operation.outcome or (operation.error or {}).get("report")
    runtimes = ", ".join(f"{name} {wanted}".rstrip() for name, wanted in sorted(operation.input["runtimes"].items()))
    return {
        "pack_ref": operation.input["ref"],
        "report": report,
        "inputs": [("of", operation.subject), ("version", operation.input["digest"][:12]), ("runtimes", runtimes)],
    }
