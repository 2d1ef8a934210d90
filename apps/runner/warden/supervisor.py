"""One run under its supervisor: started, watched, ended and reported.

1. It listens once: an execution that was stopped or lost before the start never starts.
2. It starts the action and waits for its end, a stop, the timeout, the end of worker or warden.
3. TERM goes to the whole tree; after the grace, or at once where nobody is left to care, KILL.
4. When the action has ended, everything it left behind is killed, until there is no child any more.
5. Only then it reports. It stays until the worker has cleaned up, and if the worker dies before it
   could, removes the work directory itself.

The process around it (`serving`) has one run after the other; nothing of one may be left for the next.
"""

import enum
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence

from apps.runner.warden import oom, tree
from apps.runner.warden.adopted import Adopted, Server, adopt
from apps.runner.warden.family import Family, Forked, Nobody
from apps.runner.warden.quickstart import NotStarted, QuickStart
from apps.runner.warden.wire import (
    CANCELED,
    CLEANED_UP,
    INTERRUPTED,
    NEVER_STARTED,
    Cause,
    Order,
    Report,
    Stage,
    Start,
)

#: A killed process that is not gone after this long sits in the kernel (a dead disk); nobody can help.
_KILL_PATIENCE_S = 5.0
#: between two rounds of killing, if no child ends before
_KILL_ROUND_S = 0.02
_MESSAGE_BYTES = 64
#: One wait of `poll`, which takes no more than 2**31 - 1 ms: a limit further away is looked at again.
_MAX_WAIT_S = 3600.0

#: exit status of a supervisor: all descendants gone; some left to the warden
EXIT_CLEAN = 0
EXIT_LEFTOVERS = 3
EXIT_BROKEN = 70


class Given:
    """What the warden hands over for one run. All its descriptors are closed with the run."""

    def __init__(
        self,
        *,
        control: socket.socket,
        order: Order,
        action: Sequence[int],
        server: Server | None,
        oom_kills: int,
        is_lost: bool,
        is_unserved: bool,
        has_own_limits: bool,
    ) -> None:
        """`oom_kills` is the kernel's count of them before the run. `is_lost`: the worker has been silent since it
        claimed. `is_unserved`: it has no server and wants one."""
        self.control = control
        self.order = order
        self.action = action
        self.server = server
        self.oom_kills = oom_kills
        self.is_lost = is_lost
        self.is_unserved = is_unserved
        self.has_own_limits = has_own_limits


class Phase(enum.IntEnum):
    """How far a run is on its way to its end. It never goes back."""

    RUNNING = 0
    ENDING = 1  # TERM was sent
    KILLING = 2
    OVER = 3


