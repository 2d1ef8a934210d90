"""A rule that listens to a url finds a webhook there."""

from collections.abc import Sequence

from apps.triggers.models import Trigger
from apps.triggers.webhooks.proof import TYPE_REF
from apps.triggers.webhooks.services import ensure_webhooks


def on_listened(triggers: Sequence[Trigger]) -> None:
    """In the transaction in which rules change. A webhook nobody listens to any more stays: others may post to it."""
    ours = [trigger for trigger in triggers if trigger.is_listened and trigger.type.ref == TYPE_REF]
    ensure_webhooks(sorted({str(trigger.parameters["url"]) for trigger in ours}))
