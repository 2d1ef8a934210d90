"""Executions counted over REST: how many there are, how they ended, how long they took."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api import filtering
from apps.api.views import View
from apps.core.errors import FieldError, Invalid
from apps.executions.models import Execution
from apps.executions.statistics import execution_stats

#: The period when none is given.
_PERIOD = timedelta(hours=24)


class ActionOutcomesSerializer(serializers.Serializer[Any]):
    action = serializers.CharField()
    ended = serializers.IntegerField()
    failed = serializers.IntegerField()
    failure_rate = serializers.FloatField(allow_null=True)
    p50_s = serializers.FloatField(allow_null=True)
    p95_s = serializers.FloatField(allow_null=True)


class StatsSerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    covers_since = serializers.DateTimeField(help_text="later than `since` when more ended than are counted")
    by_status = serializers.DictField(child=serializers.IntegerField())
    ended = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="failed, timeout and abandoned")
    failure_rate = serializers.FloatField(allow_null=True, help_text="of those that were not canceled")
    p50_s = serializers.FloatField(allow_null=True)
    p95_s = serializers.FloatField(allow_null=True)
    actions = ActionOutcomesSerializer(many=True, help_text="at most 100, the busiest first")
    slowest = ActionOutcomesSerializer(many=True, help_text="at most 10, by p95")


class StatsView(View):
    verbs = {"GET": Verb.EXECUTION_VIEW}
    query_parameters = [
        OpenApiParameter("since", OpenApiTypes.DATETIME, description="ended at or after; 24 h before `until`"),
        OpenApiParameter("until", OpenApiTypes.DATETIME, description="ended before; now"),
    ]

    @extend_schema(responses=StatsSerializer, operation_id="executions_stats")
    def get(self, request: Request) -> Response:
        """Live executions by status as of now, and those that ended in a period: counts, failures, durations. At most
        the newest 100,000 are counted, and the newest 10,000 timed.
        """
        self.only_parameters(request, "since", "until")
        until = _moment(request, "until") or timezone.now()
        since = _moment(request, "since") or _before(until)
        if since > until:
            raise _invalid("since", "later than until")
        rows = Execution.objects.visible_to(self.identity(request))
        return Response(asdict(execution_stats(rows, since=since, until=until)))


def _moment(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return filtering.moment(text)
    except ValueError as error:
        raise _invalid(name, str(error)) from error


def _before(until: datetime) -> datetime:
    try:
        return until - _PERIOD
    except OverflowError as error:
        raise _invalid("until", "too early") from error


def _invalid(name: str, detail: str) -> Invalid:
    return Invalid("The query is not valid.", errors=[FieldError(f"/{name}", "invalid_filter", f"{name}: {detail}")])