class Supervisor:
    """The state of one run. Events come in through `_listen`, the clock and `_reap`."""

    def __init__(self, given: Given, *, link: socket.socket, wakeup: int, quick: QuickStart | None) -> None:
        """`link` leads to the warden; `wakeup` can be read when a child has ended; without `quick` it is forked."""
        self._order = given.order
        self._control = given.control
        self._action_descriptors = given.action
        self._server = given.server
        self._is_unserved = given.is_unserved
        self._is_lost = given.is_lost
        self._oom_kills = given.oom_kills
        self._quick = quick
        self._link = link
        self._wakeup = wakeup
        self._poll = select.poll()
        for descriptor in (given.control.fileno(), link.fileno(), wakeup):
            self._poll.register(descriptor, select.POLLIN)
        self._phase = Phase.RUNNING
        self._cause = Cause.ITSELF
        self._deadline: float | None = None
        self._family: Family = Nobody()
        self._wait_status = NEVER_STARTED
        self._failure: tuple[Stage, int] | None = None
        self._started_at = self._ended_at = 0.0
        self._killed: set[int] = set()

    def run(self) -> int:
        """Run the action to its end; one of the exit statuses."""
        self._listen(0.0)
        if self._is_lost:
            self._take_silence()
        if self._phase is Phase.RUNNING:
            self._start()
        self._close_descriptors()
        self._reap()  # a warm start may have come to its end by now
        while self._family.is_left and self._phase is not Phase.OVER:
            self._listen(self._patience_s())
            if self._family.is_left:
                self._obey_clock()
        unkillable = len(tree.descendants(self._family.root)) if self._family.is_left else 0
        self._family.leave()
        if self._family.is_lost:
            return EXIT_BROKEN
        if not self._tell_worker(self._report(unkillable)):
            _remove(self._order.work_dir)
        self._control.close()
        return EXIT_LEFTOVERS if unkillable else EXIT_CLEAN

    def _start(self) -> None:
        self._started_at = time.monotonic()
        try:
            self._family = self._adopted() or Forked(self._order, self._action_descriptors, quick=self._quick)
        except NotStarted as error:
            self._cause, self._failure = Cause.SPAWN_FAILED, (error.stage, error.errno or 0)
            return
        except OSError as error:
            self._cause, self._failure = Cause.SPAWN_FAILED, (Stage.FORK, error.errno or 0)
            return
        if self._order.timeout_s is not None:
            self._deadline = self._started_at + self._order.timeout_s

    def _adopted(self) -> Adopted | None:
        if self._server is None:
            return None
        family = adopt(self._server, self._order, self._action_descriptors, control=self._control.fileno())
        if family is None:
            self._is_unserved = True
        else:
            self._poll.register(family, select.POLLIN)
        return family

    def _close_descriptors(self) -> None:
        # As long as we hold them too, the worker would never see the end of file of its action's streams, nor a server
        # that the warden has let it go.
        for descriptor in set(self._action_descriptors):
            os.close(descriptor)
        if self._server is not None:
            os.close(self._server.asked)
            os.close(self._server.handle)

    # ── what comes in ──

    def _listen(self, patience_s: float | None) -> None:
        """Wait for news and take them in; ended children first, so that a late stop finds the end."""
        ready = {fd for fd, _ in self._poll.poll(None if patience_s is None else max(0.0, patience_s) * 1000)}
        if self._wakeup in ready:
            os.read(self._wakeup, 4096)
        self._reap()
        if self._control.fileno() in ready:
            self._hear_worker()
        if self._link.fileno() in ready:
            self._hear_warden()

    def _reap(self) -> None:
        self._family.reap()
        if self._family.status is not None and not self._ended_at:
            self._take_end(self._family.status)

    def _take_end(self, status: int) -> None:
        self._ended_at = self._family.ended_at
        self._failure = self._family.failure()
        if self._failure is None:
            self._wait_status = status
        elif self._cause is Cause.ITSELF:
            self._cause = Cause.SPAWN_FAILED
        if self._phase is Phase.RUNNING:  # while it is ending, its descendants share the grace
            self._kill()

    def _hear_worker(self) -> None:
        try:
            message = self._control.recv(_MESSAGE_BYTES)
        except ConnectionResetError:
            message = b""
        if message in (CANCELED, INTERRUPTED):
            self._end(Cause.STOPPED)
        else:
            self._poll.unregister(self._control)
            self._kill_for(Cause.LOST)

    def _hear_warden(self) -> None:
        try:
            message = self._link.recv(_MESSAGE_BYTES)
        except ConnectionResetError:
            message = b""
        if message:
            self._take_silence()
        else:
            self._poll.unregister(self._link)
            self._kill_for(Cause.LOST)

    def _take_silence(self) -> None:
        if self._order.kill_on_silence:
            self._kill_for(Cause.LOST)

    # ── the way to the end ──

    def _patience_s(self) -> float | None:
        if self._phase is Phase.KILLING:
            return _KILL_ROUND_S
        return None if self._deadline is None else min(_MAX_WAIT_S, self._deadline - time.monotonic())

    def _obey_clock(self) -> None:
        is_due = self._deadline is not None and time.monotonic() >= self._deadline
        if self._phase is Phase.KILLING:
            if is_due:
                self._phase = Phase.OVER
            else:
                self._killed |= tree.kill_tree(self._family.root)
        elif is_due and self._phase is Phase.RUNNING:
            self._end(Cause.TIMEOUT)
        elif is_due:
            self._kill()

    def _end(self, cause: Cause) -> None:
        """TERM to the whole tree, and the grace begins. A second reason changes nothing."""
        if self._phase is not Phase.RUNNING:
            return
        self._phase, self._cause = Phase.ENDING, cause
        self._deadline = time.monotonic() + self._order.grace_s
        if self._family.is_left:
            tree.signal_tree(self._family.root, signal.SIGTERM)
            tree.signal_tree(self._family.root, signal.SIGCONT)  # a stopped process would not notice

    def _kill_for(self, cause: Cause) -> None:
        if self._phase is Phase.RUNNING:
            self._cause = cause
        if self._phase < Phase.KILLING:
            self._kill()

    def _kill(self) -> None:
        self._phase = Phase.KILLING
        self._deadline = time.monotonic() + _KILL_PATIENCE_S

    # ── the report ──

    def _report(self, unkillable: int) -> Report:
        cpu_s, max_rss_bytes = self._family.usage()
        stage, error_number = self._failure or (0, 0)
        return Report(
            cause=self._cause,
            wait_status=self._wait_status,
            stage=stage,
            error_number=error_number,
            out_of_memory=self._was_out_of_memory(),
            duration_s=(self._ended_at or time.monotonic()) - self._started_at if self._started_at else 0.0,
            cpu_s=cpu_s,
            max_rss_bytes=max_rss_bytes,
            killed=len(self._killed - {self._family.pid}),
            unkillable=unkillable,
            start=Start.UNSERVED if self._is_unserved else self._family.start,
        )

    def _was_out_of_memory(self) -> bool:
        # A plain exit has its code in the high byte, so this is "died of SIGKILL and nothing else".
        is_suspect = self._wait_status == signal.SIGKILL and self._family.pid not in self._killed
        return is_suspect and oom.kill_count() > self._oom_kills >= 0

    def _tell_worker(self, report: Report) -> bool:
        """Report, and wait for the worker to clean up; False if it is gone. It may sleep for long before."""
        try:
            self._control.send(report.encode())
            while message := self._control.recv(_MESSAGE_BYTES):
                if message == CLEANED_UP:  # rather than a stop that comes too late
                    return True
        except OSError:
            pass
        return False


def _remove(work_dir: bytes) -> None:
    # Only imported where the worker is gone: with what it needs it would cost every warden 1.5 MB.
    from pathlib import Path

    from apps.runner.removal import remove_tree

    try:
        remove_tree(Path(os.fsdecode(work_dir)))
    except FileNotFoundError:  # the worker came as far as that
        pass
    except OSError:
        sys.excepthook(*sys.exc_info())
