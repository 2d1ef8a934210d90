"""Logs over REST: plain text, in pieces, from the end, or as they grow."""

from collections.abc import Callable
from itertools import chain

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from apps.accounts.models import Identity
from apps.accounts.permissions import Verb
from apps.api.downloads import TextDownload
from apps.api.executions.follow import follow, parse_position
from apps.api.executions.log_text import text_of, timed_lines
from apps.api.executions.views import visible_execution
from apps.api.open_streams import follow_for
from apps.api.proof import prover
from apps.api.sse import streamed
from apps.api.views import View, is_true
from apps.core.errors import FieldError, Invalid, NotFound
from apps.executions.attempts import log_failed
from apps.executions.files import attempt_folder, log_reader
from apps.executions.models import Execution
from apps.executions.retention.told import require_logs
from apps.runner.logfollow import LogFollower
from apps.runner.loglayout import Stream
from apps.runner.logread import LogReader

#: Most that one answer to `offset` or `tail` holds.
_PIECE_BYTES = 8 * 1024 * 1024
_PARAMETERS = [
    OpenApiParameter("attempt", OpenApiTypes.INT, description="the newest one when it is not given"),
    OpenApiParameter("follow", OpenApiTypes.BOOL, description="Server-Sent Events until the attempt is over"),
    OpenApiParameter("times", OpenApiTypes.BOOL, description="each line begins with its time and its stream"),
    OpenApiParameter("download", OpenApiTypes.BOOL, description="as a file to be saved"),
    OpenApiParameter(
        "Last-Event-ID", OpenApiTypes.STR, OpenApiParameter.HEADER, description="the last event that arrived"
    ),
]
#: Where a disk was full: the log goes on as far as it could be written.
_NOT_WRITTEN = b"[attune: from here on the log could not be written]\n"
#: What a whole log can be given as.
_SHAPES = ("follow", "times", "download")
_TEXT_OR_EVENTS = {(200, "text/plain"): OpenApiTypes.STR, (200, "text/event-stream"): OpenApiTypes.STR}
_STREAM_PARAMETERS = [
    *_PARAMETERS,
    OpenApiParameter("offset", OpenApiTypes.INT, description="from this byte of the whole stream on"),
    OpenApiParameter("tail", OpenApiTypes.INT, description="the newest bytes"),
]


class UnknownStream(NotFound):
    """There are two streams: stdout and stderr."""

    code = "unknown_stream"


class LogsView(View):
    verbs = {"GET": Verb.EXECUTION_VIEW}

    @extend_schema(parameters=_PARAMETERS, responses=_TEXT_OR_EVENTS)
    def get(self, request: Request, execution_id: str) -> HttpResponseBase:
        """Both streams in the order in which they came. What is missing is marked where it is missing.

        Followed, it comes as events `log` (`{stream, at, offset, gap, text}`) in the same order, those of before as
        well as those to come, and one `end` (`{status}`); `Last-Event-ID` goes on exactly there. At most twenty
        followed logs for an identity. 410 when the days of logs are over.
        """
        self.only_parameters(request, "attempt", *_SHAPES)
        execution = visible_execution(self, request, execution_id)
        require_logs(execution)
        return _whole(self.identity(request), request, execution, tuple(Stream))


class StreamLogView(View):
    verbs = {"GET": Verb.EXECUTION_VIEW}

    @extend_schema(parameters=_STREAM_PARAMETERS, responses=_TEXT_OR_EVENTS)
    def get(self, request: Request, execution_id: str, stream: str) -> HttpResponseBase:
        """One stream. With `offset` or `tail` a piece: `Attune-Log-Offset` is its first byte, `Attune-Log-Gap` how many
        bytes are missing before it, `Attune-Log-Next` where to go on, `Attune-Log-Complete` whether nothing more
        comes.
        """
        self.only_parameters(request, "attempt", "offset", "tail", *_SHAPES)
        execution = visible_execution(self, request, execution_id)
        if stream not in tuple(Stream):
            raise UnknownStream
        require_logs(execution)
        offset, tail = number_of(request, "offset"), number_of(request, "tail")
        if (offset is None and tail is None) or is_true(request, "follow"):
            return _whole(self.identity(request), request, execution, (Stream(stream),))
        for name in _SHAPES:
            if is_true(request, name):
                raise invalid(name, "not together with offset or tail")
        reader = log_reader(execution.pk, _attempt_of(request, execution))
        return _piece(reader, Stream(stream), offset=offset, tail=tail)


