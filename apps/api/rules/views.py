"""Rules over REST."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api import filtering
from apps.api.etags import unchanged, versioned
from apps.api.filtering import Filter
from apps.api.pagination import Order
from apps.api.rules import serializers
from apps.api.rules.represent import RULE_RELATED, represent_enforcement, represent_rule
from apps.api.views import ListView, View, path_id
from apps.core.errors import FieldError, Invalid
from apps.core.types import JsonObject
from apps.rules.checks import RuleSpec
from apps.rules.models import Rule
from apps.rules.services.explain import explain, said_of
from apps.rules.services.rules import create_rule, get_rule, remove_rule, update_rule
from apps.triggers.services.sending import get_event
from apps.triggers.types import own_ref

_EVENT = OpenApiParameter("event", OpenApiTypes.INT, required=True, description="id of the event")


class RulesView(ListView):
    verbs = {"GET": Verb.RULE_VIEW, "POST": Verb.RULE_MANAGE}
    shape = serializers.RuleSerializer
    order = Order("ref", descending=False)
    filters = (
        Filter("pack", "ref of the pack", lambda rows, value: rows.filter(pack_ref=value)),
        Filter("trigger", "ref of the trigger", lambda rows, value: rows.filter(trigger__type__ref=own_ref(value))),
        Filter("action", "ref of the action", lambda rows, value: rows.filter(action_ref=value)),
        Filter("owner", "name of an identity", lambda rows, value: rows.filter(owner__username=value)),
        Filter("enabled", "`true` or `false`", lambda rows, value: rows.filter(is_enabled=value), filtering.truth),
        Filter(
            "pack_enabled",
            "`true` or `false`; a rule acts only while both are",
            lambda rows, value: rows.filter(is_pack_enabled=value),
            filtering.truth,
        ),
        Filter(
            "label",
            "`name:value`; given more than once, all must fit",
            lambda rows, value: rows.filter(labels__contains=dict([value])),
            filtering.pair,
            may_repeat=True,
        ),
        Filter("q", "part of the ref", lambda rows, value: rows.filter(ref__icontains=value)),
    )

    def queryset_for(self, request: Request) -> Any:
        return Rule.objects.visible_to(self.identity(request)).in_force().select_related(*RULE_RELATED)

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [represent_rule(row) for row in rows]

    @extend_schema(responses=serializers.RulePageSerializer, operation_id="rules_list")
    def get(self, request: Request) -> Response:
        """Rules, by ref."""
        return self.page(request)

    @extend_schema(request=serializers.NewRuleSerializer, responses={201: serializers.RuleSerializer})
    def post(self, request: Request) -> Response:
        """A new rule. It acts as who makes it, or as `owner`, who may no more than that."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.NewRuleSerializer)
        owner = values.pop("owner", None)
        pack = values.pop("pack", "")
        spec = RuleSpec(name=values.pop("name"), pack_ref=pack, **_fields(values))
        rule = create_rule(self.identity(request), spec, owner=owner)
        response = versioned(request, represent_rule(rule))
        response.status_code = 201
        return response


class RuleView(View):
    verbs = {"GET": Verb.RULE_VIEW, "PATCH": Verb.RULE_MANAGE, "DELETE": Verb.RULE_MANAGE}
    is_versioned = True

    @extend_schema(responses=serializers.RuleSerializer, operation_id="rules_retrieve")
    def get(self, request: Request, ref: str) -> Response:
        """One rule."""
        self.only_parameters(request, "fields")
        return versioned(request, _read(self, request, ref))

    @extend_schema(request=serializers.RuleChangeSerializer, responses=serializers.RuleSerializer)
    def patch(self, request: Request, ref: str) -> Response:
        """Changes a rule. Who changes what it does owns it from then on. One from a pack's file can be switched on and
        off."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.RuleChangeSerializer)
        owner = values.pop("owner", None)
        with unchanged(request, Rule.objects.filter(ref=ref), lambda: _read(self, request, ref)):
            rule = get_rule(self.identity(request), ref, to=Verb.RULE_MANAGE)
            update_rule(self.identity(request), rule, _fields(values), owner=owner)
        return versioned(request, _read(self, request, ref))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, ref: str) -> Response:
        """Removes a rule. What it did stays to be seen."""
        self.only_parameters(request)
        identity = self.identity(request)
        remove_rule(identity, get_rule(identity, ref, to=Verb.RULE_MANAGE))
        return Response(status=204)


class EnableRuleView(View):
    verbs = {"POST": Verb.RULE_MANAGE}
    enabled = True

    @extend_schema(request=None, responses=serializers.RuleSerializer)
    def post(self, request: Request, ref: str) -> Response:
        """Lets a rule fire, whatever its pack's file says."""
        return self.switch(request, ref)

    def switch(self, request: Request, ref: str) -> Response:
        self.only_parameters(request)
        self.no_body(request)
        rule = get_rule(self.identity(request), ref, to=Verb.RULE_MANAGE)
        update_rule(self.identity(request), rule, {"is_enabled": self.enabled})
        return versioned(request, _read(self, request, ref))


