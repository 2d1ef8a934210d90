"""Logs and artifacts over REST: plain text, in pieces, from the end, or as they grow."""

from collections.abc import Iterator
from urllib.parse import quote

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api.executions.follow import follow, parse_position
from apps.api.executions.serializers import ArtifactsSerializer
from apps.api.executions.views import visible_execution
from apps.api.sse import streamed
from apps.api.views import View, is_true
from apps.core.errors import FieldError, Invalid, NotFound
from apps.executions.files import Artifact, artifacts_of, get_artifact, log_reader
from apps.executions.models import Execution
from apps.runner.loglayout import Stream
from apps.runner.logread import LogReader, marker

#: Most that one answer to `offset` or `tail` holds.
_PIECE_BYTES = 8 * 1024 * 1024
_PARAMETERS = [
    OpenApiParameter("attempt", OpenApiTypes.INT, description="the newest one when it is not given"),
    OpenApiParameter("follow", OpenApiTypes.BOOL, description="Server-Sent Events until the attempt is over"),
]
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

    @extend_schema(parameters=_PARAMETERS, responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request: Request, execution_id: str) -> HttpResponseBase:
        """Both streams in the order in which they came. What is missing is marked where it is missing."""
        self.only_parameters(request, "attempt", "follow")
        execution = visible_execution(self, request, execution_id)
        attempt = _attempt_of(request, execution)
        if is_true(request, "follow"):
            return _following(request, execution, attempt, tuple(Stream))
        return _plain(_interleaved(log_reader(execution.pk, attempt)))


class StreamLogView(View):
    verbs = {"GET": Verb.EXECUTION_VIEW}

    @extend_schema(parameters=_STREAM_PARAMETERS, responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request: Request, execution_id: str, stream: str) -> HttpResponseBase:
        """One stream. With `offset` or `tail` a piece: `Attune-Log-Offset` is its first byte, `Attune-Log-Gap` how many
        bytes are missing before it, `Attune-Log-Next` where to go on, `Attune-Log-Complete` whether nothing more
        comes.
        """
        self.only_parameters(request, "attempt", "offset", "tail", "follow")
        execution = visible_execution(self, request, execution_id)
        if stream not in tuple(Stream):
            raise UnknownStream
        attempt, wanted = _attempt_of(request, execution), Stream(stream)
        if is_true(request, "follow"):
            return _following(request, execution, attempt, (wanted,))
        offset, tail = _number(request, "offset"), _number(request, "tail")
        reader = log_reader(execution.pk, attempt)
        if offset is None and tail is None:
            return _plain(reader.everything(wanted))
        return _piece(reader, wanted, offset=offset, tail=tail)


class ArtifactsView(View):
    verbs = {"GET": Verb.EXECUTION_VIEW}

    @extend_schema(responses=ArtifactsSerializer)
    def get(self, request: Request, execution_id: str) -> Response:
        """The files its attempts left in their artifacts folders."""
        self.only_parameters(request)
        execution = visible_execution(self, request, execution_id)
        return Response({"results": [_artifact_json(execution.pk, item) for item in artifacts_of(execution.pk)]})


class ArtifactView(View):
    verbs = {"GET": Verb.EXECUTION_VIEW}

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, execution_id: str, attempt: str, name: str) -> HttpResponseBase:
        """One artifact, as a download."""
        self.only_parameters(request)
        execution = visible_execution(self, request, execution_id)
        artifact = get_artifact(execution.pk, int(attempt), name)
        return FileResponse(
            artifact.path.open("rb"),
            as_attachment=True,
            filename=_printable(artifact.name.rpartition("/")[2]),
            content_type="application/octet-stream",
        )


def _printable(name: str) -> str:
    """No line of a header ends in the middle of a file's name."""
    return "".join(character if character.isprintable() else "_" for character in name)


def _artifact_json(execution_id: int, artifact: Artifact) -> dict[str, object]:
    link = f"/api/v1/executions/{execution_id}/artifacts/{artifact.attempt}/{quote(artifact.name)}"
    return {
        "name": artifact.name,
        "attempt": artifact.attempt,
        "size_bytes": artifact.size_bytes,
        "link": link,
    }


def _attempt_of(request: Request, execution: Execution) -> int:
    attempt = _number(request, "attempt")
    if attempt is None:
        return execution.attempt
    if not 1 <= attempt <= execution.attempt:
        raise _invalid("attempt", f"this execution has the attempts 1 to {execution.attempt}")
    return attempt


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise _invalid(name, "a whole number is expected")
    return int(text)


def _invalid(name: str, detail: str) -> Invalid:
    return Invalid("The query is not valid.", errors=[FieldError(f"/{name}", "invalid", detail)])


def _plain(chunks: Iterator[bytes]) -> HttpResponseBase:
    # A whole log is at most ATTUNE_LOG_TOTAL_BYTES: small enough to be sent in one piece.
    return _text(b"".join(chunks))


def _text(data: bytes) -> HttpResponse:
    response = HttpResponse(data.decode("utf-8", "replace"), content_type="text/plain; charset=utf-8")
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _piece(reader: LogReader, stream: Stream, *, offset: int | None, tail: int | None) -> HttpResponse:
    if tail is not None and not 1 <= tail <= _PIECE_BYTES:
        raise _invalid("tail", f"1 to {_PIECE_BYTES} bytes")
    if tail is not None and offset is not None:
        raise _invalid("tail", "give offset or tail, not both")
    piece = (
        reader.tail(stream, tail) if tail is not None else reader.read(stream, offset=offset or 0, limit=_PIECE_BYTES)
    )
    response = _text(piece.data)
    response["Attune-Log-Offset"] = str(piece.offset)
    response["Attune-Log-Gap"] = str(piece.gap)
    response["Attune-Log-Next"] = str(piece.next_offset)
    response["Attune-Log-Complete"] = "true" if piece.is_end else "false"
    return response


def _interleaved(reader: LogReader) -> Iterator[bytes]:
    last = b""
    for piece in reader.interleaved():
        last = marker(piece.gap, after=last) if piece.gap else piece.data
        yield last


def _following(
    request: Request, execution: Execution, attempt: int, streams: tuple[Stream, ...]
) -> StreamingHttpResponse:
    start = parse_position(request.headers.get("Last-Event-ID", ""), streams)
    if len(streams) == 1 and (offset := _number(request, "offset")) is not None:
        start[streams[0]] = offset
    return streamed(request, follow(execution.pk, attempt, start))
