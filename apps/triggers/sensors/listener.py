"""Listens to one process of a sensor: its lines become batches, the batches events, and what was refused remarks.

It is called in the thread that moves the process's bytes: as long as a batch is being recorded nothing more is read.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Protocol

from apps.runner.redact import Masker
from apps.runner.result import mask_value
from apps.triggers.sensors.protocol import Lines, Refused, Said

#: Events in one transaction.
BATCH = 500
#: Refused lines told one by one in each minute; the others are counted.
_REMARKS = 20
_REMARKS_EVERY_S = 60.0


_NOTHING_TO_MASK = Masker(())


class Records(Protocol):
    def record(self, batch: list[Said], *, refused: list[Refused]) -> list[Refused]:
        """Blocks; returns what could not be recorded."""


class Listener:
    """`on_dealt_with` is told, after each batch, how many lines have been recorded or refused so far."""

    def __init__(
        self,
        recorder: Records,
        *,
        declared: Iterable[str],
        masker: Masker = _NOTHING_TO_MASK,
        on_dealt_with: Callable[[int], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recorder = recorder
        self._declared = frozenset(declared)
        self._on_dealt_with = on_dealt_with
        self._masker = masker
        self._lines = Lines(mask=masker.mask)
        self._remarks = _Remarks(clock)

    def __call__(self, data: bytes) -> Iterator[str]:
        """Remarks for the sensor's log. To be exhausted: only then has everything been recorded."""
        told = self._lines.feed(data) if data else self._lines.finish()
        while batch := list(islice(told, BATCH)):
            yield from self._deal_with(batch)
        if not data:
            yield from self._remarks.rest()

    def _deal_with(self, batch: list[Said | Refused]) -> Iterator[str]:
        said: list[Said] = []
        refused: list[Refused] = []
        for item in batch:
            if isinstance(item, Refused):
                refused.append(item)
            elif item.trigger in self._declared:
                said.append(self._masked(item))
            else:
                refused.append(_undeclared(item))
        refused = [self._told(item) for item in refused]
        not_taken = [self._told(item) for item in self._recorder.record(said, refused=refused)]
        self._on_dealt_with(batch[-1].line)
        yield from self._remarks.of(sorted([*refused, *not_taken], key=lambda item: item.line))

    def _masked(self, said: Said) -> Said:
        """An event is seen by many; what the sensor was given in confidence is not for them."""
        if self._masker.is_empty:
            return said
        key = said.dedupe_key and self._masker.mask(said.dedupe_key.encode()).decode()
        payload, parameters = (mask_value(value, self._masker) for value in (said.payload, said.parameters))
        assert isinstance(payload, dict), "an object stays one"
        assert isinstance(parameters, dict), "as above"
        return replace(said, payload=payload, parameters=parameters, dedupe_key=key)

    def _told(self, refused: Refused) -> Refused:
        """Reasons quote names and values."""
        return replace(refused, reason=self._masker.mask(refused.reason.encode("utf-8", "replace")).decode())


def _undeclared(said: Said) -> Refused:
    return Refused(said.line, f"the sensor's file does not name the trigger {said.trigger[:100]!r}")


class _Remarks:
    """A sensor that prints only garbage does not fill its log with complaints."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since = clock()
        self._told = self._untold = 0

    def of(self, refused: Iterable[Refused]) -> Iterator[str]:
        if self._clock() - self._since >= _REMARKS_EVERY_S:
            yield from self.rest()
            self._since, self._told = self._clock(), 0
        for item in refused:
            if self._told < _REMARKS:
                self._told += 1
                yield str(item)
            else:
                self._untold += 1

    def rest(self) -> Iterator[str]:
        if self._untold:
            yield f"{self._untold} more lines were refused"
            self._untold = 0
