"""What can happen, what somebody waits for, and what did happen."""

from apps.triggers.models.event import Event
from apps.triggers.models.sensor import Sensor, SensorInstance
from apps.triggers.models.trigger import Trigger, TriggerType

__all__ = ["Event", "Sensor", "SensorInstance", "Trigger", "TriggerType"]
