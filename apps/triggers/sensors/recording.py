"""Makes events of what a sensor said, in batches: all that can be recorded is, the rest is refused one by one.

A batch is repeated until the database has taken it. That makes nothing twice: an event without a dedupe key of its own
gets one from its line. Meanwhile nobody reads what the sensor says, so it waits.
"""

import logging
import threading
from collections.abc import Sequence
from itertools import chain, repeat

from django.db import transaction

from apps.core.database import first_line, release_connection, trouble_of
from apps.core.errors import AttuneError
from apps.triggers.sensors.leases import Lease, count_lines
from apps.triggers.sensors.protocol import Refused, Said
from apps.triggers.services.events import Occurrence, record

logger = logging.getLogger(__name__)

_PAUSES_S = (0.2, 0.5, 1.0, 2.0)
#: What fits into a remark and a column.
_MOST_REASON_CHARS = 500


class NotRecorded(Exception):
    """The sensor was stopped while the database was away: these lines are lost."""


class Recorder:
    """Of one process of a sensor."""

    def __init__(self, lease: Lease, *, sensor_ref: str, start: int, stopping: threading.Event) -> None:
        self._lease = lease
        self._sensor_ref = sensor_ref
        self._start = start
        self._stopping = stopping

    def record(self, batch: Sequence[Said], *, refused: Sequence[Refused] = ()) -> list[Refused]:
        """Blocks until the database has taken it; returns what it could not take. `refused` are counted with it.

        Raises `NotRecorded`.
        """
        for pause_s in chain(_PAUSES_S, repeat(_PAUSES_S[-1])):
            try:
                return self._try(batch, refused)
            except Exception as error:
                if trouble_of(error) is None:
                    raise
                logger.warning("%d events of %s wait: %s", len(batch), self._sensor_ref, first_line(error))
            release_connection()
            if self._stopping.wait(pause_s):
                raise NotRecorded(f"{len(batch)} events could not be recorded before the end: the database is away")
        raise AssertionError  # it repeats for ever

    @transaction.atomic
    def _try(self, batch: Sequence[Said], refused: Sequence[Refused]) -> list[Refused]:
        # The lock of the instance's row comes first: from here to the commit nobody else can become the holder.
        if not count_lines(self._lease, recorded=0, refused=0, last_refusal=""):
            return self._record_late(batch)
        not_taken = self._record(batch)
        last = str((*refused, *not_taken)[-1])[:_MOST_REASON_CHARS] if refused or not_taken else ""
        bad = len(refused) + len(not_taken)
        count_lines(self._lease, recorded=len(batch) - len(not_taken), refused=bad, last_refusal=last)
        return not_taken

    def _record_late(self, batch: Sequence[Said]) -> list[Refused]:
        """The sensor is another host's: what that one may tell as well is recorded only where the key tells."""
        keyed = [said for said in batch if said.dedupe_key is not None]
        reason = "another host runs this sensor by now, and without a dedupe_key the event could be told twice"
        return [*self._record(keyed), *(Refused(said.line, reason) for said in batch if said.dedupe_key is None)]

    def _record(self, batch: Sequence[Said]) -> list[Refused]:
        """Halved until what cannot be taken stands alone: a few bad ones cost little."""
        if not batch:
            return []
        try:
            record([self._occurrence(said) for said in batch])
        except AttuneError as error:
            if len(batch) == 1:
                return [Refused(batch[0].line, _told(error))]
            middle = len(batch) // 2
            return [*self._record(batch[:middle]), *self._record(batch[middle:])]
        return []

    def _occurrence(self, said: Said) -> Occurrence:
        own_key = f"sensor:{self._lease.sensor_id}:{self._start}:{said.line}"
        return Occurrence(
            type_ref=said.trigger,
            payload=said.payload,
            parameters=said.parameters,
            source="sensor",
            source_ref=self._sensor_ref,
            dedupe_key=said.dedupe_key or own_key,
        )


def _told(error: AttuneError) -> str:
    details = [f"{item.pointer} {item.detail}" for item in getattr(error, "errors", ())][:3]
    return "; ".join([error.detail, *details])[:_MOST_REASON_CHARS]
