"""How a sensor stands: written by who holds its lease, told to people and, as `core.sensor_state`, to rules."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.core import streaming
from apps.triggers import internal
from apps.triggers.models import SensorInstance
from apps.triggers.models.sensor import MOST_REASON_CHARS
from apps.triggers.sensors.leases import Lease
from apps.triggers.services.events import Occurrence

State = SensorInstance.State


@dataclass(frozen=True)
class Standing:
    """`more` are further columns of the instance."""

    state: SensorInstance.State
    reason: str = ""
    more: "dict[str, Any] | None" = None


@transaction.atomic
def begin_start(lease: Lease) -> int | None:
    """The number of the process that is about to be started, from 1; None when the lease ran out or is somebody
    else's."""
    mine = _mine(lease).filter(lease_until__gt=Now()).update(starts=F("starts") + 1, started_at=Now())
    return _mine(lease).values_list("starts", flat=True).get() if mine else None


@transaction.atomic
def set_standing(lease: Lease, standing: Standing) -> bool:
    """False when the lease is somebody else's; then nothing is written."""
    row = _mine(lease).select_related("sensor").select_for_update(of=("self",), no_key=True).first()
    if row is None:
        return False
    _write(row, standing)
    return True


@transaction.atomic
def set_standing_of_nobody(sensor_id: int, standing: Standing) -> None:
    """Of a sensor that no host holds; nothing where one does, or where it stands so already."""
    rows = SensorInstance.objects.filter(Q(holder="") | Q(lease_until__lt=Now()), sensor=sensor_id)
    row = rows.select_related("sensor").select_for_update(of=("self",), no_key=True).first()
    if row is not None and (row.state, row.reason) != (standing.state, standing.reason[:MOST_REASON_CHARS]):
        _write(row, standing)


def _write(row: SensorInstance, standing: Standing) -> None:
    before, reason = row.state, standing.reason[:MOST_REASON_CHARS].replace("\0", "")
    values: dict[str, Any] = {"state": standing.state, "reason": reason, "next_start_at": None, **(standing.more or {})}
    if before != standing.state:
        values["state_since"] = Now()
    SensorInstance.objects.filter(pk=row.pk).update(**values)
    streaming.tell("sensor")
    # Starting is over in a moment and leads to another state.
    if standing.state not in (before, State.STARTING):
        facts = {"state": standing.state.value, "before": before, "reason": reason, "host": row.holder}
        payload = {"sensor": row.sensor.ref, "pack": row.sensor.pack_ref, **facts}
        internal.tell(
            Occurrence(type_ref=internal.SENSOR_STATE, payload=payload, source="internal", source_ref=row.sensor.ref)
        )


def _mine(lease: Lease) -> Any:
    return SensorInstance.objects.filter(sensor=lease.sensor_id, fence=lease.fence).exclude(holder="")
