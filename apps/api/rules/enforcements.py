"""Enforcements over REST: what came of rules that matched."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api import filtering
from apps.api.filtering import Filter
from apps.api.rules import serializers
from apps.api.rules.represent import ENFORCEMENT_COLUMNS, ENFORCEMENT_RELATED, represent_enforcement
from apps.api.views import ListView, View, path_id, sparse
from apps.core.errors import NotFound
from apps.core.types import JsonObject
from apps.rules.models import Enforcement
from apps.rules.services.rules import rule_id_of


class EnforcementsView(ListView):
    verbs = {"GET": Verb.RULE_VIEW}
    shape = serializers.EnforcementSerializer
    filters = (
        Filter("rule", "ref of the rule", lambda rows, value: rows.filter(rule=rule_id_of(value))),
        Filter("event", "id of the event", lambda rows, value: rows.filter(event=value), filtering.number),
        Filter("execution", "id of the execution", lambda rows, value: rows.filter(execution=value), filtering.number),
        Filter(
            "status",
            "pending, started, skipped, failed or suppressed; more than one separated by commas",
            lambda rows, value: rows.filter(status__in=value),
            filtering.one_of(*Enforcement.Status.values),
        ),
        Filter("since", "decided at or after", lambda rows, value: rows.filter(at__gte=value), filtering.moment),
        Filter("until", "decided before", lambda rows, value: rows.filter(at__lt=value), filtering.moment),
    )

    def queryset_for(self, request: Request) -> Any:
        rows = Enforcement.objects.visible_to(self.identity(request))
        return rows.select_related(*ENFORCEMENT_RELATED).only(*ENFORCEMENT_COLUMNS)

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [represent_enforcement(row) for row in rows]

    @extend_schema(responses=serializers.EnforcementPageSerializer, operation_id="enforcements_list")
    def get(self, request: Request) -> Response:
        """Enforcements, newest first: each an event that met a rule whose criteria hold."""
        return self.page(request)


class EnforcementView(View):
    verbs = {"GET": Verb.RULE_VIEW}

    @extend_schema(responses=serializers.EnforcementSerializer, operation_id="enforcements_retrieve")
    def get(self, request: Request, enforcement_id: str) -> Response:
        """One enforcement: its execution, or the reason for none."""
        self.only_parameters(request, "fields")
        rows = Enforcement.objects.visible_to(self.identity(request)).select_related(*ENFORCEMENT_RELATED)
        found = rows.filter(pk=path_id(enforcement_id)).first()
        if found is None:
            raise NotFound
        return Response(sparse(request, represent_enforcement(found)))
