"""What Attune itself tells as events: only what some rule waits for is recorded."""

import logging
import uuid
from collections.abc import Callable, Collection, Mapping

from django.db import transaction

from apps.core.errors import AttuneError
from apps.core.types import JsonObject
from apps.triggers.listening import is_listened
from apps.triggers.services.events import Occurrence, record

logger = logging.getLogger(__name__)

ALERT = "core.alert"
KEY_CHANGED = "core.key_changed"
PACK_CHANGED = "core.pack_changed"
SENSOR_STATE = "core.sensor_state"
WORKER_LOST = "core.worker_lost"

#: Says of executions how many rules stand behind what they cause; the room of rules knows.
DepthsAfter = Callable[[Collection[int]], Mapping[int, int]]
_depths: list[DepthsAfter] = []


def register_depths(depths: DepthsAfter) -> None:
    _depths[:] = [depths]


def depths_after(executions: Collection[int]) -> Mapping[int, int]:
    return _depths[0](executions) if _depths and executions else {}


def tell(*occurrences: Occurrence) -> None:
    """In the caller's transaction. What goes wrong here is logged: it must not undo what happened."""
    wanted = [occurrence for occurrence in occurrences if is_listened(occurrence.type_ref)]
    for occurrence in wanted:
        try:
            with transaction.atomic():
                record([occurrence])
        except AttuneError as error:
            logger.warning("%s could not be told: %s", occurrence.type_ref, error.detail)


def alert(
    *,
    code: str,
    text: str,
    facts: JsonObject,
    trace_id: uuid.UUID | None = None,
    depth: int = 0,
    dedupe_key: str | None = None,
) -> None:
    """Something that somebody should look at. `code` is stable."""
    tell(
        Occurrence(
            type_ref=ALERT,
            payload={"code": code, "text": text, **facts},
            source="internal",
            source_ref=code,
            trace_id=trace_id,
            depth=depth,
            dedupe_key=dedupe_key,
        )
    )
