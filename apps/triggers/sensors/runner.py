"""One sensor on this host, for as long as its lease: start it, listen, and when it ends start it again.

1. A number for the process, from the database; the environment, built if it must be; secrets and configuration.
2. The process runs under the warden. What it says is recorded as it comes; changes of its triggers go to its stdin.
3. It ended: the reason is kept; the next start waits, longer each time, for ever. A poll waits for its interval.
4. `restart` and `stop` end the process at any of these steps; nothing outlives `join`.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.core.crypto import SealBroken
from apps.core.database import first_line, release_connection, trouble_of
from apps.core.errors import AttuneError
from apps.runner import process
from apps.runner.control import RunControl
from apps.runner.outcome import Ended, RunResult, StopReason
from apps.runner.redact import Masker
from apps.runner.removal import remove_tree
from apps.runner.talk import Inbox, Talk
from apps.runtimes.process_environ import SecretInEnvironment
from apps.triggers.sensors.backoff import Backoff
from apps.triggers.sensors.launch import given_to, spec_of, state_folder
from apps.triggers.sensors.leases import Lease, release
from apps.triggers.sensors.listener import Listener
from apps.triggers.sensors.logs import drop_old_logs, log_folder
from apps.triggers.sensors.protocol import document_line
from apps.triggers.sensors.recording import NotRecorded, Recorder
from apps.triggers.sensors.states import Standing, State, begin_start, set_standing
from apps.triggers.sensors.wanted import Served, Wanted, changes
from apps.workers.host import Host, RuntimeNotHere

logger = logging.getLogger(__name__)

#: Of what a process wrote last, kept beside its state.
_TAIL_CHARS = 4000
#: Before the database is asked again for what a start needs.
_DATABASE_PAUSE_S = 2.0


class LeaseLost(Exception):
    """Another host runs this sensor by now."""


class SensorRunner:
    """Used by two threads: its own, and that of the supervisor, which calls the public methods."""

    def __init__(
        self, wanted: Wanted, lease: Lease, served: Mapping[int, Served], *, host: Host, backoff: Backoff
    ) -> None:
        self.lease = lease
        self._wanted = wanted
        self._served = dict(served)
        self._host = host
        self._backoff = backoff
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._control = RunControl()
        self._inbox: Inbox | None = None
        self._is_deaf = False
        self._why_stopped = ""
        self._forgets = False
        self._thread = threading.Thread(target=self._run, name=f"sensor {wanted.ref}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def revision(self) -> tuple[str, ...]:
        return self._wanted.revision

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def restart(self, wanted: Wanted) -> None:
        """With another revision, at once: an operator's word, or a new version, is not kept waiting by a back-off."""
        with self._lock:
            self._wanted = wanted
            self._backoff.succeeded()
            self._control.stop(StopReason.INTERRUPTED)
            self._wake.set()

    def stop(self, why: str, *, forgets: bool = False) -> None:
        """For good; `join` waits for it. `forgets` also what the sensor keeps on this host: nobody wants it to run, so
        what happens meanwhile is nobody's news."""
        with self._lock:
            self._forgets = self._forgets or forgets
            self._why_stopped = self._why_stopped or why
            self._stopping.set()
            self._control.stop(StopReason.INTERRUPTED)
            self._wake.set()

    def join(self, timeout_s: float | None = None) -> None:
        self._thread.join(timeout_s)

    def serve(self, served: Mapping[int, Served]) -> None:
        """Tells the process which triggers came and went since it was told last; what finds no room is told later."""
        with self._lock:
            if self._inbox is None:
                self._served = dict(served)
                return
            for trigger_id, line in list(changes(self._served, served)):
                if not self._inbox.put(document_line(line)):
                    self._complain_of_deafness()
                    return
                self._served.pop(trigger_id, None)
                if trigger_id in served:
                    self._served[trigger_id] = served[trigger_id]

    def _complain_of_deafness(self) -> None:
        if not self._is_deaf:
            logger.info("%s does not read its stdin, and is not told of its triggers until it does", self._wanted.ref)
        self._is_deaf = True

    # ── its own thread ──

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                pause_s = self._once()
                release_connection()
                self._wake.wait(pause_s)
            if self._forgets:
                self._forget_state()
            self._stand(State.STOPPED, self._why_stopped)
        except LeaseLost:
            logger.warning("%s is another host's by now", self._wanted.ref)
        finally:
            self._give_back()

    def _once(self) -> float:
        """One process from its start to its end; how long to wait for the next."""
        with self._lock:
            if self._stopping.is_set():
                return 0.0
            control, wanted = RunControl(), self._wanted
            self._control = control
        try:
            return self._run_process(wanted, control)
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - told apart there; one sensor's trouble is nobody else's
            return self._kept_from_running(error, control)

    def _run_process(self, wanted: Wanted, control: RunControl) -> float:
        start = begin_start(self.lease)
        if start is None:
            raise LeaseLost
        self._stand(State.STARTING, "its environment is looked up, and built if it must be")
        drop_old_logs(wanted.id, newest=start)
        given = given_to(wanted, start=start)
        with ExitStack() as held:
            inbox, served = self._open_inbox(wanted, held)
            spec = spec_of(wanted, given, served, start=start, host=self._host, control=control, held=held)
            recorder = Recorder(self.lease, sensor_ref=wanted.ref, start=start, stopping=self._stopping)
            talk = _talk(wanted, recorder, inbox=inbox, secrets=spec.secrets)
            self._stand(State.RUNNING, "; ".join(given.lacking))
            release_connection()
            began = time.monotonic()
            result = process.run(
                spec, warden=self._host.warden, log_dir=log_folder(wanted.id, start), control=control, talk=talk
            )
        return self._after(wanted, result, control, ran_s=time.monotonic() - began)

    def _open_inbox(self, wanted: Wanted, held: ExitStack) -> tuple[Inbox | None, list[Served]]:
        """What the first line says of triggers, and where whatever changes from this moment on goes."""
        if wanted.definition.poll_interval_s is not None:
            return None, list(self._served.values())
        inbox = Inbox()
        held.callback(inbox.close)
        held.callback(self._forget_inbox)
        with self._lock:
            self._inbox, self._is_deaf = inbox, False
            return inbox, list(self._served.values())

    def _forget_inbox(self) -> None:
        with self._lock:
            self._inbox = None

    def _after(self, wanted: Wanted, result: RunResult, control: RunControl, *, ran_s: float) -> float:
        tail = result.stderr_tail.decode("utf-8", "replace")[-_TAIL_CHARS:].replace("\0", "")
        if control.stop_reason is not None:  # whoever wanted that says the rest
            return 0.0
        interval_s = wanted.definition.poll_interval_s
        if interval_s is not None and result.ended is Ended.EXITED and result.exit_code == 0:
            self._backoff.succeeded()
            self._stand(State.RUNNING, "it waits for its next run", stderr_tail=tail, in_s=interval_s)
            return interval_s
        return self._back_off(how_it_ended(result, timeout_s=wanted.definition.poll_timeout_s), ran_s=ran_s, tail=tail)

    def _kept_from_running(self, error: Exception, control: RunControl) -> float:
        if control.stop_reason is not None:
            return 0.0
        if trouble_of(error) is not None:
            logger.warning("%s waits for the database: %s", self._wanted.ref, first_line(error))
            return _DATABASE_PAUSE_S
        return self._back_off(_why(error, self._wanted), ran_s=0.0, tail=None)

    def _back_off(self, reason: str, *, ran_s: float, tail: str | None) -> float:
        wait_s = self._backoff.failed(ran_s=ran_s)
        logger.warning("%s: %s; starts again in %.1f s", self._wanted.ref, reason, wait_s)
        more = {} if tail is None else {"stderr_tail": tail}
        self._stand(State.BACKING_OFF, reason, in_s=wait_s, **more)
        return wait_s

    def _stand(self, state: Any, reason: str, *, in_s: float | None = None, **more: Any) -> None:
        """A state that cannot be written stops nothing: it is for people. A lost lease stops everything."""
        more["failures"] = self._backoff.failures
        if in_s is not None:
            more["next_start_at"] = timezone.now() + timedelta(seconds=in_s)
        try:
            is_mine = set_standing(self.lease, Standing(state, reason, more))
        except Exception as error:
            if trouble_of(error) is None:
                raise
            logger.warning("the state of %s is not written: %s", self._wanted.ref, first_line(error))
            return
        if not is_mine:
            raise LeaseLost

    def _forget_state(self) -> None:
        try:
            remove_tree(state_folder(self._host, self._wanted.id))
        except FileNotFoundError:
            return
        except OSError as error:
            logger.warning("what %s keeps cannot be removed: %s", self._wanted.ref, error)

    def _give_back(self) -> None:
        try:
            release(self.lease)
        except Exception as error:
            if trouble_of(error) is None:
                raise
            logger.warning("the lease of %s runs out by itself: %s", self._wanted.ref, first_line(error))
        release_connection()


