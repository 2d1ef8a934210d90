"""What others post to webhooks. They are no identities: each webhook says itself how they prove themselves."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.executions.serializers import MAX_WAIT_S
from apps.api.views import View, is_true
from apps.api.webhooks.serializers import ReceivedSerializer
from apps.api.webhooks.waiting import Waited, wait_for_first
from apps.core import client_address
from apps.core.errors import FieldError, Invalid
from apps.core.types import JsonObject
from apps.triggers.webhooks.proof import TOKEN_HEADER, Call
from apps.triggers.webhooks.receive import receive

_DEFAULT_WAIT_S = 30.0


def _header(name: str, text: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER, description=text)


_PARAMETERS = [
    OpenApiParameter("token", OpenApiTypes.STR, description="of a webhook with tokens, for who can send no headers"),
    OpenApiParameter("wait", OpenApiTypes.BOOL, description="true: answer with the result of the first execution"),
    OpenApiParameter("wait_s", OpenApiTypes.FLOAT, description=f"for so long at most: 30 s, up to {MAX_WAIT_S} s"),
    _header(TOKEN_HEADER, "of a webhook with tokens; or an API token with `event.send` as `Authorization`"),
    _header("X-Attune-Timestamp", "of a webhook with hmac: seconds since 1970, decimals are allowed"),
    _header("X-Attune-Signature", 'of a webhook with hmac: `v1=` HMAC-SHA256(secret, timestamp "." body), hexadecimal'),
    _header("X-Hub-Signature-256", "of a webhook with github"),
    _header("X-Attune-Delivery", "how you call this delivery: again, it is the same event"),
]


class ReceivingView(View):
    """`POST` is for everybody who proves what the webhook asks for."""

    open_methods = frozenset({"POST"})

    @extend_schema(
        request={
            "application/json": OpenApiTypes.ANY,
            "application/x-www-form-urlencoded": OpenApiTypes.OBJECT,
            "text/plain": OpenApiTypes.STR,
        },
        responses={200: ReceivedSerializer, 202: ReceivedSerializer},
        parameters=_PARAMETERS,
        operation_id="webhooks_receive",
    )
    def post(self, request: Request, url: str) -> Response:
        """Tells a webhook that something happened: 202 with the event, 200 where this delivery was here before.

        With `wait` 200 with the first execution when it ended in time, or null when no rule started one; 202 when it
        takes longer. Whoever proves nothing gets 401, whether there is such a webhook or not.
        """
        wait_s = _wait_s(request)
        received = receive(_call(request, url), is_waiting=wait_s is not None)
        answer: JsonObject = {"event": received.event_id, "repeated": not received.is_new, "execution": None}
        if wait_s is None:
            return Response(answer, status=202 if received.is_new else 200)
        waited = wait_for_first(received.event_id, wait_s)
        return Response({**answer, "execution": waited.execution}, status=_status(waited))


def _call(request: Request, url: str) -> Call:
    return Call(
        url=url,
        headers=request.headers,
        body=request._request.body,
        query=request._request.META.get("QUERY_STRING", "").encode("latin-1", "replace"),
        token=request.query_params.get("token", ""),
        address=client_address.current.get(),
    )


def _wait_s(request: Request) -> float | None:
    """For how long at most; None: not at all. Raises `Invalid`."""
    text = request.query_params.get("wait_s", str(_DEFAULT_WAIT_S))
    try:
        wait_s = float(text) if text.isascii() and len(text) < 20 else -1.0
    except ValueError:
        wait_s = -1.0
    if not 0 <= wait_s <= MAX_WAIT_S:
        detail = f"seconds from 0 to {MAX_WAIT_S} are expected"
        raise Invalid("The query is not valid.", errors=[FieldError("/wait_s", "wrong_type", detail)])
    return wait_s if is_true(request, "wait") else None


def _status(waited: Waited) -> int:
    return 200 if waited.is_over else 202
