"""Packs over REST."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework.fields import FileField
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api.etags import unchanged, versioned
from apps.api.operations.represent import represent_operation
from apps.api.operations.serializers import OperationSerializer
from apps.api.packs import serializers
from apps.api.packs.represent import represent, represent_indexed, represent_version
from apps.api.packs.uploads import ArchiveParser, FormParser, archive_of
from apps.api.pagination import Order
from apps.api.views import ListView, View, is_true
from apps.core.types import JsonObject
from apps.operations.models import Operation
from apps.packs.locking import locked_pack
from apps.packs.models import Pack, PackVersion
from apps.packs.operations import (
    request_installation,
    request_installation_of_upload,
    request_rollback,
    request_upgrade,
)
from apps.packs.services.ad_hoc import change_pack, make_pack
from apps.packs.services.manage import get_pack, set_pack_enabled
from apps.packs.services.remove import remove_pack
from apps.packs.sources.index import search
from apps.packs.sources.provide import current_index


class PacksView(ListView):
    verbs = {"GET": Verb.PACK_VIEW, "POST": Verb.PACK_INSTALL}
    shape = serializers.PackSerializer
    order = Order("ref", descending=False)

    def queryset_for(self, request: Request) -> Any:
        return Pack.objects.visible_to(self.identity(request)).select_related("current")

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return represent(rows)

    @extend_schema(responses=serializers.PackPageSerializer, operation_id="packs_list")
    def get(self, request: Request) -> Response:
        """Installed packs, by ref."""
        return self.page(request)

    @extend_schema(request=serializers.PackCreateSerializer, responses={201: serializers.PackSerializer})
    def post(self, request: Request) -> Response:
        """Makes an ad-hoc pack, with nothing in it yet; `POST /actions` adds to it."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.PackCreateSerializer)
        return Response(represent([make_pack(self.identity(request), values)])[0], status=201)


class InstallView(View):
    verbs = {"POST": Verb.PACK_INSTALL}

    @extend_schema(request=serializers.InstallSerializer, responses={202: OperationSerializer})
    def post(self, request: Request) -> Response:
        """Installs a pack. Follow the operation to see how it ends.

        `source` is an absolute path on the server, the https address of an archive, the address of a git repository,
        or a name in the index.
        """
        self.only_parameters(request)
        values = self.read_body(request, serializers.InstallSerializer)
        return _accepted(request_installation(self.identity(request), **values))


class UploadView(View):
    verbs = {"POST": Verb.PACK_INSTALL}
    parser_classes = (FormParser, ArchiveParser)
    query_parameters = (
        OpenApiParameter("force", OpenApiTypes.BOOL, description="replace a version whose content differs"),
        OpenApiParameter("dry_run", OpenApiTypes.BOOL, description="check everything, change nothing"),
    )

    @extend_schema(
        request={
            "application/octet-stream": OpenApiTypes.BINARY,
            "multipart/form-data": inline_serializer("PackUpload", {"file": FileField()}),
        },
        responses={202: OperationSerializer},
    )
    def post(self, request: Request) -> Response:
        """Installs a pack from the tar.gz or zip archive in the body: the body itself, or the file `file` of a form."""
        self.only_parameters(request, "force", "dry_run")
        force, dry_run = is_true(request, "force"), is_true(request, "dry_run")
        with archive_of(request) as archive:
            operation = request_installation_of_upload(
                self.identity(request),
                archive,
                max_bytes=settings.ATTUNE_MAX_UPLOAD_BYTES,
                force=force,
                dry_run=dry_run,
            )
        return _accepted(operation)


class IndexView(View):
    verbs = {"GET": Verb.PACK_VIEW}
    query_parameters = (OpenApiParameter("q", OpenApiTypes.STR, description="words in name, description or keywords"),)

    @extend_schema(responses=serializers.IndexSerializer)
    def get(self, request: Request) -> Response:
        """Packs in the index: of each the newest version. It is read anew each time."""
        self.only_parameters(request, "q")
        found = search(current_index(), request.query_params.get("q", ""))
        return Response({"results": [represent_indexed(pack) for pack in found], "next": None})


def _accepted(operation: Operation) -> Response:
    operation.refresh_from_db()
    return Response(represent_operation(operation), status=202)