def _attempt_of(request: Request, execution: Execution) -> int:
    attempt = number_of(request, "attempt")
    if attempt is None:
        return execution.attempt
    if not 1 <= attempt <= execution.attempt:
        raise invalid("attempt", f"this execution has the attempts 1 to {execution.attempt}")
    return attempt


def number_of(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise invalid(name, "a whole number is expected")
    return int(text)


def invalid(name: str, detail: str) -> Invalid:
    return Invalid("The query is not valid.", errors=[FieldError(f"/{name}", "invalid", detail)])


def _whole(identity: Identity, request: Request, execution: Execution, streams: tuple[Stream, ...]) -> HttpResponseBase:
    attempt = _attempt_of(request, execution)
    follows, has_times, is_download = (is_true(request, name) for name in _SHAPES)
    if follows:
        for name in ("times", "download", "tail"):
            if name in request.query_params:
                raise invalid(name, "not together with follow")
        return _following(identity, request, execution, attempt, streams)
    pieces = LogFollower(attempt_folder(execution.pk, attempt), dict.fromkeys(streams, 0)).read(is_over=True)
    lines = timed_lines(pieces) if has_times else text_of(pieces)
    if log_failed(execution, attempt):
        lines = chain(lines, (_NOT_WRITTEN,))
    if is_download:
        which = f"-{streams[0]}" if len(streams) == 1 else ""
        return TextDownload(lines, name=f"execution-{execution.pk}-attempt-{attempt}{which}.log")
    # A whole log is at most ATTUNE_LOG_TOTAL_BYTES: small enough to be sent in one piece.
    return text_answer(b"".join(lines))


def text_answer(data: bytes) -> HttpResponse:
    response = HttpResponse(data.decode("utf-8", "replace"), content_type="text/plain; charset=utf-8")
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _piece(reader: LogReader, stream: Stream, *, offset: int | None, tail: int | None) -> HttpResponse:
    if tail is not None and not 1 <= tail <= _PIECE_BYTES:
        raise invalid("tail", f"1 to {_PIECE_BYTES} bytes")
    if tail is not None and offset is not None:
        raise invalid("tail", "give offset or tail, not both")
    piece = (
        reader.tail(stream, tail) if tail is not None else reader.read(stream, offset=offset or 0, limit=_PIECE_BYTES)
    )
    response = text_answer(piece.data)
    response["Attune-Log-Offset"] = str(piece.offset)
    response["Attune-Log-Gap"] = str(piece.gap)
    response["Attune-Log-Next"] = str(piece.next_offset)
    response["Attune-Log-Complete"] = "true" if piece.is_end else "false"
    return response


def _following(
    identity: Identity, request: Request, execution: Execution, attempt: int, streams: tuple[Stream, ...]
) -> StreamingHttpResponse:
    start = parse_position(request.headers.get("Last-Event-ID", ""), streams)
    if len(streams) == 1 and (offset := number_of(request, "offset")) is not None:
        start[streams[0]] = offset
    events = follow(execution.pk, attempt, start)
    return streamed(request, follow_for(identity, events, is_allowed=_is_allowed(request, execution.pk)))


def _is_allowed(request: Request, execution_id: int) -> Callable[[], bool]:
    prove = prover(request, [Verb.EXECUTION_VIEW])

    def is_allowed() -> bool:
        identity = prove()
        return identity is not None and Execution.objects.visible_to(identity).filter(pk=execution_id).exists()

    return is_allowed
