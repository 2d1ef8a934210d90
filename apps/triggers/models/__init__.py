"""What can happen, what somebody waits for, and what did happen."""

from apps.triggers.models.event import Event
from apps.triggers.models.sensor import Sensor, SensorInstance
from apps.triggers.models.timer import Timer
from apps.triggers.models.trigger import Trigger, TriggerType
from apps.triggers.models.webhook import SignedDelivery, Webhook, WebhookDelivery, WebhookSecret

__all__ = [
    "Event",
    "Sensor",
    "SensorInstance",
    "SignedDelivery",
    "Timer",
    "Trigger",
    "TriggerType",
    "Webhook",
    "WebhookDelivery",
    "WebhookSecret",
]
