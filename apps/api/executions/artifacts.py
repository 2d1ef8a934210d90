"""Artifacts over REST: the files that attempts left."""

from urllib.parse import quote

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api.downloads import File
from apps.api.executions.serializers import ArtifactPageSerializer, ArtifactSerializer
from apps.api.executions.views import visible_execution
from apps.api.pagination import slice_of
from apps.api.views import View, sparse_all
from apps.core.types import JsonObject
from apps.executions.artifacts import Artifact, artifacts_of, open_artifact
from apps.executions.retention.told import require_artifacts


class ArtifactsView(View):
    verbs = {"GET": Verb.EXECUTION_VIEW}
    query_parameters = [
        OpenApiParameter("limit", OpenApiTypes.INT, description="files a page, 1 to 500"),
        OpenApiParameter("cursor", OpenApiTypes.STR, description="`next` of the page before"),
        OpenApiParameter("fields", OpenApiTypes.STR, description="only these fields, separated by commas"),
    ]

    @extend_schema(responses=ArtifactPageSerializer)
    def get(self, request: Request, execution_id: str) -> Response:
        """The files its attempts left in their artifacts folders, by attempt and name. 410 when their days are over."""
        self.only_parameters(request, "limit", "cursor", "fields")
        execution = visible_execution(self, request, execution_id)
        require_artifacts(execution)
        page, following = slice_of(request, artifacts_of(execution))
        found = [_artifact_json(execution.pk, item) for item in page]
        return Response({"results": sparse_all(request, found, shape=ArtifactSerializer), "next": following})


class ArtifactView(View):
    verbs = {"GET": Verb.EXECUTION_VIEW}

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, execution_id: str, attempt: str, name: str) -> HttpResponseBase:
        """One artifact, as a download."""
        self.only_parameters(request)
        execution = visible_execution(self, request, execution_id)
        require_artifacts(execution)
        file = open_artifact(execution, int(attempt), name)
        return File(file, content_type="application/octet-stream", saved_as=_printable(name.rpartition("/")[2]))


def _printable(name: str) -> str:
    """No line of a header ends in the middle of a file's name."""
    return "".join(character if character.isprintable() else "_" for character in name)


def _artifact_json(execution_id: int, artifact: Artifact) -> JsonObject:
    link = f"/api/v1/executions/{execution_id}/artifacts/{artifact.attempt}/{quote(artifact.name)}"
    return {
        "name": artifact.name,
        "attempt": artifact.attempt,
        "size_bytes": artifact.size_bytes,
        "modified_at": artifact.modified_at,
        "link": link,
    }
