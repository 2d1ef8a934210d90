"""Operations over REST."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api import filtering
from apps.api.filtering import Filter
from apps.api.open_streams import follow_for
from apps.api.operations.follow import follow, parse_offset
from apps.api.operations.represent import represent_operation
from apps.api.operations.serializers import OperationPageSerializer, OperationSerializer
from apps.api.proof import prover
from apps.api.sse import streamed
from apps.api.views import ListView, View, is_true, path_id, sparse
from apps.core.errors import NotFound
from apps.core.types import JsonObject
from apps.operations.models import Operation

_FOLLOW = [
    OpenApiParameter("follow", OpenApiTypes.BOOL, description="Server-Sent Events until the operation has ended")
]


class UnknownOperation(NotFound):
    """There is no such operation, or it is not yours to see."""

    code = "unknown_operation"


class OperationsView(ListView):
    verbs = {"GET": Verb.OPERATION_VIEW}
    shape = OperationSerializer
    filters = (
        Filter("kind", "`pack.install` and the like", lambda rows, value: rows.filter(kind=value)),
        Filter(
            "status",
            "pending, running, succeeded, failed",
            lambda rows, value: rows.filter(status__in=value),
            filtering.one_of(*Operation.Status.values),
        ),
    )

    def queryset_for(self, request: Request) -> Any:
        return Operation.objects.visible_to(self.identity(request)).select_related("requested_by").defer("log")

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return [represent_operation(row) for row in rows]

    @extend_schema(responses=OperationPageSerializer, operation_id="operations_list")
    def get(self, request: Request) -> Response:
        """Operations, newest first."""
        return self.page(request)


class OperationView(View):
    verbs = {"GET": Verb.OPERATION_VIEW}

    @extend_schema(responses=OperationSerializer, operation_id="operations_retrieve")
    def get(self, request: Request, operation_id: str) -> Response:
        """One operation: how far it is, and how it ended."""
        self.only_parameters(request, "fields")
        return Response(sparse(request, represent_operation(_visible(self, request, operation_id))))


class OperationLogView(View):
    verbs = {"GET": Verb.OPERATION_VIEW}

    @extend_schema(parameters=_FOLLOW, responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request: Request, operation_id: str) -> HttpResponseBase:
        """What the operation said. Followed, as events `log` (`{offset, text}`) and one `end` (`{status}`); at most
        twenty followed logs for an identity.
        """
        self.only_parameters(request, "follow")
        operation = _visible(self, request, operation_id)
        if is_true(request, "follow"):
            events = follow(operation.pk, parse_offset(request.headers.get("Last-Event-ID", "")))
            allowed = _is_allowed(request, operation.pk)
            return streamed(request, follow_for(self.identity(request), events, is_allowed=allowed))
        return HttpResponse(operation.log, content_type="text/plain; charset=utf-8")


def _is_allowed(request: Request, operation_id: int) -> Callable[[], bool]:
    prove = prover(request, [Verb.OPERATION_VIEW])

    def is_allowed() -> bool:
        identity = prove()
        return identity is not None and Operation.objects.visible_to(identity).filter(pk=operation_id).exists()

    return is_allowed


def _visible(view: View, request: Request, operation_id: str) -> Operation:
    rows = Operation.objects.visible_to(view.identity(request)).select_related("requested_by")
    operation = rows.filter(pk=path_id(operation_id)).first()
    if operation is None:
        raise UnknownOperation(f"There is no operation {operation_id}.")
    return operation
