"""What a handler tells while it works: steps, per cent, log lines. Each call is a sign of life."""

import logging

from django.db.models import F, Value
from django.db.models.functions import Concat, Now, Right
from django.utils import timezone

from apps.accounts.rights import bind
from apps.core import streaming
from apps.core.types import JsonObject
from apps.operations.models import Operation

logger = logging.getLogger(__name__)

#: The newest characters of the log that are kept.
MAX_LOG_CHARS = 256 * 1024


class Progress:
    """Bound to one operation; `requested_by` is the identity on whose behalf the handler acts: with its rights as they
    are now, bound as the token was that the request came with."""

    def __init__(self, operation: Operation) -> None:
        self.operation_id = operation.pk
        self.requested_by = operation.requested_by
        if self.requested_by is not None:
            bind(self.requested_by, operation.limits)
        self._steps: list[JsonObject] = list(operation.steps)  # of who handed it over

    def step(self, name: str, *, percent: int) -> None:
        """Ends the step before and begins `name`; `percent` is how far the whole is at its beginning."""
        now = timezone.now().isoformat()
        self._end_step("succeeded", now)
        self._steps.append({"name": name, "status": "running", "started_at": now, "ended_at": None})
        self._write(steps=self._steps, progress=percent)
        streaming.tell("operation")
        self.log(name)

    def about(self, subject: str) -> None:
        """What it is about, where that is known only now."""
        self._write(subject=subject[:255])

    def reach(self, percent: int) -> None:
        """How far the whole is, within a step."""
        self._write(progress=percent)
        streaming.tell("operation")

    def give_sign(self) -> None:
        """Of life, where there is nothing to tell."""
        self._write()

    def log(self, line: str) -> None:
        text = Right(Concat(F("log"), Value(line + "\n")), MAX_LOG_CHARS)
        self._write(log=text)

    def end_steps(self, status: str) -> list[JsonObject]:
        self._end_step(status, timezone.now().isoformat())
        return self._steps

    def _end_step(self, status: str, now: str) -> None:
        if self._steps and self._steps[-1]["status"] == "running":
            self._steps[-1] |= {"status": status, "ended_at": now}

    def _write(self, **fields: object) -> None:
        Operation.objects.filter(pk=self.operation_id).update(alive_at=Now(), **fields)
