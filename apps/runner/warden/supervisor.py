"""One execution's own supervisor: forked by the warden, it starts the action, ends it and reports.

1. `supervise` takes over the forked process: own session, subreaper, only its own descriptors.
2. It listens once: an execution that was stopped or lost before the start never starts.
3. It starts the action and waits for its end, a stop, the timeout, the end of worker or warden.
4. TERM goes to the whole tree; after the grace, or at once where nobody is left to care, KILL.
5. When the action has ended, everything it left behind is killed, until there is no child any more.
6. Only then it reports. It stays until the worker has cleaned up, and if the worker dies before it
   could, removes the work directory itself.
"""

import enum
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence

from apps.runner.warden import action, kernel, oom, tree
from apps.runner.warden.wire import (
    CANCELED,
    CLEANED_UP,
    INTERRUPTED,
    NEVER_STARTED,
    QUIET,
    Cause,
    Order,
    Report,
    Stage,
)

#: A killed process that is not gone after this long sits in the kernel (a dead disk); nobody can help.
_KILL_PATIENCE_S = 5.0
#: between two rounds of killing, if no child ends before
_KILL_ROUND_S = 0.02
_MESSAGE_BYTES = 64
#: One wait of `poll`, which takes no more than 2**31 - 1 ms: a limit further away is looked at again.
_MAX_WAIT_S = 3600.0
_STDERR = 2
#: Two per run in the warden. Few enough to be closed one by one where the kernel cannot close a range.
_MAX_DESCRIPTORS = 8192

#: exit status of a supervisor: all descendants gone; some left to the warden
EXIT_CLEAN = 0
EXIT_LEFTOVERS = 3
EXIT_BROKEN = 70


class Descriptors:
    """What the warden hands to a supervisor: numbers of open descriptors."""

    def __init__(self, *, control: int, order: int, life_line: int, action: Sequence[int]) -> None:
        self.control = control
        self.order = order
        self.life_line = life_line
        self.action = action


class Phase(enum.IntEnum):
    """How far a run is on its way to its end. It never goes back."""

    RUNNING = 0
    ENDING = 1  # TERM was sent
    KILLING = 2
    OVER = 3


def supervise(descriptors: Descriptors, *, oom_kills: int) -> None:
    """The whole life of a freshly forked supervisor; never returns.

    `oom_kills` is the kernel's count of them before the run.
    """
    status = EXIT_BROKEN
    try:
        wakeup = _take_over(descriptors)
        order = Order.decode(_read_all(descriptors.order))
        status = Supervisor(order, descriptors, wakeup, oom_kills).run()
    except BaseException:  # noqa: BLE001  a second warden must not live on
        sys.excepthook(*sys.exc_info())  # the traceback module would cost the warden 1 MB
    finally:
        os._exit(status)


