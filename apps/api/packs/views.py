"""Packs over REST."""

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
from apps.api.packs.represent import represent, represent_indexed
from apps.api.packs.uploads import ArchiveParser, FormParser, archive_of
from apps.api.pagination import Order
from apps.api.views import ListView, View, is_true
from apps.core.types import JsonObject
from apps.operations.models import Operation
from apps.packs.models import Pack
from apps.packs.operations import request_installation, request_installation_of_upload
from apps.packs.sources.index import search
from apps.packs.sources.provide import current_index
from apps.packs.services.manage import get_pack, set_pack_enabled


class PacksView(ListView):
    verbs = {"GET": Verb.PACK_VIEW}
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
    verbs = {"GET": Verb.PACK_VIEW, "PATCH": Verb.PACK_MANAGE}
    is_versioned = True

    @extend_schema(responses=serializers.PackSerializer, operation_id="packs_retrieve")
    def get(self, request: Request, ref: str) -> Response:
        """One pack."""
        self.only_parameters(request, "fields")
        return versioned(request, self._one(request, ref))

    @extend_schema(request=serializers.PackChangeSerializer, responses=serializers.PackSerializer)
    def patch(self, request: Request, ref: str) -> Response:
        """Switches a pack on or off. A disabled pack takes no new executions; accepted ones still run."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.PackChangeSerializer)
        with unchanged(request, Pack.objects.filter(ref=ref), lambda: self._one(request, ref)):
            set_pack_enabled(self.identity(request), ref=ref, enabled=values["enabled"])
        return versioned(request, self._one(request, ref))

    def _one(self, request: Request, ref: str) -> JsonObject:
        return represent([get_pack(self.identity(request), ref)])[0]
