"""Events: the list, and one of them: what it carried, what every rule said of it, what came of it."""

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb, may
from apps.console.enforcement_list import listed
from apps.console.event_filters import narrow
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_of
from apps.console.schema_form.fields import as_text
from apps.core.types import JsonObject
from apps.rules.models import Enforcement
from apps.rules.services.explain import verdicts_of
from apps.rules.services.replay import replay_for_rule
from apps.rules.services.rules import sees_rule
from apps.triggers.models import Event
from apps.triggers.services.sending import get_event, replay_event

#: Verdicts that one page shows; those that matched come first.
_MOST_VERDICTS = 200


class EventsPage(Page):
    verbs = {"GET": Verb.EVENT_VIEW}
    template_name = "console/events.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        narrowed = narrow(Event.objects.visible_to(self.identity), request.GET)
        rule = narrowed.texts["rule"]
        if rule and not sees_rule(self.identity, rule):
            narrowed.rows = narrowed.rows.none()
        own = Enforcement.objects.visible_to(self.identity).filter(event=OuterRef("pk"))
        matched: Any = Subquery(own.order_by().values("event").annotate(n=Count("pk")).values("n"), IntegerField())
        rows = narrowed.rows.defer("payload", "parameters").annotate(matched=Coalesce(matched, 0))
        return self.show(
            "Events", status=400 if narrowed.errors else 200, page=page_of(rows, request.GET), narrowed=narrowed,
            sources=Event.Source.values,
        )  # fmt: skip


class EventPage(Page):
    verbs = {"GET": Verb.EVENT_VIEW, "POST": Verb.EVENT_SEND}
    template_name = "console/event.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        event = get_event(self.identity, pk)
        verdicts = [_shown(said) for said in verdicts_of(self.identity, event)]
        rows = Enforcement.objects.visible_to(self.identity).filter(event=event)
        enforcements = listed(rows, reader=self.identity).order_by("pk")[:_MOST_VERDICTS]
        return self.show(
            f"Event {pk}", parents=[Parent("Events", reverse("admin:events"))], event=event,
            payload=as_text(event.payload, is_indented=True),
            parameters=[(name, as_text(value)) for name, value in event.parameters.items()],
            verdicts=verdicts[:_MOST_VERDICTS], verdict_count=len(verdicts), enforcements=enforcements,
            may_send=may(self.identity, Verb.EVENT_SEND, on=event),
        )  # fmt: skip

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Once more, for all rules or for the one named."""
        event = get_event(self.identity, pk)
        rule = request.POST.get("rule", "").replace("\0", "").strip()
        recorded = replay_for_rule(self.identity, event, rule) if rule else replay_event(self.identity, event)
        text = f"Event {pk} is sent once more, as event {recorded.event_id}{f', to {rule} alone' if rule else ''}."
        return self.done(text, reverse("admin:event", args=[recorded.event_id]))


def _shown(said: JsonObject) -> JsonObject:
    """With both values of the criterion that said no as texts."""
    criterion = said["criterion"]
    if not criterion or not criterion.get("path"):
        return {**said, "values": None}
    return {**said, "values": {name: as_text(criterion[name]) for name in ("pattern", "value")}}
