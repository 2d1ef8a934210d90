"""The stream of changes over REST."""

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from apps.accounts.models import Identity
from apps.accounts.permissions import Verb, may, require
from apps.api.executions.views import visible_execution
from apps.api.proof import prover
from apps.api.sse import streamed
from apps.api.stream.events import changes, parse_position
from apps.api.stream.subscription import subscribe
from apps.api.views import View
from apps.core.errors import FieldError, Invalid

#: What there is to hear of, and what it takes.
_VERBS = {
    "execution": Verb.EXECUTION_VIEW,
    "operation": Verb.OPERATION_VIEW,
    "worker": Verb.WORKER_VIEW,
    "event": Verb.EVENT_VIEW,
}
_PARAMETERS = [
    OpenApiParameter("kinds", OpenApiTypes.STR, description=f"of {', '.join(_VERBS)}, separated by commas; all"),
    OpenApiParameter("execution", OpenApiTypes.INT, description="of executions only this one"),
    OpenApiParameter(
        "Last-Event-ID", OpenApiTypes.STR, OpenApiParameter.HEADER, description="the last event that arrived"
    ),
]


class StreamView(View):
    verbs = {"GET": Verb.SELF_VIEW}
    query_parameters = _PARAMETERS

    @extend_schema(responses={(200, "text/event-stream"): OpenApiTypes.STR}, operation_id="stream")
    def get(self, request: Request) -> HttpResponseBase:
        """What changes, as Server-Sent Events: `execution` (`{id, attempt, status, action, at}`, every move),
        `operation` (`{id, kind, status, progress, at}`), `worker` (`{name, status, at}`) and `event` (`{id, type,
        source, processed, at}`).

        With the id of an event as `Last-Event-ID` it goes on there: no move of an execution is left out as long as its
        history is kept, some may come twice; of the others it tells how they are now. A reader that is too slow gets
        the event `cut` and the end. At most ten streams for an identity.
        """
        self.only_parameters(request, "kinds", "execution")
        identity, kinds = self.identity(request), _kinds_of(request)
        for kind in kinds:
            require(identity, _VERBS[kind])
        execution_id = self._execution_id(request, kinds)
        start = parse_position(request.headers.get("Last-Event-ID"))
        reader = subscribe(identity, kinds=kinds, execution_id=execution_id)
        return streamed(request, changes(reader, start, prove=prover(request, [_VERBS[kind] for kind in kinds])))

    def _execution_id(self, request: Request, kinds: list[str]) -> int | None:
        text = request.query_params.get("execution")
        if text is None:
            return None
        if "execution" not in kinds:
            raise _invalid("execution", "only with the kind execution")
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise _invalid("execution", "a whole number is expected")
        return visible_execution(self, request, text).pk


def _kinds_of(request: Request) -> list[str]:
    text = request.query_params.get("kinds")
    if text is None:
        identity = request.user
        assert isinstance(identity, Identity)
        # Events came later: who may not see them hears of everything else as before.
        return [kind for kind in _VERBS if kind != "event" or may(identity, Verb.EVENT_VIEW)]
    kinds = [word.strip() for word in text.split(",")]
    for word in kinds:
        if word not in _VERBS:
            raise _invalid("kinds", f"{word!r} is not one of {', '.join(_VERBS)}")
    return kinds


def _invalid(name: str, detail: str) -> Invalid:
    return Invalid("The query is not valid.", errors=[FieldError(f"/{name}", "invalid", detail)])
