"""Policies over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api.filtering import Filter
from apps.api.serializers import Number, ShortList, StrictSerializer, Text, Whole
from apps.api.views import ListView, View, path_id
from apps.core.types import JsonObject
from apps.executions.models import Policy
from apps.executions.models.policy import LONGEST_WINDOW_S, SHORTEST_WINDOW_S
from apps.executions.policies.services import create_policy, get_policy, remove_policy, require_policy, update_policy

_MOST = 1_000_000
_LONGEST_S = 31_536_000


class RetrySerializer(StrictSerializer):
    """As `retry` in an action's file; given as a whole, what is left out has its default."""

    max_attempts = Whole(min_value=1, max_value=100, help_text="how often it is started at most, the first included")
    on = ShortList(
        child=serializers.ChoiceField(choices=["failed", "timeout"]), required=False, min_length=1, max_length=2
    )
    backoff = serializers.ChoiceField(choices=["constant", "linear", "exponential"], required=False)
    delay_s = Number(required=False, min_value=0, max_value=86_400)
    max_delay_s = Number(required=False, min_value=0, max_value=604_800)
    jitter = Number(required=False, min_value=0, max_value=1)


class _SaidSerializer(StrictSerializer):
    """What a policy may say; which of it, depends on its kind."""

    window_s = Number(
        required=False,
        min_value=SHORTEST_WINDOW_S,
        max_value=LONGEST_WINDOW_S,
        help_text="of a rate: no stretch of so many seconds sees more than `limit` pass",
    )
    key = Text(
        max_length=1000, required=False, allow_null=True, help_text="a template over the parameters: `{{ host }}`"
    )
    when_full = serializers.ChoiceField(choices=Policy.WhenFull.choices, required=False)
    max_waiting = Whole(required=False, allow_null=True, min_value=0, max_value=10_000_000)
    expires_s = Number(required=False, allow_null=True, min_value=0.001, max_value=_LONGEST_S)
    retry = RetrySerializer(required=False)
    timeout_s = Number(required=False, min_value=0.001, max_value=_LONGEST_S)


class NewPolicySerializer(_SaidSerializer):
    name = Text(max_length=255)
    kind = serializers.ChoiceField(choices=Policy.Kind.choices, default=Policy.Kind.CONCURRENCY)
    scope = serializers.ChoiceField(choices=Policy.Scope.choices)
    subject = Text(max_length=255, required=False, default="", allow_blank=True)
    limit = Whole(required=False, min_value=0, max_value=_MOST, help_text="of a concurrency or a rate")


class PolicyChangeSerializer(_SaidSerializer):
    limit = Whole(required=False, allow_null=True, min_value=0, max_value=_MOST)


class PolicySerializer(serializers.Serializer[Any]):
    """What another kind would say is null."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.CharField(help_text="concurrency, rate, retry or timeout")
    scope = serializers.CharField()
    subject = serializers.CharField()
    source = serializers.CharField(help_text="action or pack: of a file there; operator")  # type: ignore[assignment]  # DRF takes fields off the class before its own attribute is used
    limit = serializers.IntegerField(allow_null=True)
    limit_override = serializers.IntegerField(allow_null=True)
    window_s = serializers.FloatField(allow_null=True)
    key = serializers.CharField(allow_null=True)
    when_full = serializers.CharField(allow_null=True)
    max_waiting = serializers.IntegerField(allow_null=True)
    expires_s = serializers.FloatField(allow_null=True)
    retry = serializers.JSONField(allow_null=True)
    timeout_s = serializers.FloatField(allow_null=True)
    updated_at = serializers.DateTimeField()


class PolicyPageSerializer(serializers.Serializer[Any]):
    results = PolicySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class PoliciesView(ListView):
    verbs = {"GET": Verb.POLICY_VIEW, "POST": Verb.POLICY_MANAGE}
    shape = PolicySerializer
    filters = (
        Filter("subject", "ref of an action or pack", lambda rows, value: rows.filter(subject=value)),
        Filter("kind", "concurrency, rate, retry or timeout", lambda rows, value: rows.filter(kind=value)),
        Filter("scope", "action, pack or system", lambda rows, value: rows.filter(scope=value)),
    )

    def queryset_for(self, request: Request) -> Any:
        return Policy.objects.visible_to(self.identity(request)).in_force()

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [_represent(row) for row in rows]

    @extend_schema(responses=PolicyPageSerializer, operation_id="policies_list")
    def get(self, request: Request) -> Response:
        """Policies in force, newest first; those of actions' own files too."""
        return self.page(request)

    @extend_schema(request=NewPolicySerializer, responses={201: PolicySerializer})
    def post(self, request: Request) -> Response:
        """A new rule for an action, a pack, or everything; it holds for executions requested from now on.

        A concurrency needs `limit`, a rate `limit` and `window_s`, a retry `retry`, a timeout `timeout_s`.
        """
        self.only_parameters(request)
        values = self.read_body(request, NewPolicySerializer)
        require_policy(self.identity(request), scope=values["scope"], subject=values["subject"])
        policy = create_policy(**values)
        return Response(_represent(get_policy(self.identity(request), policy.pk)), status=201)


class PolicyView(View):
    verbs = {"GET": Verb.POLICY_VIEW, "PATCH": Verb.POLICY_MANAGE, "DELETE": Verb.POLICY_MANAGE}

    @extend_schema(responses=PolicySerializer, operation_id="policies_retrieve")
    def get(self, request: Request, policy_id: str) -> Response:
        """One policy."""
        self.only_parameters(request)
        return Response(_represent(get_policy(self.identity(request), path_id(policy_id))))

    @extend_schema(request=PolicyChangeSerializer, responses=PolicySerializer)
    def patch(self, request: Request, policy_id: str) -> Response:
        """Changes a policy. Of one that comes from a pack's files, only the limit can be overridden."""
        self.only_parameters(request)
        policy = get_policy(self.identity(request), path_id(policy_id), to=Verb.POLICY_MANAGE)
        return Response(_represent(update_policy(policy, self.read_body(request, PolicyChangeSerializer))))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, policy_id: str) -> Response:
        """Retires a policy: everybody who waits for it is let through."""
        self.only_parameters(request)
        remove_policy(get_policy(self.identity(request), path_id(policy_id), to=Verb.POLICY_MANAGE))
        return Response(status=204)


def _represent(policy: Policy) -> JsonObject:
    return {
        "id": policy.pk,
        "name": policy.name,
        "kind": policy.kind,
        "scope": policy.scope,
        "subject": policy.subject,
        "source": policy.source,
        "limit": policy.limit_in_force,
        "limit_override": policy.limit_override,
        "window_s": policy.window_s,
        "key": policy.key,
        "when_full": policy.when_full if policy.has_gates else None,
        "max_waiting": policy.max_waiting,
        "expires_s": policy.expires_s,
        "retry": policy.retry,
        "timeout_s": policy.timeout_s,
        "updated_at": policy.updated_at,
    }
