"""Events and traces over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api import filtering
from apps.api.events import serializers
from apps.api.events.represent import represent_event, represent_unseen
from apps.api.executions.represent import represent
from apps.api.filtering import Filter
from apps.api.rules.represent import ENFORCEMENT_RELATED, represent_enforcement
from apps.api.views import ListView, View, path_id, sparse
from apps.core.errors import NotFound
from apps.core.fixed_query import FixedQuery
from apps.core.types import JsonObject
from apps.rules.models import Enforcement
from apps.rules.services.explain import verdicts_of
from apps.rules.services.replay import replay_for_rule
from apps.rules.services.rules import rule_id_of, sees_rule
from apps.rules.services.traces import trace
from apps.triggers.models import Event
from apps.triggers.services.sending import get_event, replay_event, send_event
from apps.triggers.types import own_ref


class EventsView(ListView):
    verbs = {"GET": Verb.EVENT_VIEW, "POST": Verb.EVENT_SEND}
    shape = serializers.EventSerializer
    filters = (
        Filter("type", "ref of the trigger", lambda rows, value: rows.filter(type_ref=own_ref(value))),
        Filter("pack", "ref of the pack", lambda rows, value: rows.filter(pack_ref=value)),
        Filter(
            "source",
            "timer, webhook, sensor, api, internal or replay; more than one separated by commas",
            lambda rows, value: rows.filter(source__in=value),
            filtering.one_of(*Event.Source.values),
        ),
        Filter("source_ref", "which timer, webhook or sensor", lambda rows, value: rows.filter(source_ref=value)),
        Filter("rule", "ref of a rule that matched", lambda rows, ref: rows.filter(enforcements__rule=rule_id_of(ref))),
        Filter("trace_id", "all that belongs together", lambda rows, v: rows.filter(trace_id=v), filtering.trace),
        Filter("caused_by", "id of an execution", lambda rows, v: rows.filter(caused_by_id=v), filtering.number),
        Filter(
            "processed",
            "`true` or `false`",
            lambda rows, value: rows.filter(processed_at__isnull=not value),
            filtering.truth,
        ),
        Filter("since", "received at or after", lambda rows, v: rows.filter(received_at__gte=v), filtering.moment),
        Filter("until", "received before", lambda rows, v: rows.filter(received_at__lt=v), filtering.moment),
    )

    def queryset_for(self, request: Request) -> Any:
        identity, rule = self.identity(request), request.query_params.get("rule")
        rows = Event.objects.visible_to(identity).select_related("sent_by")
        return rows if rule is None or sees_rule(identity, rule) else rows.none()

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [represent_event(row) for row in rows]

    @extend_schema(responses=serializers.EventPageSerializer, operation_id="events_list")
    def get(self, request: Request) -> Response:
        """Events, newest first."""
        return self.page(request)

    @extend_schema(
        request=serializers.NewEventSerializer,
        responses={201: serializers.EventSerializer, 200: serializers.EventSerializer},
    )
    def post(self, request: Request) -> Response:
        """Sends an event: 201 once it is kept; its rules follow. 200 with the earlier one for a `dedupe_key` that was
        sent before."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.NewEventSerializer)
        identity = self.identity(request)
        recorded = send_event(identity, type_ref=values.pop("type"), payload=values.pop("payload", {}), **values)
        [event] = _EVENT(pk=recorded.event_id)
        if recorded.is_new:
            return Response(represent_event(event), status=201)
        is_seen = Event.objects.visible_to(identity).filter(pk=event.pk).exists()
        return Response(represent_event(event) if is_seen else represent_unseen(event))


_EVENT = FixedQuery(lambda pk: Event.objects.select_related("sent_by").filter(pk=pk).order_by(), pk="number")


class EventView(View):
    verbs = {"GET": Verb.EVENT_VIEW}

    @extend_schema(responses=serializers.OneEventSerializer, operation_id="events_retrieve")
    def get(self, request: Request, event_id: str) -> Response:
        """One event, with what every rule said of it, and what came of those that matched."""
        self.only_parameters(request, "fields")
        identity = self.identity(request)
        event = get_event(identity, path_id(event_id))
        rows = Enforcement.objects.visible_to(identity).filter(event=event).select_related(*ENFORCEMENT_RELATED)
        body = {
            **represent_event(event),
            "verdicts": verdicts_of(identity, event),
            "enforcements": [represent_enforcement(row) for row in rows.order_by("pk")],
        }
        return Response(sparse(request, body))


class ReplayView(View):
    verbs = {"POST": Verb.EVENT_SEND}

    @extend_schema(request=serializers.ReplaySerializer, responses={201: serializers.EventSerializer})
    def post(self, request: Request, event_id: str) -> Response:
        """Sends an event once more, to the rules as they are now, or to one of them alone."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.ReplaySerializer)
        identity = self.identity(request)
        event = get_event(identity, path_id(event_id))
        if "rule" in values:
            recorded = replay_for_rule(identity, event, values["rule"])
        else:
            recorded = replay_event(identity, event)
        return Response(represent_event(get_event(identity, recorded.event_id)), status=201)


class TraceView(View):
    verbs = {"GET": Verb.EVENT_VIEW}

    @extend_schema(responses=serializers.TraceSerializer, operation_id="traces_retrieve")
    def get(self, request: Request, trace_id: str) -> Response:
        """All that belongs together: event, enforcement, execution, and the events it caused."""
        self.only_parameters(request)
        try:
            wanted = filtering.trace(trace_id)
        except ValueError as error:
            raise NotFound from error
        found = trace(self.identity(request), wanted)
        body = {
            "trace_id": str(found.trace_id),
            "events": [represent_event(event) for event in found.events],
            "enforcements": [represent_enforcement(row) for row in found.enforcements],
            "executions": represent(found.executions),
            "is_cut": found.is_cut,
        }
        return Response(body)
