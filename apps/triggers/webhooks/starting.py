"""Makes webhooks known to the rooms below and beside: to those who listen, rotate keys, and remove what is old."""

from apps.executions import rounds
from apps.keys import sealed
from apps.triggers import listening
from apps.triggers.models import WebhookSecret
from apps.triggers.webhooks.addresses import parameter_errors
from apps.triggers.webhooks.listening import on_listened
from apps.triggers.webhooks.proof import TYPE_REF
from apps.triggers.webhooks.retention import collect_deliveries, collect_signatures


def register() -> None:
    """Once the models are there."""
    listening.register_check(TYPE_REF, parameter_errors)
    listening.register_watcher(on_listened)
    sealed.register(
        sealed.SealedTable("secrets of webhooks", WebhookSecret, lambda row: row.bound_to, related=("webhook",))
    )
    rounds.register_collection(collect_deliveries)
    rounds.register_collection(collect_signatures)
