"""Timers over REST: when they are due, also before anything is saved; pause, resume, times of the past."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api import filtering
from apps.api.filtering import Filter
from apps.api.serializers import StrictSerializer
from apps.api.views import ListView, View, path_id, sparse
from apps.core.errors import FieldError, Invalid
from apps.core.types import JsonObject
from apps.runner.jsonvalue import BadValueError, load_json
from apps.triggers.models import Timer
from apps.triggers.timers import services
from apps.triggers.timers.keeping import reason_of
from apps.triggers.timers.reading import InvalidTimer, zone_of
from apps.triggers.types import own_ref

_PREVIEWED = [
    OpenApiParameter("trigger", OpenApiTypes.STR, required=True, description="core.interval, core.cron or core.date"),
    OpenApiParameter("parameters", OpenApiTypes.STR, description='JSON: `{"expression": "0 9 * * mon-fri"}`'),
    OpenApiParameter("count", OpenApiTypes.INT, description="so many times: 1 to 100, 10 unless given"),
]


class TimerSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    trigger = serializers.CharField(help_text="ref of its type: core.interval, core.cron, core.date")
    parameters = serializers.JSONField()
    status = serializers.CharField(help_text="active, paused, trouble, over (no time left), stopped (no rule listens)")
    trouble = serializers.CharField(allow_null=True, help_text="why it cannot fire")
    next_scheduled_for = serializers.DateTimeField(allow_null=True)
    next_fire_at = serializers.DateTimeField(allow_null=True, help_text="with its jitter")
    last_scheduled_for = serializers.DateTimeField(allow_null=True)
    last_fired_at = serializers.DateTimeField(allow_null=True)
    fired = serializers.IntegerField(help_text="how often")
    misfires = serializers.IntegerField(help_text="times that were given up")
    anchored_at = serializers.DateTimeField(help_text="when it was made; an interval without a start begins here")


class TimerDetailSerializer(TimerSerializer):
    upcoming = serializers.ListField(
        child=serializers.DateTimeField(), help_text="the next ten times it is scheduled for, in its time zone"
    )


class TimerPageSerializer(serializers.Serializer[Any]):
    results = TimerSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class PreviewSerializer(serializers.Serializer[Any]):
    trigger = serializers.CharField()
    parameters = serializers.JSONField(help_text="with defaults")
    times = serializers.ListField(child=serializers.DateTimeField(), help_text="in its time zone; fewer when they end")


class BackfillSerializer(serializers.Serializer[Any]):
    recorded = serializers.IntegerField(help_text="new events")
    known = serializers.IntegerField(help_text="times whose event was there already")


class RangeSerializer(StrictSerializer):
    begin = serializers.DateTimeField(help_text="the first scheduled time to fill in, or a moment before it")
    end = serializers.DateTimeField(help_text="the last; what is yet to come is left to the timer")


class TimersView(ListView):
    verbs = {"GET": Verb.TRIGGER_VIEW}
    shape = TimerSerializer
    filters = (
        Filter("trigger", "ref of a trigger type", lambda rows, value: rows.filter(trigger__type__ref=own_ref(value))),
        Filter(
            "status",
            "active, paused, over, stopped, trouble",
            lambda rows, value: rows.in_status(value),
            filtering.one_of(*Timer.Status.values),
        ),
    )

    def queryset_for(self, request: Request) -> Any:
        return Timer.objects.visible_to(self.identity(request)).select_related("trigger__type")

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [_represent(row) for row in rows]

    @extend_schema(responses=TimerPageSerializer, operation_id="timers_list")
    def get(self, request: Request) -> Response:
        """Timers, newest first. There is one for each interval, cron expression or date a rule has ever listened to."""
        return self.page(request)


class TimerView(View):
    verbs = {"GET": Verb.TRIGGER_VIEW}

    @extend_schema(responses=TimerDetailSerializer, operation_id="timers_retrieve")
    def get(self, request: Request, timer_id: str) -> Response:
        """One timer, and its next ten times."""
        self.only_parameters(request, "fields")
        return Response(sparse(request, _detail(services.get_timer(self.identity(request), path_id(timer_id)))))


class PreviewView(View):
    verbs = {"GET": Verb.TRIGGER_VIEW}

    @extend_schema(
        responses=PreviewSerializer,
        operation_id="timers_preview",
        parameters=_PREVIEWED,
    )
    def get(self, request: Request) -> Response:
        """The times that a timer with these parameters would have from now on. Nothing is saved."""
        self.only_parameters(request, "trigger", "parameters", "count")
        given = request.query_params
        type_ref, parameters = given.get("trigger", ""), _json(given.get("parameters", "{}"))
        if not type_ref:
            raise Invalid("The query is not valid.", errors=[FieldError("/trigger", "required", "trigger is required")])
        found = services.preview(self.identity(request), type_ref, parameters, most=_count(given.get("count")))
        times = _in_zone(found.times, found.parameters)
        return Response({"trigger": found.type_ref, "parameters": found.parameters, "times": times})


class PauseView(View):
    verbs = {"POST": Verb.TIMER_MANAGE}

    @extend_schema(request=None, responses=TimerDetailSerializer, operation_id="timers_pause")
    def post(self, request: Request, timer_id: str) -> Response:
        """The timer fires no more until it is resumed, whatever rules listen to it."""
        self.only_parameters(request)
        self.no_body(request)
        return Response(_detail(services.pause_timer(_managed(self, request, timer_id))))


class ResumeView(View):
    verbs = {"POST": Verb.TIMER_MANAGE}

    @extend_schema(request=None, responses=TimerDetailSerializer, operation_id="timers_resume")
    def post(self, request: Request, timer_id: str) -> Response:
        """The timer goes on with its next time. Those of the pause are given up; `backfill` brings them back."""
        self.only_parameters(request)
        self.no_body(request)
        return Response(_detail(services.resume_timer(_managed(self, request, timer_id))))


class BackfillView(View):
    verbs = {"POST": Verb.TIMER_MANAGE}

    @extend_schema(request=RangeSerializer, responses=BackfillSerializer, operation_id="timers_backfill")
    def post(self, request: Request, timer_id: str) -> Response:
        """Records an event for each time from `begin` to `end` that has none yet, up to now; at most 1,000 at once."""
        self.only_parameters(request)
        timer = _managed(self, request, timer_id)
        values = self.read_body(request, RangeSerializer)
        filled = services.backfill(timer, begin=values["begin"], end=values["end"])
        return Response({"recorded": filled.recorded, "known": filled.known})


def _managed(view: View, request: Request, timer_id: str) -> Timer:
    return services.get_timer(view.identity(request), path_id(timer_id), to=Verb.TIMER_MANAGE)


def _json(text: str) -> JsonObject:
    try:
        value = load_json(text.encode(), keys_may_repeat=False)
    except BadValueError as error:
        raise _not_valid("/parameters", f"not the JSON Attune takes: {error}") from error
    if not isinstance(value, dict):
        raise _not_valid("/parameters", "a JSON object is expected")
    return value


def _count(text: str | None) -> int:
    if text is None:
        return services.USUAL_TIMES
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= services.MOST_TIMES):
        raise _not_valid("/count", f"a number from 1 to {services.MOST_TIMES} is expected")
    return int(text)


def _not_valid(pointer: str, detail: str) -> Invalid:
    return Invalid("The query is not valid.", errors=[FieldError(pointer, "invalid", detail)])


def _in_zone(times: Sequence[datetime], parameters: JsonObject) -> list[str]:
    zone = zone_of(parameters)
    return [time.astimezone(zone).isoformat().replace("+00:00", "Z") for time in times]


def _detail(timer: Timer) -> JsonObject:
    shown = _represent(timer)
    try:
        times = services.upcoming(timer)
    except InvalidTimer as error:  # its zone went away, and it was not due since
        return {**shown, "trouble": reason_of(error), "upcoming": []}
    return {**shown, "upcoming": _in_zone(times, timer.trigger.parameters)}


def _represent(timer: Timer) -> JsonObject:
    return {
        "id": timer.pk,
        "trigger": timer.trigger.type.ref,
        "parameters": timer.trigger.parameters,
        "status": timer.status,
        "trouble": timer.trouble or None,
        "next_scheduled_for": timer.next_scheduled_for,
        "next_fire_at": timer.next_fire_at,
        "last_scheduled_for": timer.last_scheduled_for,
        "last_fired_at": timer.last_fired_at,
        "fired": timer.fired,
        "misfires": timer.misfires,
        "anchored_at": timer.anchored_at,
    }
