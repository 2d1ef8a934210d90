"""Logs of sensors over REST: as text, or as they grow. The files are those of the host that runs the sensor."""

from collections.abc import Callable

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from apps.accounts.permissions import Verb
from apps.api.executions.follow import follow_log, parse_position
from apps.api.executions.log_text import text_of, timed_lines
from apps.api.executions.logs import invalid, number_of, text_answer
from apps.api.open_streams import follow_for
from apps.api.proof import prover
from apps.api.sse import streamed
from apps.api.views import View, is_true
from apps.core.database import release_connection
from apps.runner.logfollow import LogFollower
from apps.runner.loglayout import Stream
from apps.triggers.models import Sensor, SensorInstance
from apps.triggers.sensors.logs import log_folder
from apps.triggers.sensors.services import get_sensor

_PARAMETERS = [
    OpenApiParameter("start", OpenApiTypes.INT, description="number of the process; the newest when it is not given"),
    OpenApiParameter("follow", OpenApiTypes.BOOL, description="Server-Sent Events until the process has ended"),
    OpenApiParameter("times", OpenApiTypes.BOOL, description="each line begins with its time and its stream"),
    OpenApiParameter(
        "Last-Event-ID", OpenApiTypes.STR, OpenApiParameter.HEADER, description="the last event that arrived"
    ),
]
#: A process is there, or is about to be.
_AT_WORK = (SensorInstance.State.STARTING, SensorInstance.State.RUNNING)


class SensorLogsView(View):
    verbs = {"GET": Verb.SENSOR_VIEW}

    @extend_schema(
        parameters=_PARAMETERS,
        responses={(200, "text/plain"): OpenApiTypes.STR, (200, "text/event-stream"): OpenApiTypes.STR},
    )
    def get(self, request: Request, ref: str) -> HttpResponseBase:
        """What one process of a sensor wrote, with Attune's own words about what it refused. What is missing is marked.

        Followed, it comes as events `log` (`{stream, at, offset, gap, text}`), and one `end` (`{status}`: the state of
        the sensor) when the process has ended; `Last-Event-ID` goes on exactly there.
        """
        self.only_parameters(request, "start", "follow", "times")
        sensor = get_sensor(self.identity(request), ref)
        start = _start_of(request, sensor)
        if is_true(request, "follow"):
            if "times" in request.query_params:
                raise invalid("times", "not together with follow")
            position = parse_position(request.headers.get("Last-Event-ID", ""), tuple(Stream))
            events = follow_log(log_folder(sensor.pk, start), position, status_when_over=_ended(sensor.pk, start))
            allowed = _is_allowed(request, sensor.pk)
            return streamed(request, follow_for(self.identity(request), events, is_allowed=allowed))
        pieces = LogFollower(log_folder(sensor.pk, start), dict.fromkeys(Stream, 0)).read(is_over=True)
        return text_answer(b"".join(timed_lines(pieces) if is_true(request, "times") else text_of(pieces)))


def _start_of(request: Request, sensor: Sensor) -> int:
    start, newest = number_of(request, "start"), sensor.instance.starts
    if start is None:
        return newest
    if not 1 <= start <= newest:
        detail = f"this sensor has had the processes 1 to {newest}" if newest else "this sensor has had no process"
        raise invalid("start", detail)
    return start


def _ended(sensor_id: int, start: int) -> Callable[[], str | None]:
    def status() -> str | None:
        try:
            row = SensorInstance.objects.filter(sensor=sensor_id).values_list("starts", "state").first()
        finally:
            release_connection()
        if row is None or row[0] != start or row[1] not in _AT_WORK:
            return row[1] if row else "gone"
        return None

    return status


def _is_allowed(request: Request, sensor_id: int) -> Callable[[], bool]:
    prove = prover(request, [Verb.SENSOR_VIEW])

    def is_allowed() -> bool:
        identity = prove()
        return identity is not None and Sensor.objects.visible_to(identity).filter(pk=sensor_id).exists()

    return is_allowed
