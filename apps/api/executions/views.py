"""Executions over REST."""

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.actions.definition import canonical
from apps.api.downloads import File
from apps.api.executions import serializers
from apps.api.executions.filters import FILTERS
from apps.api.executions.represent import represent, represent_attempts, represent_history
from apps.api.views import ListView, View, path_id, sparse
from apps.core.database import again_if_given_up, release_connection
from apps.core.errors import FieldError, Invalid
from apps.core.fixed_query import FixedQuery
from apps.core.single import single
from apps.core.types import JsonObject
from apps.executions import wakeups
from apps.executions.artifacts import UnknownArtifact, large_result_name, open_artifact
from apps.executions.idempotency import Idempotency
from apps.executions.models import Execution
from apps.executions.services.cancel import UnknownExecution, cancel_execution
from apps.executions.services.pin import pin_execution, unpin_execution
from apps.executions.services.request import Accepted, Wish, request_executions
from apps.executions.services.rerun import rerun_execution
from apps.executions.states import TERMINAL

if TYPE_CHECKING:
    from apps.executions.querysets import WithNames

_IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="the same key and body is the same request while it is remembered: a day, unless set otherwise",
)

#: Requests that wait for an end in one process at a time. Each has one of the handler's threads, of which all others
#: need some too.
MOST_WAITING = 300

_places = threading.BoundedSemaphore(MOST_WAITING)


#: Which rows it is about is looked for without what belongs to them: no plan, however wrong, joins more than a page.
_PAGE = FixedQuery(lambda rows: Execution.objects.with_names().filter(pk__in=rows).order_by("-pk"), rows="rows")


class _ExecutionList(ListView):
    shape = serializers.ExecutionSerializer
    filters = FILTERS

    def read(self, rows: Any) -> list[Any]:
        return _PAGE(rows=rows)

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return represent(rows)


class ExecutionsView(_ExecutionList):
    verbs = {"GET": Verb.EXECUTION_VIEW, "POST": Verb.EXECUTION_RUN}

    def queryset_for(self, request: Request) -> Any:
        return Execution.objects.visible_to(self.identity(request))

    @extend_schema(responses=serializers.ExecutionPageSerializer, operation_id="executions_list")
    def get(self, request: Request) -> Response:
        """Executions, newest first."""
        return self.page(request)

    @extend_schema(
        request=serializers.RequestSerializer,
        responses={201: serializers.ExecutionSerializer},
        parameters=[_IDEMPOTENCY],
        operation_id="executions_create",
    )
    def post(self, request: Request) -> Response:
        """Runs an action. Answers 201 once it is accepted; `wait_s` waits for its end, but no longer than that, and not
        where very many wait already."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.RequestSerializer)
        wait_s = values.pop("wait_s", 0)
        accepted = request_executions(self.identity(request), [Wish(**values)], idempotency=idempotency_of(request))
        if wait_s:
            wait_for_end(accepted.execution_ids[0], wait_s)
        return answer_accepted(self, request, accepted, is_batch=False)


class BatchView(View):
    verbs = {"POST": Verb.EXECUTION_RUN}

    @extend_schema(
        request=serializers.BatchSerializer,
        responses={201: serializers.ExecutionsSerializer},
        parameters=[_IDEMPOTENCY],
    )
    def post(self, request: Request) -> Response:
        """Runs up to 500 actions, all or none; they take their places in line in the order of the list."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.BatchSerializer)
        wishes = [Wish(**item) for item in values["executions"]]
        accepted = request_executions(
            self.identity(request), wishes, idempotency=idempotency_of(request), is_batch=True
        )
        return answer_accepted(self, request, accepted, is_batch=True)


class ExecutionView(View):
    verbs = {"GET": Verb.EXECUTION_VIEW}

    @extend_schema(responses=serializers.ExecutionSerializer, operation_id="executions_retrieve")
    def get(self, request: Request, execution_id: str) -> Response:
        """One execution, with the reason for which it waits."""
        self.only_parameters(request, "fields")
        execution = visible_execution(self, request, execution_id)
        return Response(sparse(request, represent([execution])[0]))


class ResultView(View):
    verbs = {"GET": Verb.EXECUTION_VIEW}

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, execution_id: str) -> HttpResponseBase:
        """The result alone: any JSON value, null until there is one; whole where the execution names an artifact."""
        self.only_parameters(request)
        execution = visible_execution(self, request, execution_id)
        name = large_result_name(execution)
        if name is not None:
            with suppress(UnknownArtifact):  # it was removed: then what stands in the row is all there is
                return File(open_artifact(execution, execution.attempt, name), content_type="application/json")
        return Response(execution.result)


class HistoryView(View):
    verbs = {"GET": Verb.EXECUTION_VIEW}

    @extend_schema(responses=serializers.HistorySerializer)
    def get(self, request: Request, execution_id: str) -> Response:
        """Every state it went through, oldest first."""
        self.only_parameters(request)
        execution = visible_execution(self, request, execution_id)
        rows = execution.history.select_related("worker").order_by("id")
        return Response({"results": represent_history(rows)})


