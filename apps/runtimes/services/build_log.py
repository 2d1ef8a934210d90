"""A build's output on its way into the row, a piece at a time and bounded."""

import codecs
import logging
import time

from django.db import DatabaseError
from django.db.models import F, Value
from django.db.models.functions import Concat, Now, Right

from apps.core.database import release_connection
from apps.runtimes.models import Environment
from apps.runtimes.services.environments import begin_build

logger = logging.getLogger(__name__)

#: The newest characters of the log that are kept.
MAX_LOG_CHARS = 256 * 1024
#: Output is written at most this often, so that a talkative installer does not slow the database.
_INTERVAL_S = 1.0


class BuildLog:
    """For one build. Writes nothing before the first output: only then something is really built.

    Between two pieces the thread has no connection: builds take minutes, and those of ten packs would leave none to
    the executions beside them.
    """

    def __init__(self, environment_id: int, *, worker: str) -> None:
        self._environment_id = environment_id
        self._worker = worker
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._written_at: float | None = None

    @property
    def has_begun(self) -> bool:
        return self._written_at is not None

    def write(self, data: bytes) -> None:
        if self._written_at is None:
            begin_build(self._environment_id, worker=self._worker)
            release_connection()
            self._written_at = float("-inf")
        # PostgreSQL's text cannot hold NUL.
        self._pending = (self._pending + self._decoder.decode(data).replace("\0", ""))[-MAX_LOG_CHARS:]
        if time.monotonic() - self._written_at >= _INTERVAL_S:
            self.flush()

    def flush(self) -> None:
        """Writes what has come. A database that is away costs the log, never the build."""
        if not self._pending:
            return
        self._written_at = time.monotonic()
        text, self._pending = self._pending, ""
        try:
            Environment.objects.filter(pk=self._environment_id).update(
                log=Right(Concat(F("log"), Value(text)), MAX_LOG_CHARS), updated_at=Now()
            )
        except DatabaseError:
            logger.warning("a piece of a build's log was lost", extra={"environment_id": self._environment_id})
        release_connection()