class PackView(View):
    verbs = {
        "GET": Verb.PACK_VIEW, "PUT": Verb.PACK_INSTALL, "PATCH": Verb.PACK_MANAGE, "DELETE": Verb.PACK_INSTALL,
    }  # fmt: skip
    is_versioned = True
    query_parameters = (OpenApiParameter("force", OpenApiTypes.BOOL, description="also while it is in use"),)

    @extend_schema(responses=serializers.PackSerializer, operation_id="packs_retrieve")
    def get(self, request: Request, ref: str) -> Response:
        """One pack."""
        self.only_parameters(request, "fields")
        return versioned(request, self._one(request, ref))

    @extend_schema(request=serializers.PackReplaceSerializer, responses=serializers.PackSerializer)
    def put(self, request: Request, ref: str) -> Response:
        """Replaces what an ad-hoc pack says of itself; its actions stay. 409 `in_use` where other packs need what
        serves, unless `force` is set.
        """
        self.only_parameters(request, "force")
        values, force = self.read_body(request, serializers.PackReplaceSerializer), is_true(request, "force")
        with self._as_expected(request, ref):
            change_pack(self.identity(request), ref=ref, change=lambda _: {"ref": ref, **values}, force=force)
        return versioned(request, self._one(request, ref))

    @extend_schema(request=serializers.PackChangeSerializer, responses=serializers.PackSerializer)
    def patch(self, request: Request, ref: str) -> Response:
        """Switches a pack on or off, or changes what an ad-hoc pack says of itself, which needs `pack.install`. A
        disabled pack takes no new executions, and its rules and sensors do nothing; accepted executions still run.
        409 `in_use` where other packs need what serves, unless `force` is set.
        """
        self.only_parameters(request, "force")
        values, force = self.read_body(request, serializers.PackChangeSerializer), is_true(request, "force")
        enabled, identity = values.pop("enabled", None), self.identity(request)
        with self._as_expected(request, ref):
            if values:
                change_pack(identity, ref=ref, change=lambda body: {**body, **values}, force=force)
            if enabled is not None:
                set_pack_enabled(identity, ref=ref, enabled=enabled)
        return versioned(request, self._one(request, ref))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, ref: str) -> Response:
        """Removes a pack: 409 `in_use` with the list of what uses it, unless `force` is set. Executions that were
        accepted keep its version to their ends.
        """
        self.only_parameters(request, "force")
        self.no_body(request)
        remove_pack(self.identity(request), ref=ref, force=is_true(request, "force"))
        return Response(status=204)

    @contextmanager
    def _as_expected(self, request: Request, ref: str) -> Iterator[None]:
        rows = Pack.objects.filter(ref=ref)
        with locked_pack(ref), unchanged(request, rows, lambda: self._one(request, ref)):
            yield

    def _one(self, request: Request, ref: str) -> JsonObject:
        return represent([get_pack(self.identity(request), ref)])[0]


class VersionsView(ListView):
    verbs = {"GET": Verb.PACK_VIEW}
    shape = serializers.PackVersionSerializer

    def queryset_for(self, request: Request) -> Any:
        identity = self.identity(request)
        pack = get_pack(identity, self.kwargs["ref"])
        rows = PackVersion.objects.filter(pack__in=Pack.objects.visible_to(identity).filter(pk=pack.pk))
        return rows.select_related("pack", "installed_by").defer("manifest", "config_schema")

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [represent_version(row, serves=row.pk == row.pack.current_id) for row in rows]

    @extend_schema(responses=serializers.PackVersionPageSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """The versions of a pack that are kept, newest first: those it can be rolled back to."""
        return self.page(request)


class UpgradeView(View):
    verbs = {"POST": Verb.PACK_INSTALL}

    @extend_schema(request=serializers.UpgradeSerializer, responses={202: OperationSerializer})
    def post(self, request: Request, ref: str) -> Response:
        """Installs what there is now where the pack came from. Follow the operation to see how it ends."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.UpgradeSerializer)
        return _accepted(request_upgrade(self.identity(request), pack_ref=ref, **values))


class RollbackView(View):
    verbs = {"POST": Verb.PACK_INSTALL}

    @extend_schema(request=serializers.RollbackSerializer, responses={202: OperationSerializer})
    def post(self, request: Request, ref: str) -> Response:
        """Lets an earlier version serve again, its files and environments together. Follow the operation. 409 `in_use`
        where other packs need a newer version, unless `force` is set.
        """
        self.only_parameters(request)
        values = self.read_body(request, serializers.RollbackSerializer)
        return _accepted(request_rollback(self.identity(request), pack_ref=ref, **values))
