"""The audit: who did what, newest first. It is only looked at."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from apps.accounts.permissions import Verb
from apps.audit.models import AuditRecord
from apps.console.pages.base import Page
from apps.console.paging import page_of

_FILTERS = ("who", "deed", "on", "outcome")
_LONGEST = 400


class AuditPage(Page):
    verbs = {"GET": Verb.AUDIT_VIEW}
    template_name = "console/audit.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        wanted = {name: request.GET.get(name, "").replace("\0", "").strip()[:_LONGEST] for name in _FILTERS}
        given = {name: value for name, value in wanted.items() if value}
        rows = AuditRecord.objects.visible_to(self.identity).filter(**given)
        return self.show(
            "Audit", page=page_of(rows, request.GET), wanted=wanted, outcomes=AuditRecord.Outcome.values,
            export=f"/api/v1/audit/export?{urlencode(given)}",
        )  # fmt: skip