class Supervisor:
    """The state of one run. Events come in through `_listen`, the clock and `_reap`."""

    def __init__(self, order: Order, descriptors: Descriptors, wakeup: int, oom_kills: int) -> None:
        self._order = order
        self._control = socket.socket(fileno=descriptors.control)
        self._life_line = descriptors.life_line
        self._action_descriptors = descriptors.action
        self._wakeup = wakeup
        self._poll = select.poll()
        for descriptor in (self._control.fileno(), self._life_line, wakeup):
            self._poll.register(descriptor, select.POLLIN)
        self._phase = Phase.RUNNING
        self._cause = Cause.ITSELF
        self._deadline: float | None = None
        self._pid = 0
        self._failures = -1
        self._wait_status = NEVER_STARTED
        self._failure: tuple[Stage, int] | None = None
        self._started_at = self._ended_at = 0.0
        self._oom_kills = oom_kills
        self._has_children = False
        self._killed: set[int] = set()

    def run(self) -> int:
        """Run the action to its end; the exit status for the warden."""
        self._listen(0.0)
        if self._phase is Phase.RUNNING:
            self._start()
        self._close_action_descriptors()
        while self._has_children and self._phase is not Phase.OVER:
            self._listen(self._patience_s())
            if self._has_children:
                self._obey_clock()
        unkillable = len(tree.descendants(os.getpid())) if self._has_children else 0
        if not self._tell_worker(self._report(unkillable)):
            _remove(self._order.work_dir)
        return EXIT_LEFTOVERS if unkillable else EXIT_CLEAN

    def _start(self) -> None:
        self._started_at = time.monotonic()
        try:
            self._pid, self._failures = action.start(self._order, self._action_descriptors)
        except OSError as error:
            self._cause, self._failure = Cause.SPAWN_FAILED, (Stage.FORK, error.errno or 0)
            return
        self._has_children = True
        if self._order.timeout_s is not None:
            self._deadline = self._started_at + self._order.timeout_s

    def _close_action_descriptors(self) -> None:
        # As long as we hold them too, the worker would never see their end of file.
        for descriptor in set(self._action_descriptors):
            os.close(descriptor)

    # ── what comes in ──

    def _listen(self, patience_s: float | None) -> None:
        """Wait for news and take them in; ended children first, so that a late stop finds the end."""
        ready = {fd for fd, _ in self._poll.poll(None if patience_s is None else max(0.0, patience_s) * 1000)}
        if self._wakeup in ready:
            os.read(self._wakeup, 4096)
        if self._pid:
            self._reap()
        if self._control.fileno() in ready:
            self._hear_worker()
        if self._life_line in ready:
            self._hear_warden()

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._has_children = False
                return
            if pid == 0:
                return
            if pid == self._pid and not self._ended_at:  # later it may be somebody else's
                self._take_end(status)

    def _take_end(self, status: int) -> None:
        self._ended_at = time.monotonic()
        self._failure = action.failure_of(self._failures)
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
        message = os.read(self._life_line, len(QUIET))
        if not message:
            self._poll.unregister(self._life_line)
            self._kill_for(Cause.LOST)
        elif self._order.kill_on_silence:
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
                self._killed |= tree.kill_tree(os.getpid())
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
        tree.signal_tree(os.getpid(), signal.SIGTERM)
        tree.signal_tree(os.getpid(), signal.SIGCONT)  # a stopped process would not notice

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
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        stage, error_number = self._failure or (0, 0)
        return Report(
            cause=self._cause,
            wait_status=self._wait_status,
            stage=stage,
            error_number=error_number,
            out_of_memory=self._was_out_of_memory(),
            duration_s=(self._ended_at or time.monotonic()) - self._started_at if self._started_at else 0.0,
            cpu_s=usage.ru_utime + usage.ru_stime,
            max_rss_bytes=usage.ru_maxrss * 1024,
            killed=len(self._killed - {self._pid}),
            unkillable=unkillable,
        )

    def _was_out_of_memory(self) -> bool:
        # A plain exit has its code in the high byte, so this is "died of SIGKILL and nothing else".
        is_suspect = self._wait_status == signal.SIGKILL and self._pid not in self._killed
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


def _take_over(descriptors: Descriptors) -> int:
    """Turn a fork of the warden into a process of its own; the descriptor that wakes it for a SIGCHLD."""
    keep = {_STDERR, descriptors.control, descriptors.order, descriptors.life_line}
    _close_all_but(keep | set(descriptors.action))
    os.setsid()
    kernel.set_name(b"attune-run")
    kernel.become_subreaper()
    wakeup, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    return wakeup


def bound_descriptors() -> None:
    """Keep the numbers of descriptors below what `_close_all_but` closes; for the warden, once."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, _MAX_DESCRIPTORS), hard))


def _close_all_but(keep: set[int]) -> None:
    # Life lines of other runs above all: a copy here would hide the warden's death from them.
    first = 0
    for kept in (*sorted(keep), _MAX_DESCRIPTORS):
        os.closerange(first, kept)
        first = kept + 1


def _read_all(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    content = os.pread(descriptor, size, 0)
    os.close(descriptor)
    return content


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
