"""The deployment as the checks see it: each fact is asked for once, when the first check wants it."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from apps.cli import clock
from apps.cli.config import Connection, Options, find_connection

if TYPE_CHECKING:
    from apps.cli.api import Api

#: Seconds: a doctor does not wait as long as somebody who wants an answer.
_CONNECT_S, _ANSWER_S = 5.0, 20.0
#: Rows of one kind that are looked at.
MOST = 500
#: An execution that waits longer than this is looked at.
LONG = timedelta(minutes=5)

_WORKER_FIELDS = "name,status,runtimes,queues,slots,running,version,last_heartbeat,runs_as,is_apart"


@dataclass(frozen=True)
class Reached:
    """What `/readyz` said. `skew_s` is how far this machine's clock is ahead; None where Attune's is unknown."""

    ready: Mapping[str, Any]
    took_s: float
    skew_s: float | None


class Deployment:
    """Every attribute may raise a `CliError`; what raised is asked for again by the next check that wants it."""

    def __init__(self, options: Options, environ: Mapping[str, str]) -> None:
        self.options = options
        self.environ = environ
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    @cached_property
    def connection(self) -> Connection:
        return find_connection(self.options, self.environ)

    @cached_property
    def api(self) -> "Api":
        from apps.cli.api import Api, Patience  # httpx, which a wrong profile does not need

        return self._stack.enter_context(Api(self.connection, patience=Patience(_CONNECT_S, _ANSWER_S)))

    @cached_property
    def reached(self) -> Reached:
        begun_at, begun = clock.now(), time.monotonic()
        ready, answer = self.api.readiness_answer()
        took_s = time.monotonic() - begun
        theirs = _moment(answer.headers.get("Date"))
        # The header has whole seconds and was written somewhere between the question and the answer.
        half = timedelta(seconds=took_s / 2 - 0.5)
        return Reached(ready, took_s, (begun_at + half - theirs).total_seconds() if theirs else None)

    @property
    def now(self) -> datetime:
        """By Attune's clock, as near as it is known."""
        return clock.now() - timedelta(seconds=self.reached.skew_s or 0)

    @cached_property
    def me(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.api.get("auth", "me")
        return found

    @property
    def is_known(self) -> bool:
        """Whether the token was taken."""
        return "me" in self.__dict__

    @cached_property
    def workers(self) -> list[dict[str, Any]]:
        return self._rows("workers", fields=_WORKER_FIELDS)

    @property
    def active(self) -> list[dict[str, Any]]:
        return [row for row in self.workers if row["status"] == "active"]

    @cached_property
    def tokens(self) -> list[dict[str, Any]]:
        return self._rows("tokens")

    @cached_property
    def actions(self) -> list[dict[str, Any]]:
        return list(self.api.items("actions", fields="ref,runtime,enabled"))

    @cached_property
    def scheduled(self) -> list[dict[str, Any]]:
        return self._rows("executions", status="scheduled", fields="id,queue")

    @cached_property
    def waiting(self) -> list[dict[str, Any]]:
        """Those that wait for long, but for those that were asked to."""
        rows = self._rows(
            "executions",
            status="requested,delayed,scheduled",
            until=(self.now - LONG).isoformat(),
            fields="id,action,status,reason,created_at",
        )
        return [row for row in rows if (row["reason"] or {}).get("code") != "not_before"]

    @cached_property
    def environments(self) -> list[dict[str, Any]]:
        return self._rows(
            "environments",
            status="failed,outdated,pending,building",
            fields="pack,runtime,status,error,generation,updated_at",
        )

    @cached_property
    def sensors(self) -> list[dict[str, Any]]:
        return self._rows("sensors", fields="ref,state,reason")

    @cached_property
    def gates(self) -> list[dict[str, Any]]:
        return self._rows("gates", fields="gate,policy,key,limit,waiting")

    @cached_property
    def policies(self) -> list[dict[str, Any]]:
        return self._rows("policies", fields="id,name,limit")

    @cached_property
    def operations(self) -> list[dict[str, Any]]:
        return self._rows(
            "operations", status="failed,pending,running", fields="id,kind,subject,status,error,created_at"
        )

    def age(self, moment: str) -> timedelta:
        return self.now - datetime.fromisoformat(moment)

    def _rows(self, *path: object, **query: object) -> list[dict[str, Any]]:
        return list(self.api.items(*path, most=MOST, **query))


def _moment(header: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(header) if header else None
    except ValueError:
        return None
