"""Runtimes over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api.pagination import Order
from apps.api.views import ListView
from apps.core.types import JsonObject
from apps.runtimes.models import Runtime
from apps.runtimes.ranges import newest_first
from apps.workers.models import Worker


class RuntimeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # DRF takes fields off the class before its own attribute is used
    description = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    extensions = serializers.ListField(child=serializers.CharField())
    pack = serializers.CharField()
    provider = serializers.CharField()
    versions = serializers.ListField(child=serializers.CharField(), help_text="what active workers have, newest first")
    workers = serializers.IntegerField(help_text="active workers that have it")


class RuntimePageSerializer(serializers.Serializer[Any]):
    results = RuntimeSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class RuntimesView(ListView):
    verbs = {"GET": Verb.RUNTIME_VIEW}
    shape = RuntimeSerializer
    order = Order("name", descending=False)

    def queryset_for(self, request: Request) -> Any:
        return Runtime.objects.visible_to(self.identity(request))

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        active = list(Worker.objects.filter(status=Worker.Status.ACTIVE).values_list("runtimes", flat=True))
        return [_represent(row, [found[row.name] for found in active if row.name in found]) for row in rows]

    @extend_schema(responses=RuntimePageSerializer, operation_id="runtimes_list")
    def get(self, request: Request) -> Response:
        """Languages and other ways to run a program, and which workers have them."""
        return self.page(request)


def _represent(runtime: Runtime, installed: list[list[JsonObject]]) -> JsonObject:
    definition = runtime.parsed
    return {
        "name": runtime.name,
        "label": definition.label,
        "description": definition.description,
        "aliases": list(definition.aliases),
        "extensions": list(definition.extensions),
        "pack": runtime.pack_ref,
        "provider": definition.environment.provider,
        "versions": newest_first(item["version"] for found in installed for item in found),
        "workers": len(installed),
    }
