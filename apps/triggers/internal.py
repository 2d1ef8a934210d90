"""What Attune itself tells as events: only what some rule waits for is recorded."""

import logging
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence

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
    listened = {ref for ref in {occurrence.type_ref for occurrence in occurrences} if is_listened(ref)}
    wanted = [occurrence for occurrence in occurrences if occurrence.type_ref in listened]
    if wanted and not _told(wanted) and len(wanted) > 1:
        for occurrence in wanted:  # one that cannot be told must not cost the others
            _told([occurrence])


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


def _told(occurrences: Sequence[Occurrence]) -> bool:
    try:
        with transaction.atomic():
            record(occurrences)
    except AttuneError as error:
        logger.warning("%s could not be told: %s", occurrences[0].type_ref, error.detail)
        return False
    return True
