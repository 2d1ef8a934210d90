"""Sensors: whether each runs and why not, what it tells, its log while it grows; and restarting, switching on and
off."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.accounts.permissions import Verb, may
from apps.console.pages.base import Page, Parent
from apps.console.paging import page_by_name
from apps.core.errors import Invalid
from apps.core.types import JsonObject
from apps.triggers.models import Sensor
from apps.triggers.sensors.definition import SensorDefinition
from apps.triggers.sensors.logs import kept_starts
from apps.triggers.sensors.services import (
    demand_now,
    get_sensor,
    restart_sensor,
    set_sensor_enabled,
    standing_of,
)

#: Triggers shown on the page of a sensor.
_SERVED = 50


class SensorsPage(Page):
    verbs = {"GET": Verb.SENSOR_VIEW}
    template_name = "console/sensors.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        wanted = {name: request.GET.get(name, "").replace("\0", "").strip()[:100] for name in ("q", "pack")}
        rows = Sensor.objects.visible_to(self.identity).in_force().select_related("instance")
        if wanted["q"]:
            rows = rows.filter(ref__icontains=wanted["q"])
        if wanted["pack"]:
            rows = rows.filter(pack_ref=wanted["pack"])
        page, demand = page_by_name(rows, request.GET, name="ref"), demand_now()
        sensors = [(row, standing_of(row, demand), len(demand.served.get(row.pk, ()))) for row in page.rows]
        return self.show("Sensors", page=page, sensors=sensors, wanted=wanted)


class SensorPage(Page):
    """One sensor, also one that is no longer in its pack: its log is still to be read."""

    verbs = {"GET": Verb.SENSOR_VIEW, "POST": Verb.SENSOR_MANAGE}
    template_name = "console/sensor.html"

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        sensor, demand = get_sensor(self.identity, ref), demand_now()
        served = demand.served.get(sensor.pk, ())
        return self.show(
            sensor.ref,
            parents=[Parent("Sensors", reverse("admin:sensors"))],
            sensor=sensor,
            definition=SensorDefinition.from_json(sensor.definition),
            instance=sensor.instance,
            standing=standing_of(sensor, demand),
            is_wanted=sensor.pk in demand.wanted,
            served=[(item.trigger, sorted(item.parameters.items())) for item in served[:_SERVED]],
            more_served=len(served) - _SERVED,
            may_manage=may(self.identity, Verb.SENSOR_MANAGE, on=sensor) and not sensor.is_removed,
            **self._log(sensor),
        )

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        address = reverse("admin:sensor", args=[ref])
        match request.POST.get("deed"):
            case "restart":
                restart_sensor(self.identity, ref)
                return self.done(f"{ref} is started anew within a second or two.", address)
            case "enable" | "disable" as deed:
                set_sensor_enabled(self.identity, ref, enabled=deed == "enable")
                return self.done(f"{ref} {_SWITCHED[deed]}", address)
        raise Invalid("Say what is to be done: restart, enable or disable.")

    def _log(self, sensor: Sensor) -> JsonObject:
        """The newest process, or the one that is asked for."""
        asked, newest = self.request.GET.get("start", ""), sensor.instance.starts
        is_one = asked.isascii() and asked.isdigit() and len(asked) < 19 and 1 <= int(asked) <= newest
        start = int(asked) if is_one else newest
        kept = [number for number in kept_starts(sensor.pk) if number <= newest]
        return {
            "start": start,
            "starts": kept,
            "log": f"/api/v1/sensors/{sensor.ref}/logs?start={start}" if start else "",
        }

    def fallback(self) -> str:
        return reverse("admin:sensors")


_SWITCHED = {
    "enable": "may run, whatever its pack's file says.",
    "disable": "is switched off; its process ends within a second or two.",
}
