"""Trigger types over REST: what can happen."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api.filtering import Filter
from apps.api.pagination import Order
from apps.api.views import ListView, View, sparse
from apps.core.types import JsonObject
from apps.rules.models import Rule
from apps.triggers.models import TriggerType
from apps.triggers.services.sending import get_type


class TriggerSerializer(serializers.Serializer[Any]):
    ref = serializers.CharField()
    pack = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    payload_schema = serializers.JSONField(help_text="JSON Schema of the payload of its events; {} takes anything")
    parameters_schema = serializers.JSONField(help_text="JSON Schema of its parameters; {} knows none")
    aliases = serializers.ListField(child=serializers.CharField(), help_text="other names for it")
    updated_at = serializers.DateTimeField()
    links = serializers.JSONField()


class TriggerPageSerializer(serializers.Serializer[Any]):
    results = TriggerSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class OneTriggerSerializer(TriggerSerializer):
    rules = serializers.ListField(child=serializers.CharField(), help_text="that listen to it, those you may see")


class TriggersView(ListView):
    verbs = {"GET": Verb.TRIGGER_VIEW}
    shape = TriggerSerializer
    order = Order("ref", descending=False)
    filters = (
        Filter("pack", "ref of the pack", lambda rows, value: rows.filter(pack_ref=value)),
        Filter("q", "part of the ref", lambda rows, value: rows.filter(ref__icontains=value)),
    )

    def queryset_for(self, request: Request) -> Any:
        return TriggerType.objects.visible_to(self.identity(request)).in_force()

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [_represent(row) for row in rows]

    @extend_schema(responses=TriggerPageSerializer, operation_id="triggers_list")
    def get(self, request: Request) -> Response:
        """Trigger types, by ref."""
        return self.page(request)


class TriggerView(View):
    verbs = {"GET": Verb.TRIGGER_VIEW}

    @extend_schema(responses=OneTriggerSerializer, operation_id="triggers_retrieve")
    def get(self, request: Request, ref: str) -> Response:
        """One trigger type, by its ref or another name for it, with the rules that listen to it."""
        self.only_parameters(request, "fields")
        found = get_type(self.identity(request), ref)
        rules = Rule.objects.visible_to(self.identity(request)).in_force().filter(trigger__type=found)
        return Response(
            sparse(request, {**_represent(found), "rules": list(rules.values_list("ref", flat=True)[:500])})
        )


def _represent(row: TriggerType) -> JsonObject:
    return {
        "ref": row.ref,
        "pack": row.pack_ref,
        "name": row.name,
        "description": row.description,
        "payload_schema": row.payload_schema,
        "parameters_schema": row.parameters_schema,
        "aliases": row.aliases,
        "updated_at": row.updated_at,
        "links": {
            "self": f"/api/v1/triggers/{row.ref}",
            "events": f"/api/v1/events?type={row.ref}",
            "rules": f"/api/v1/rules?trigger={row.ref}",
        },
    }
