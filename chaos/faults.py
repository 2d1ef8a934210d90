"""Breaks one thing at a time, as planned, and notes what and when."""

import contextlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from chaos.evidence import Fault
from chaos.fleet import Fleet
from chaos.plan import FaultKind, PlannedFault
from chaos.servers import Away, Database, Valkey
from chaos.supervise import NEXT_DATA
from chaos.watcher import now_us

#: A worker is stopped for so much longer than it takes to be called lost.
_STOPPED_FOR = 1.5
_PAUSE_S = (1.0, 4.0)
_DROP_FOR_S = 2.0
_THIEVES = 6
#: Executions whose hints are forged: those of now, and some of before.
_FORGED = 60


class Faults:
    """`start`, then `join`: then everything is as whole as its supervisor makes it. `done` is evidence."""

    def __init__(
        self, fleet: Fleet, planned: Sequence[PlannedFault], *, lost_after_s: float, say: Callable[[str], None]
    ) -> None:
        self.done: list[Fault] = []
        self._fleet = fleet
        self._planned = planned
        self._lost_after_s = lost_after_s
        self._say = say
        self._database = Database(fleet.settings["DATABASE_URL"])
        self._valkey = Valkey(fleet.settings["REDIS_URL"])
        self._snapshot = fleet.layout.var / "valkey-snapshot"
        self._stopping = threading.Event()
        self._waking: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()
        for thread in self._waking:
            thread.join()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self.join()

    def _run(self) -> None:
        began = time.monotonic()
        for planned in self._planned:
            if self._stopping.wait(max(0.0, began + planned.at_s - time.monotonic())):
                return
            try:
                self._break(planned)
            except (Away, OSError, LookupError) as error:
                self._say(f"{planned.kind}: not now ({error})")
            self._keep_snapshot()

    def _break(self, planned: PlannedFault) -> None:
        name = _PROCESSES.get(planned.kind)
        if name is not None:
            self._hurt(planned, role=name)
            return
        at_us = now_us()
        text = _OTHERS[planned.kind](self, planned)
        self._note(planned.kind, at_us, text=text)

    def _hurt(self, planned: PlannedFault, *, role: str) -> None:
        pids = self._fleet.pids()
        names = sorted(name for name in pids if name.partition("-")[0] == role)
        name = names[planned.which % len(names)]
        pid, victims = pids[name], tuple[tuple[int, int], ...]()
        if role == "worker":
            with contextlib.suppress(Away):
                victims = tuple(self._database.running_on(pid))
        if planned.kind is FaultKind.KILL_WARDEN:
            warden = self._fleet.warden_of(pid)
            if warden is None:
                raise LookupError(f"{name} has no warden")
            pid = warden
        at_us = now_us()
        if planned.kind is FaultKind.STOP_WORKER:
            seconds = self._lost_after_s * _STOPPED_FOR
            os.kill(pid, signal.SIGSTOP)
            thread = threading.Thread(target=self._wake_later, args=(pid, seconds), daemon=True)
            thread.start()
            self._waking.append(thread)
            self._note(planned.kind, at_us, until_us=at_us + int(seconds * 1e6), victims=victims, text=name)
            return
        os.kill(pid, signal.SIGKILL)
        self._note(planned.kind, at_us, victims=victims, text=name)

    def _wake_later(self, pid: int, seconds: float) -> None:
        self._stopping.wait(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def _kill_valkey(self, planned: PlannedFault) -> str:
        source = {FaultKind.EMPTY_VALKEY: "", FaultKind.OLD_VALKEY: str(self._snapshot)}.get(planned.kind)
        if source is not None and (not source or self._snapshot.exists()):
            (self._fleet.layout.var / NEXT_DATA).write_text(source, encoding="utf-8")
        os.kill(self._fleet.pids()["valkey"], signal.SIGKILL)
        return ""

    def _flush_valkey(self, planned: PlannedFault) -> str:
        self._valkey.empty()
        return ""

    def _pause_valkey(self, planned: PlannedFault) -> str:
        least, most = _PAUSE_S
        seconds = least + planned.amount * (most - least)
        self._valkey.pause(seconds)
        return f"{seconds:.1f} s"

    def _restart_postgres(self, planned: PlannedFault) -> str:
        # Half of the times as an operator does it, else as a crash that has to be recovered from.
        number = signal.SIGINT if planned.which % 2 else signal.SIGQUIT
        os.kill(self._fleet.pids()["postgres"], number)
        return number.name

    def _terminate_connections(self, planned: PlannedFault) -> str:
        return f"{self._database.terminate_connections(planned.amount)} connections"

    def _duplicate_hints(self, planned: PlannedFault) -> str:
        newest = self._database.newest(_FORGED)
        for execution, attempt, queue in newest:
            for forged in (attempt, attempt, attempt + 1, attempt - 1):
                self._valkey.send_hint(execution, forged, queue=queue)
        return f"{4 * len(newest)} hints"

    def _drop_hints(self, planned: PlannedFault) -> str:
        """Workers wait for hints, and are served in turn with whoever else does."""
        queues = sorted({queue for _, _, queue in self._database.newest(_FORGED)})
        with ThreadPoolExecutor(_THIEVES) as thieves:
            dropped = sum(thieves.map(lambda _: self._steal(queues), range(_THIEVES)))
        return f"{dropped} hints"

    def _steal(self, queues: Sequence[str]) -> int:
        dropped, until = 0, time.monotonic() + _DROP_FOR_S
        with contextlib.suppress(Away):
            while time.monotonic() < until:
                dropped += self._valkey.drop_hint(queues)
        return dropped

    def _keep_snapshot(self) -> None:
        """What a later fault finds as old data: of now and then, so that it is neither fresh nor ancient."""
        if len(self.done) % 4 == 1:
            with contextlib.suppress(OSError, shutil.Error):
                shutil.rmtree(self._snapshot, ignore_errors=True)
                shutil.copytree(self._fleet.layout.valkey, self._snapshot)

    def _note(
        self,
        kind: FaultKind,
        at_us: int,
        *,
        until_us: int | None = None,
        victims: tuple[tuple[int, int], ...] = (),
        text: str = "",
    ) -> None:
        self.done.append(Fault(kind, at_us, until_us or now_us(), victims, text))
        self._say(f"{kind} {text}".rstrip())


_PROCESSES: Mapping[FaultKind, str] = {
    FaultKind.KILL_WORKER: "worker",
    FaultKind.KILL_WARDEN: "worker",
    FaultKind.STOP_WORKER: "worker",
    FaultKind.KILL_CONDUCTOR: "conductor",
    FaultKind.KILL_SCHEDULER: "scheduler",
    FaultKind.KILL_WEB: "web",
}
_OTHERS: Mapping[FaultKind, Callable[[Faults, PlannedFault], str]] = {
    FaultKind.KILL_VALKEY: Faults._kill_valkey,
    FaultKind.EMPTY_VALKEY: Faults._kill_valkey,
    FaultKind.OLD_VALKEY: Faults._kill_valkey,
    FaultKind.FLUSH_VALKEY: Faults._flush_valkey,
    FaultKind.PAUSE_VALKEY: Faults._pause_valkey,
    FaultKind.RESTART_POSTGRES: Faults._restart_postgres,
    FaultKind.TERMINATE_CONNECTIONS: Faults._terminate_connections,
    FaultKind.DUPLICATE_HINTS: Faults._duplicate_hints,
    FaultKind.DROP_HINTS: Faults._drop_hints,
}