def how_it_ended(result: RunResult, *, timeout_s: float | None) -> str:
    """For people."""
    match result.ended:
        case Ended.EXITED:
            return f"it ended by itself with exit code {result.exit_code}"
        case Ended.SIGNALED:
            return f"it was ended by signal {result.signal}" + (", out of memory" if result.oom else "")
        case Ended.TIMEOUT:
            return f"it was ended, since it ran for longer than {timeout_s:g} s (poll_timeout_s)"
        case Ended.SPAWN_FAILED:
            return f"it could not be started: {result.spawn_error}"
        case _:
            return "it was killed, because this host had fallen silent or its supervisor died"


def _why(error: Exception, wanted: Wanted) -> str:
    match error:
        case AttuneError():
            return error.detail
        case RuntimeNotHere() | SecretInEnvironment():
            return str(error)
        case SealBroken():
            return f"its secrets cannot be opened: {error}"
        case OSError():
            return f"it could not be prepared on this host: {error.strerror}"
    logger.error("a bug keeps %s from running", wanted.ref, exc_info=error)
    return "this is a bug in Attune; the log of the sensors' process has it under the sensor's name"


def _talk(wanted: Wanted, recorder: Recorder, *, inbox: Inbox | None, secrets: Sequence[bytes]) -> Talk:
    acknowledge = _acknowledger(inbox) if wanted.definition.acknowledge and inbox is not None else _nothing
    declared = wanted.definition.triggers
    listener = Listener(recorder, declared=declared, masker=Masker(secrets), on_dealt_with=acknowledge)
    return Talk(lambda data: _heard(listener, data), inbox=inbox)


def _heard(listener: Listener, data: bytes) -> Iterable[str]:
    try:
        return list(listener(data))
    except NotRecorded as error:
        return [str(error)]
    finally:
        release_connection()


def _acknowledger(inbox: Inbox) -> Callable[[int], None]:
    return lambda lines: _put(inbox, {"type": "recorded", "lines": lines})


def _put(inbox: Inbox, line: dict[str, Any]) -> None:
    inbox.put(document_line(line))


def _nothing(_: int) -> None:
    """Most sensors do not ask."""
