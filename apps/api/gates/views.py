"""Gates over REST: lines, holders, and the limit in front of them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import Identity
from apps.accounts.permissions import Verb, require
from apps.api import filtering
from apps.api.actions.serializers import QueueStatsOfGateSerializer
from apps.api.filtering import Filter
from apps.api.serializers import StrictSerializer, Whole
from apps.api.views import ListView, View, path_id, sparse
from apps.core.errors import NotFound
from apps.core.redis import RedisAway
from apps.core.types import JsonObject
from apps.executions import lines
from apps.executions.models import Execution, Gate
from apps.executions.policies.services import set_limit
from apps.executions.slots.protocol import StaleEpoch
from apps.executions.statistics import gate_stats

#: Executions of a line, and holders, shown with one gate.
_SHOWN = 100


class UnknownGate(NotFound):
    """There is no such gate."""

    code = "unknown_gate"


class GateStatsSerializer(QueueStatsOfGateSerializer):
    policy_id = serializers.IntegerField()
    used_at = serializers.DateTimeField()


class StandingSerializer(serializers.Serializer[Any]):
    position = serializers.IntegerField(required=False)
    execution = serializers.IntegerField()
    action = serializers.CharField()
    attempt = serializers.IntegerField()
    status = serializers.CharField()
    created_at = serializers.DateTimeField()


class WholeGateSerializer(GateStatsSerializer):
    line = StandingSerializer(many=True)
    holders = StandingSerializer(many=True)


class GatePageSerializer(serializers.Serializer[Any]):
    results = GateStatsSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class LimitSerializer(StrictSerializer):
    limit = Whole(min_value=0, max_value=1_000_000, allow_null=True, help_text="0 pauses; null: as its file says")


class GatesView(ListView):
    verbs = {"GET": Verb.GATE_VIEW}
    shape = GateStatsSerializer
    filters = (
        Filter("action", "gates of this action's own limit", lambda rows, value: rows.filter(policy__subject=value)),
        Filter("policy", "id of a policy", lambda rows, value: rows.filter(policy=value), filtering.number),
    )

    def queryset_for(self, request: Request) -> Any:
        return Gate.objects.visible_to(self.identity(request)).select_related("policy")

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return _with_policies(rows, reader=self.identity(request))

    @extend_schema(responses=GatePageSerializer, operation_id="gates_list")
    def get(self, request: Request) -> Response:
        """Gates, newest first. A gate exists while somebody needs it, and for an hour after."""
        return self.page(request)


class GateView(View):
    verbs = {"GET": Verb.GATE_VIEW, "PATCH": Verb.POLICY_MANAGE}

    @extend_schema(responses=WholeGateSerializer, operation_id="gates_retrieve")
    def get(self, request: Request, gate_id: str) -> Response:
        """One gate: the first 100 in its line, and who holds its slots."""
        self.only_parameters(request, "fields")
        return Response(sparse(request, _whole(self, request, _get(self, request, gate_id))))

    @extend_schema(request=LimitSerializer, responses=WholeGateSerializer)
    def patch(self, request: Request, gate_id: str) -> Response:
        """Moves the limit of the gate's policy, and so of all its gates, at once. Nobody who runs is stopped."""
        self.only_parameters(request)
        values = self.read_body(request, LimitSerializer)
        gate = _get(self, request, gate_id)
        require(self.identity(request), Verb.POLICY_MANAGE, on=gate.policy)
        set_limit(gate.policy, values["limit"])
        return Response(_whole(self, request, _get(self, request, gate_id)))


def _get(view: View, request: Request, gate_id: str) -> Gate:
    gates = Gate.objects.visible_to(view.identity(request)).select_related("policy")
    gate = gates.filter(pk=path_id(gate_id)).first()
    if gate is None:
        raise UnknownGate(f"There is no gate {gate_id}.")
    return gate


def _with_policies(gates: list[Gate], *, reader: Identity) -> list[JsonObject]:
    return [
        {**stats, "policy_id": gate.policy_id, "used_at": gate.used_at}
        for gate, stats in zip(gates, gate_stats(gates, reader=reader), strict=True)
    ]


def _whole(view: View, request: Request, gate: Gate) -> JsonObject:
    try:
        waiting = list(lines.slots().line(gate.pk, most=_SHOWN))
        holding = [grant.execution for grant in lines.slots().holders(gate.pk, most=_SHOWN)]
    except (RedisAway, StaleEpoch):
        waiting, holding = [], []
    reader = view.identity(request)
    rows = Execution.objects.visible_to(reader).in_bulk([*waiting, *holding])
    line = [{"position": at, **_standing(rows[pk])} for at, pk in enumerate(waiting, start=1) if pk in rows]
    holders = [_standing(rows[pk]) for pk in holding if pk in rows]
    return {**_with_policies([gate], reader=reader)[0], "line": line, "holders": holders}


def _standing(execution: Execution) -> JsonObject:
    return {
        "execution": execution.pk,
        "action": execution.action_ref,
        "attempt": execution.attempt,
        "status": execution.status,
        "created_at": execution.created_at,
    }
