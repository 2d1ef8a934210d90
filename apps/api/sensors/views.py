"""Sensors over REST: how they stand, and what operators ask of them."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.permissions import Verb
from apps.api.filtering import Filter
from apps.api.pagination import Order
from apps.api.sensors import serializers
from apps.api.sensors.represent import represent, represent_whole
from apps.api.views import ListView, View, sparse
from apps.core.types import JsonObject
from apps.triggers.models import Sensor
from apps.triggers.sensors.services import get_sensor, restart_sensor, set_sensor_enabled


class SensorsView(ListView):
    verbs = {"GET": Verb.SENSOR_VIEW}
    shape = serializers.SensorSerializer
    order = Order("ref", descending=False)
    filters = (
        Filter("pack", "ref of the pack", lambda rows, value: rows.filter(pack_ref=value)),
        Filter("q", "part of the ref", lambda rows, value: rows.filter(ref__icontains=value)),
    )

    def queryset_for(self, request: Request) -> Any:
        return Sensor.objects.visible_to(self.identity(request)).in_force().select_related("instance")

    def represent(self, request: Request, rows: list[Any]) -> list[JsonObject]:
        return represent(rows)

    @extend_schema(responses=serializers.SensorPageSerializer, operation_id="sensors_list")
    def get(self, request: Request) -> Response:
        """Sensors, by ref."""
        return self.page(request)


class SensorView(View):
    verbs = {"GET": Verb.SENSOR_VIEW}

    @extend_schema(responses=serializers.WholeSensorSerializer, operation_id="sensors_retrieve")
    def get(self, request: Request, ref: str) -> Response:
        """One sensor: how it stands and why, and what its last process said before its end."""
        self.only_parameters(request, "fields")
        return Response(sparse(request, represent_whole(get_sensor(self.identity(request), ref))))


class RestartView(View):
    verbs = {"POST": Verb.SENSOR_MANAGE}

    @extend_schema(request=None, responses={202: serializers.WholeSensorSerializer}, operation_id="sensors_restart")
    def post(self, request: Request, ref: str) -> Response:
        """Its process is ended and started again within a second or two, also where it waits after a failure.

        409 `sensor_not_wanted` for one that is not to run.
        """
        self.only_parameters(request)
        self.no_body(request)
        return Response(represent_whole(restart_sensor(self.identity(request), ref)), status=202)


class SwitchView(View):
    verbs = {"POST": Verb.SENSOR_MANAGE}
    enabled: ClassVar[bool]

    def switch(self, request: Request, ref: str) -> Response:
        self.only_parameters(request)
        self.no_body(request)
        return Response(represent_whole(set_sensor_enabled(self.identity(request), ref, enabled=self.enabled)))


class EnableView(SwitchView):
    enabled = True

    @extend_schema(request=None, responses=serializers.WholeSensorSerializer, operation_id="sensors_enable")
    def post(self, request: Request, ref: str) -> Response:
        """Lets a sensor run, whatever its pack's file says."""
        return self.switch(request, ref)


class DisableView(SwitchView):
    enabled = False

    @extend_schema(request=None, responses=serializers.WholeSensorSerializer, operation_id="sensors_disable")
    def post(self, request: Request, ref: str) -> Response:
        """Ends a sensor's process and starts it no more, whatever its pack's file says."""
        return self.switch(request, ref)