class AttemptsView(View):
    verbs = {"GET": Verb.EXECUTION_VIEW}

    @extend_schema(responses=serializers.AttemptsSerializer)
    def get(self, request: Request, execution_id: str) -> Response:
        """How each attempt went."""
        self.only_parameters(request)
        execution = visible_execution(self, request, execution_id)
        rows = execution.history.select_related("worker").order_by("id")
        return Response({"results": represent_attempts(execution, rows)})


class ChildrenView(_ExecutionList):
    verbs = {"GET": Verb.EXECUTION_VIEW}

    def queryset_for(self, request: Request) -> Any:
        parent = visible_execution(self, request, self.kwargs["execution_id"])
        return Execution.objects.visible_to(self.identity(request)).filter(parent=parent)

    @extend_schema(responses=serializers.ExecutionPageSerializer)
    def get(self, request: Request, execution_id: str) -> Response:
        """Executions it asked for, newest first."""
        return self.page(request)


class CancelView(View):
    verbs = {"POST": Verb.EXECUTION_CANCEL}

    @extend_schema(request=None, responses={202: serializers.ExecutionSerializer})
    def post(self, request: Request, execution_id: str) -> Response:
        """Cancels it: at once where it waits, by TERM and then KILL where it runs. 409 when it has ended."""
        self.only_parameters(request)
        self.no_body(request)
        cancel_execution(self.identity(request), path_id(execution_id))
        return Response(represent([visible_execution(self, request, execution_id)])[0], status=202)


class PinView(View):
    verbs = {"POST": Verb.EXECUTION_PIN, "DELETE": Verb.EXECUTION_PIN}

    @extend_schema(
        request=serializers.PinRequestSerializer,
        responses={200: serializers.ExecutionSerializer},
        operation_id="executions_pin",
    )
    def post(self, request: Request, execution_id: str) -> Response:
        """Keeps it whatever its age, with its files, who asked for it and what it asked for. Again: another reason."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.PinRequestSerializer)
        pin_execution(self.identity(request), path_id(execution_id), reason=values["reason"])
        return Response(represent([visible_execution(self, request, execution_id)])[0])

    @extend_schema(responses={204: None}, operation_id="executions_unpin")
    def delete(self, request: Request, execution_id: str) -> Response:
        """Lets it go: what is past its time is removed soon. No error for one that is not pinned."""
        self.only_parameters(request)
        self.no_body(request)
        unpin_execution(self.identity(request), path_id(execution_id))
        return Response(status=204)


class RerunView(View):
    verbs = {"POST": Verb.EXECUTION_RUN}

    @extend_schema(request=serializers.RerunSerializer, responses={201: serializers.ExecutionSerializer})
    def post(self, request: Request, execution_id: str) -> Response:
        """Runs it again. `parameters` replace those of the old one, name by name; its secrets are taken over."""
        self.only_parameters(request)
        values = self.read_body(request, serializers.RerunSerializer)
        new = rerun_execution(self.identity(request), path_id(execution_id), parameters=values.get("parameters", {}))
        answer = again_if_given_up(
            lambda: represent([visible_execution(self, request, str(new.pk))])[0], is_idempotent=True
        )
        return Response(answer, status=201)


def visible_execution(view: View, request: Request, execution_id: str) -> "WithNames":
    """Raises `UnknownExecution` for one that does not exist or is not for this identity to see."""
    rows = Execution.objects.visible_to(view.identity(request)).with_names()
    execution = single(rows.filter(pk=path_id(execution_id)))
    if execution is None:
        raise UnknownExecution(f"There is no execution {execution_id}.")
    return execution


def idempotency_of(request: Request) -> Idempotency | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not key or len(key) > 255 or not key.isprintable():
        raise Invalid(errors=[FieldError("/headers/Idempotency-Key", "invalid", "1 to 255 printable characters")])
    # The parsed body written one way: white space and the order of keys do not make another request.
    return Idempotency(key, canonical(request.data))


def wait_for_end(execution_id: int, wait_s: float) -> None:
    """For so long at most; not at all where `MOST_WAITING` wait already."""

    def has_ended() -> bool:
        try:
            return Execution.objects.filter(pk=execution_id, status__in=TERMINAL).exists()
        finally:
            release_connection()

    if not _places.acquire(blocking=False):
        return
    try:
        wakeups.wait_until(has_ended, execution_id=execution_id, timeout_s=wait_s)
    finally:
        _places.release()


_ACCEPTED = FixedQuery(lambda pk: Execution.objects.with_names().filter(pk=pk).order_by(), pk="number")


def answer_accepted(view: View, request: Request, accepted: Accepted, *, is_batch: bool) -> Response:
    def look() -> list[JsonObject]:
        if len(accepted.execution_ids) == 1:
            return represent(_ACCEPTED(pk=accepted.execution_ids[0]))
        rows = Execution.objects.with_names().order_by().in_bulk(list(accepted.execution_ids))
        return represent([rows[execution_id] for execution_id in accepted.execution_ids if execution_id in rows])

    # It is accepted: whoever heard 503 now would ask for another one.
    found = again_if_given_up(look, is_idempotent=True)
    if not found:  # made by an earlier request under the same key, and removed since
        raise UnknownExecution("The execution of the earlier request under this key is gone.")
    status = 201 if accepted.is_new else 200
    return Response({"results": found} if is_batch else found[0], status=status)
