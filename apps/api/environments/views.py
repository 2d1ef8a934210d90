"""Environments of packs over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb, require
from apps.actions.models import Action
from apps.api import filtering
from apps.api.filtering import Filter
from apps.api.views import ListView, View
from apps.core.errors import NotFound
from apps.core.types import JsonObject
from apps.packs.services.manage import get_pack
from apps.runtimes.models import Environment
from apps.workers.builds import request_builds, request_rollbacks


class NoSuchEnvironment(NotFound):
    """The pack has no actions in this runtime."""

    code = "unknown_environment"


class EnvironmentSerializer(serializers.Serializer[Any]):
    pack = serializers.CharField()
    runtime = serializers.CharField()
    volume = serializers.CharField()
    status = serializers.CharField()
    generation = serializers.IntegerField()
    dependencies = serializers.ListField(child=serializers.CharField())
    packages = serializers.DictField(child=serializers.CharField())
    version = serializers.CharField()
    interpreter = serializers.CharField()
    dependency_hash = serializers.CharField()
    size_bytes = serializers.IntegerField()
    error = serializers.CharField(allow_null=True)
    log = serializers.CharField(required=False)
    built_by = serializers.CharField(allow_null=True)
    installed_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()


class EnvironmentPageSerializer(serializers.Serializer[Any]):
    results = EnvironmentSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class AskedSerializer(serializers.Serializer[Any]):
    volumes = serializers.IntegerField(help_text="volumes whose workers were asked; with 0, no worker is there")


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
        return [_represent(row) for row in rows]

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
        return [{**_represent(row), "log": row.log} for row in rows]

    @extend_schema(responses=EnvironmentPageSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """A pack's own environments, with the logs of their last builds. A pack without dependencies has none."""
        return self.page(request)


class RebuildView(View):
    verbs = {"POST": Verb.ENVIRONMENT_MANAGE}

    @extend_schema(request=None, responses={202: AskedSerializer})
    def post(self, request: Request, ref: str, runtime: str) -> Response:
        """Builds the environment anew beside the one that serves, and switches to it when it is complete."""
        self.only_parameters(request)
        self.no_body(request)
        _check(self, request, ref, runtime)
        return Response({"volumes": request_builds(ref, runtime, rebuild=True)}, status=202)


class RollbackView(View):
    verbs = {"POST": Verb.ENVIRONMENT_MANAGE}

    @extend_schema(request=None, responses={202: AskedSerializer})
    def post(self, request: Request, ref: str, runtime: str) -> Response:
        """Lets the generation before the one that serves serve again."""
        self.only_parameters(request)
        self.no_body(request)
        _check(self, request, ref, runtime)
        return Response({"volumes": request_rollbacks(ref, runtime)}, status=202)


def _check(view: View, request: Request, ref: str, runtime: str) -> None:
    pack = get_pack(view.identity(request), ref)
    require(view.identity(request), Verb.ENVIRONMENT_MANAGE, on=pack)
    if not Action.objects.filter(pack=pack, runtime=runtime).exists():
        raise NoSuchEnvironment(f"The pack {ref} has no actions in {runtime}.")


def _represent(row: Environment) -> JsonObject:
    return {
        "pack": row.pack_ref,
        "runtime": row.runtime,
        "volume": row.volume_id,
        "status": row.status,
        "generation": row.generation,
        "dependencies": row.dependencies,
        "packages": row.packages,
        "version": row.version,
        "interpreter": row.interpreter,
        "dependency_hash": row.dependency_hash,
        "size_bytes": row.size_bytes,
        "error": row.error or None,
        "built_by": row.built_by or None,
        "installed_at": row.installed_at,
        "updated_at": row.updated_at,
    }
