"""Actions over REST."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb, require
from apps.actions.definition import parsed
from apps.actions.models import Action
from apps.actions.services.lookup import get_action, set_action_enabled
from apps.actions.services.making import ActionWish, change_action, make_action_of, remove_action
from apps.api.actions import serializers
from apps.api.actions.represent import represent, represent_whole
from apps.api.etags import unchanged, versioned
from apps.api.filtering import Filter
from apps.api.pagination import Order
from apps.api.views import ListView, View, is_true
from apps.core.types import JsonObject
from apps.executions.statistics import action_stats
from apps.packs.locking import locked_pack


class ActionsView(ListView):
    verbs = {"GET": Verb.ACTION_VIEW, "POST": Verb.PACK_INSTALL}
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

    @extend_schema(request=serializers.ActionCreateSerializer, responses={201: serializers.WholeActionSerializer})
    def post(self, request: Request) -> Response:
        """Makes an action of an ad-hoc pack, with its program: what an action's file says, and `code`."""
        self.only_parameters(request)
        body = self.read_body(request, serializers.ActionCreateSerializer)
        pack_ref, name, code = body.pop("pack"), body.pop("name"), body.pop("code", None)
        wish = ActionWish(name, body, code)
        action = make_action_of(self.identity(request), pack_ref=pack_ref, wish=wish)
        return Response(represent_whole(action), status=201)


class ActionView(View):
    verbs = {
        "GET": Verb.ACTION_VIEW, "PUT": Verb.PACK_INSTALL, "PATCH": Verb.ACTION_MANAGE, "DELETE": Verb.PACK_INSTALL,
    }  # fmt: skip
    is_versioned = True
    query_parameters = (OpenApiParameter("force", OpenApiTypes.BOOL, description="also while it is in use"),)

    @extend_schema(responses=serializers.WholeActionSerializer, operation_id="actions_retrieve")
    def get(self, request: Request, ref: str) -> Response:
        """One action, with everything its file says."""
        self.only_parameters(request, "fields")
        return versioned(request, self._whole(request, ref))

    @extend_schema(request=serializers.ActionReplaceSerializer, responses=serializers.WholeActionSerializer)
    def put(self, request: Request, ref: str) -> Response:
        """Replaces all that an action of an ad-hoc pack says, and its program if `code` is sent."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.ActionReplaceSerializer)
        code = values.pop("code", None)

        def change(before: JsonObject) -> JsonObject:
            return {"entry_point": before.get("entry_point"), **values}

        with self._as_expected(request, ref):
            change_action(self.identity(request), ref=ref, change=change, code=code)
        return versioned(request, self._whole(request, ref))

    @extend_schema(request=serializers.ActionChangeSerializer, responses=serializers.WholeActionSerializer)
    def patch(self, request: Request, ref: str) -> Response:
        """Switches an action on or off, over what its file says; null gives the word back to the file. Of an ad-hoc
        pack's action it changes all else too, which needs `pack.install`.
        """
        self.only_parameters(request)
        values = self.read_body(request, serializers.ActionChangeSerializer)
        is_switched, enabled = "enabled" in values, values.pop("enabled", None)
        code, identity = values.pop("code", None), self.identity(request)
        with self._as_expected(request, ref):
            if values or code is not None:
                change_action(identity, ref=ref, change=lambda before: {**before, **values}, code=code)
            if is_switched:
                set_action_enabled(identity, ref=ref, enabled=enabled)
        return versioned(request, self._whole(request, ref))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, ref: str) -> Response:
        """Removes an action of an ad-hoc pack: 409 `in_use` with the list of what uses it, unless `force` is set."""
        self.only_parameters(request, "force")
        self.no_body(request)
        remove_action(self.identity(request), ref=ref, force=is_true(request, "force"))
        return Response(status=204)

    @contextmanager
    def _as_expected(self, request: Request, ref: str) -> Iterator[None]:
        rows, pack_ref = Action.objects.filter(ref=ref), get_action(self.identity(request), ref).pack.ref
        with locked_pack(pack_ref), unchanged(request, rows, lambda: self._whole(request, ref)):
            yield

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
