"""How events come in and are processed, for streams."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q

from apps.core.streaming import Change, StateChanges
from apps.core.types import JsonObject
from apps.triggers.models import Event

if TYPE_CHECKING:
    from apps.accounts.models import Identity

KIND = "event"
#: Newest events among which a reader who comes back is told of those it missed.
_MOST_LOOKED_AT = 10_000


class EventChanges(StateChanges):
    """An event is over when it is processed. The table is not small, so what is long past is not looked through."""

    def __init__(self) -> None:
        super().__init__(KIND, _rows, live=Q(processed_at=None), describe=_describe)

    def since(self, identity: "Identity", position: int) -> Sequence[Change]:
        newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        return self.told_since(_rows().filter(pk__gt=newest - _MOST_LOOKED_AT), identity, position)


def _rows() -> Any:
    columns = ("type_ref", "pack_ref", "source", "received_at", "processed_at")
    return Event.objects.only(*columns).annotate(ended_at=F("processed_at"))


def _describe(row: Any) -> JsonObject:
    return {"id": row.pk, "type": row.type_ref, "source": row.source, "processed": row.processed_at is not None}
