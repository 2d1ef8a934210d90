"""A trace as a picture, and the same as a list."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb
from apps.console.pages.base import Page, Parent
from apps.console.trace_picture import drawn
from apps.rules.services.traces import trace


class TracePage(Page):
    verbs = {"GET": Verb.EVENT_VIEW}
    template_name = "console/trace.html"

    def get(self, request: HttpRequest, trace_id: uuid.UUID) -> HttpResponse:
        found = trace(self.identity, trace_id)
        return self.show(
            "Trace", parents=[Parent("Events", reverse("admin:events"))], trace=found, picture=drawn(found)
        )
