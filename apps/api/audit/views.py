"""The audit over REST: read in pages, or taken away whole as lines of JSON. Nothing can be changed here."""

from collections.abc import Iterator
from typing import Any

import orjson
from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api import filtering
from apps.api.downloads import JsonLines
from apps.api.filtering import Filter, filtered
from apps.api.views import ListView, View
from apps.audit.models import AuditRecord
from apps.core.database import release_connection
from apps.core.types import JsonObject

#: Rows of the export that are in memory at once.
_CHUNK = 1000
_FILTERS = (
    Filter("who", "name of an identity, or `execution 17`", lambda rows, value: rows.filter(who=value)),
    Filter("deed", "a verb: `key.reveal`; `login`, `key.read`", lambda rows, value: rows.filter(deed=value)),
    Filter("on", "ref or id of what it was done to", lambda rows, value: rows.filter(on=value)),
    Filter(
        "outcome",
        "done, refused, failed",
        lambda rows, value: rows.filter(outcome__in=value),
        filtering.one_of(*AuditRecord.Outcome.values),
    ),
    Filter("request_id", "as in answers and logs", lambda rows, value: rows.filter(request_id=value)),
    Filter("since", "not before", lambda rows, value: rows.filter(at__gte=value), filtering.moment),
    Filter("until", "before", lambda rows, value: rows.filter(at__lt=value), filtering.moment),
)


class AuditRecordSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    who = serializers.CharField(help_text="name of an identity as it was then, or `execution 17`; empty: nobody known")
    deed = serializers.CharField()
    on = serializers.CharField()
    outcome = serializers.CharField(help_text="done; refused: who asked may not; failed: not possible as asked")
    address = serializers.CharField(help_text="from where; empty inside Attune")
    request_id = serializers.CharField()
    facts = serializers.DictField()


class AuditPageSerializer(serializers.Serializer[Any]):
    results = AuditRecordSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class AuditView(ListView):
    verbs = {"GET": Verb.AUDIT_VIEW}
    shape = AuditRecordSerializer
    filters = _FILTERS

    def queryset_for(self, request: Request) -> Any:
        return AuditRecord.objects.visible_to(self.identity(request))

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [represent(row) for row in rows]

    @extend_schema(responses=AuditPageSerializer, operation_id="audit_list")
    def get(self, request: Request) -> Response:
        """Who did what, newest first."""
        return self.page(request)


class AuditExportView(View):
    verbs = {"GET": Verb.AUDIT_VIEW}
    query_parameters = tuple(OpenApiParameter(item.name, OpenApiTypes.STR, description=item.help) for item in _FILTERS)

    @extend_schema(responses={(200, "application/x-ndjson"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponseBase:
        """The same as lines of JSON, oldest first, as many as there are."""
        self.only_parameters(request, *(item.name for item in _FILTERS))
        rows = filtered(request, AuditRecord.objects.visible_to(self.identity(request)), _FILTERS)
        return JsonLines(_lines(rows), name="audit.jsonl")


def represent(row: AuditRecord) -> JsonObject:
    return {
        "id": row.pk,
        "at": row.at,
        "who": row.who,
        "deed": row.deed,
        "on": row.on,
        "outcome": row.outcome,
        "address": row.address,
        "request_id": row.request_id,
        "facts": row.facts,
    }


def _lines(rows: "QuerySet[AuditRecord]") -> Iterator[bytes]:
    last = 0
    while True:
        chunk = list(rows.filter(pk__gt=last).order_by("pk")[:_CHUNK])
        release_connection()  # the client may take its time
        if not chunk:
            return
        for row in chunk:
            yield orjson.dumps(represent(row), option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
        last = chunk[-1].pk
