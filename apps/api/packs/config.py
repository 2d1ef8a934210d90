"""A pack's configuration over REST. Secret fields come in, and are never shown."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api.serializers import JsonObjectField, StrictSerializer
from apps.api.views import View
from apps.core.types import JsonObject
from apps.packs.services.config import ConfigShown, set_config, show_config
from apps.packs.services.manage import get_pack


class ConfigChangeSerializer(StrictSerializer):
    values = JsonObjectField(
        max_bytes=settings.ATTUNE_MAX_BODY_BYTES,
        help_text="by name, as the schema has them; a secret left out, or given as `***`, stays; null takes it away",
    )


class ConfigSerializer(serializers.Serializer[Any]):
    properties = serializers.DictField(help_text="what config.schema.yaml declares, by name")
    values = serializers.DictField(help_text="what was set; secrets read `***`")
    effective = serializers.DictField(help_text="what actions get as `context.config`: with defaults")
    updated_by = serializers.CharField(allow_null=True)
    updated_at = serializers.DateTimeField(allow_null=True)


class ConfigView(View):
    verbs = {"GET": Verb.PACK_VIEW, "PUT": Verb.PACK_MANAGE}

    @extend_schema(responses=ConfigSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """What a pack wants to be told, and what it was told."""
        self.only_parameters(request)
        return Response(_represent(show_config(get_pack(self.identity(request), ref))))

    @extend_schema(request=ConfigChangeSerializer, responses=ConfigSerializer)
    def put(self, request: Request, ref: str) -> Response:
        """Replaces what was set. It holds for executions that start from now on."""
        self.only_parameters(request)
        values = self.read_body(request, ConfigChangeSerializer)["values"]
        pack = get_pack(self.identity(request), ref)
        return Response(_represent(set_config(pack, values, by=self.identity(request))))


def _represent(config: ConfigShown) -> JsonObject:
    row = config.row
    return {
        "properties": dict(config.schema.properties),
        "values": config.values,
        "effective": config.effective,
        "updated_by": row.updated_by.username if row and row.updated_by else None,
        "updated_at": row.updated_at if row else None,
    }