class DisableRuleView(EnableRuleView):
    enabled = False

    @extend_schema(request=None, responses=serializers.RuleSerializer)
    def post(self, request: Request, ref: str) -> Response:
        """Lets a rule rest. What it has started goes on."""
        return self.switch(request, ref)


class RuleVersionsView(View):
    verbs = {"GET": Verb.RULE_VIEW}

    @extend_schema(responses=serializers.RuleVersionsSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """What the rule said, newest first; the last hundred."""
        self.only_parameters(request)
        rule = get_rule(self.identity(request), ref)
        rows = rule.versions.select_related("by").order_by("-version")[:100]
        shown = [
            {"version": row.version, "body": row.body, "at": row.at, "by": row.by.username if row.by else None}
            for row in rows
        ]
        return Response({"results": shown})


class ExplainRuleView(View):
    verbs = {"GET": Verb.RULE_VIEW}
    query_parameters = [_EVENT]

    @extend_schema(responses=serializers.ExplanationSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """Why the rule did, or did not, fire for an event: what was said then, and what it would say now."""
        self.only_parameters(request, "event")
        text = request.query_params.get("event")
        if text is None:
            raise Invalid("The query is not valid.", errors=[FieldError("/event", "required", "event is required")])
        rule, event = get_rule(self.identity(request), ref), get_event(self.identity(request), path_id(text))
        said = explain(rule, event)
        enforcement = said["enforcement"]
        return Response({**said, "enforcement": represent_enforcement(enforcement) if enforcement else None})


class TestRuleView(View):
    __test__ = False  # to pytest it looks like a test
    verbs = {"POST": Verb.RULE_VIEW}

    @extend_schema(request=serializers.RuleTestSerializer, responses=serializers.SaidSerializer)
    def post(self, request: Request, ref: str) -> Response:
        """What the rule would say of a payload. Nothing is started, and nothing kept."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.RuleTestSerializer)
        if ("payload" in values) == ("event" in values):
            detail = "give a payload, or the id of an event"
            raise Invalid(errors=[FieldError("/payload", "contradiction", detail)])
        rule = get_rule(self.identity(request), ref)
        event = get_event(self.identity(request), values["event"]) if "event" in values else None
        payload = values["payload"] if event is None else event.payload
        given = {name: values[name] for name in ("criteria", "parameters") if name in values}
        return Response(said_of(rule, payload, event=event, **given))


def _read(view: View, request: Request, ref: str) -> JsonObject:
    return represent_rule(get_rule(view.identity(request), ref))


def _fields(values: JsonObject) -> JsonObject:
    """As `RuleSpec` names them; what is given as a whole is changed as a whole."""
    fields = {name: value for name, value in values.items() if name not in ("enabled", "trigger", "action")}
    if "enabled" in values:
        fields["is_enabled"] = values["enabled"]
    if "trigger" in values:
        fields |= {"trigger": values["trigger"]["type"], "trigger_parameters": values["trigger"].get("parameters", {})}
    if "action" in values:
        fields |= {"action": values["action"]["ref"], "parameters": values["action"].get("parameters", {})}
    return fields
