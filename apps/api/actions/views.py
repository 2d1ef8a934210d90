"""Actions over REST."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb, require
from apps.actions.definition import parsed
from apps.actions.models import Action
from apps.actions.services.lookup import get_action, set_action_enabled
from apps.api.actions import serializers
from apps.api.actions.represent import represent, represent_whole
from apps.api.etags import unchanged, versioned
from apps.api.filtering import Filter
from apps.api.pagination import Order
from apps.api.views import ListView, View
from apps.core.types import JsonObject
from apps.executions.statistics import action_stats


class ActionsView(ListView):
    verbs = {"GET": Verb.ACTION_VIEW}
    shape = serializers.ActionSerializer
    order = Order("ref", descending=False)
    filters = (
        Filter("pack", "ref of the pack", lambda rows, value: rows.filter(pack__ref=value)),
        Filter("runtime", "name of the runtime", lambda rows, value: rows.filter(runtime=value)),
        Filter("q", "part of the ref", lambda rows, value: rows.filter(ref__icontains=value)),
    )

    def queryset_for(self, request: Request) -> Any:
        return Action.objects.visible_to(self.identity(request)).select_related("pack", "version")

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return represent(rows)

    @extend_schema(responses=serializers.ActionPageSerializer, operation_id="actions_list")
    def get(self, request: Request) -> Response:
        """Actions, by ref."""
        return self.page(request)


class ActionView(View):
    verbs = {"GET": Verb.ACTION_VIEW, "PATCH": Verb.ACTION_MANAGE}
    is_versioned = True

    @extend_schema(responses=serializers.WholeActionSerializer, operation_id="actions_retrieve")
    def get(self, request: Request, ref: str) -> Response:
        """One action, with everything its file says."""
        self.only_parameters(request, "fields")
        return versioned(request, self._whole(request, ref))

    @extend_schema(request=serializers.ActionChangeSerializer, responses=serializers.WholeActionSerializer)
    def patch(self, request: Request, ref: str) -> Response:
        """Switches an action on or off, over what its file says; null gives the word back to the file."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.ActionChangeSerializer)
        with unchanged(request, Action.objects.filter(ref=ref), lambda: self._whole(request, ref)):
            set_action_enabled(self.identity(request), ref=ref, enabled=values["enabled"])
        return versioned(request, self._whole(request, ref))

    def _whole(self, request: Request, ref: str) -> JsonObject:
        return represent_whole(get_action(self.identity(request), ref))


class SchemaView(View):
    verbs = {"GET": Verb.ACTION_VIEW}

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, ref: str) -> Response:
        """The JSON Schema (2020-12) of the action's parameters, for forms and clients."""
        self.only_parameters(request)
        definition = get_action(self.identity(request), ref).definition
        return Response(parsed(definition.digest, definition.body).schema.as_json_schema)


class QueueStatsView(View):
    verbs = {"GET": Verb.GATE_VIEW}

    @extend_schema(responses=serializers.QueueStatsSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """How busy the action's line is and was."""
        self.only_parameters(request)
        action = get_action(self.identity(request), ref)
        require(self.identity(request), Verb.GATE_VIEW, on=action)
        return Response(action_stats(action.ref, reader=self.identity(request)))
