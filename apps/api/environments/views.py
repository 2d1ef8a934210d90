"""Environments of packs over REST: what there is."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api import filtering
from apps.api.environments.deeds import check
from apps.api.environments.represent import represent
from apps.api.environments.serializers import (
    AskedSerializer,
    EnvironmentPageSerializer,
    EnvironmentSerializer,
    UsageSerializer,
)
from apps.api.filtering import Filter
from apps.api.views import ListView, View
from apps.core.types import JsonObject
from apps.packs.services.manage import get_pack
from apps.runtimes.models import Environment
from apps.runtimes.services.disk_usage import usage_by_volume
from apps.workers.upkeep import request_removals


class EnvironmentsView(ListView):
    verbs = {"GET": Verb.ENVIRONMENT_VIEW}
    shape = EnvironmentSerializer
    filters = (
        Filter("pack", "ref of a pack", lambda rows, value: rows.filter(pack_ref=value)),
        Filter("runtime", "name of a runtime", lambda rows, value: rows.filter(runtime=value)),
        Filter(
            "status",
            "pending, building, ready, failed, outdated",
            lambda rows, value: rows.filter(status__in=value),
            filtering.one_of(*Environment.Status.values),
        ),
    )

    def queryset_for(self, request: Request) -> Any:
        return Environment.objects.visible_to(self.identity(request)).defer("log")

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [represent(row) for row in rows]

    @extend_schema(responses=EnvironmentPageSerializer, operation_id="environments_list")
    def get(self, request: Request) -> Response:
        """Environments on all volumes, newest first."""
        return self.page(request)


class PackEnvironmentsView(ListView):
    verbs = {"GET": Verb.ENVIRONMENT_VIEW}
    shape = EnvironmentSerializer

    def queryset_for(self, request: Request) -> Any:
        pack = get_pack(self.identity(request), self.kwargs["ref"])
        return Environment.objects.visible_to(self.identity(request)).filter(pack_ref=pack.ref)

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [{**represent(row), "log": row.log} for row in rows]

    @extend_schema(responses=EnvironmentPageSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """A pack's own environments, with the logs of their last builds. A pack without dependencies has none."""
        return self.page(request)


class PackEnvironmentView(PackEnvironmentsView):
    verbs = {"GET": Verb.ENVIRONMENT_VIEW, "DELETE": Verb.ENVIRONMENT_MANAGE}

    def queryset_for(self, request: Request) -> Any:
        pack = get_pack(self.identity(request), self.kwargs["ref"])
        rows = Environment.objects.visible_to(self.identity(request))
        return rows.filter(pack_ref=pack.ref, runtime=self.kwargs["runtime"])

    @extend_schema(responses=EnvironmentPageSerializer)
    def get(self, request: Request, ref: str, runtime: str) -> Response:  # type: ignore[override]  # one more part of the address
        """A pack's environment for one runtime, on each volume: what serves, its executable, the last build's log."""
        return self.page(request)

    @extend_schema(request=None, responses={202: AskedSerializer})
    def delete(self, request: Request, ref: str, runtime: str) -> Response:
        """Removes the environment; a generation in which something runs goes when that has ended. The next run
        builds it again."""
        self.only_parameters(request)
        self.no_body(request)
        check(self, request, ref, runtime)
        return Response({"volumes": request_removals(ref, runtime)}, status=202)


class UsageView(View):
    verbs = {"GET": Verb.ENVIRONMENT_VIEW}

    @extend_schema(responses=UsageSerializer)
    def get(self, request: Request) -> Response:
        """How much disk the environments take that you may see, by volume."""
        self.only_parameters(request)
        volumes = usage_by_volume(Environment.objects.visible_to(self.identity(request)))
        total = sum(item.disk_bytes for item in volumes)
        return Response({"disk_bytes": total, "volumes": [asdict(item) for item in volumes]})
