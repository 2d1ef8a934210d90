"""The warden's main loop: find a supervisor for each run, watch the worker's pulse, gather orphans.

    python -I -S -c … <commands fd> <beats fd> <silence_s> <last beat> <most servers>

1. It says READY, then serves one SPAWN after the other; it never reads what a run is about. A SERVE starts a warm
   server, whose socket is lent to the supervisors of runs with its key.
2. It passes the worker's silence and, by its own end, the worker's death to all supervisors.
3. A supervisor that was killed leaves orphans to the warden, which kills them; only then does it let go
   of that run's control socket, so that the worker learns of the loss when nothing runs any more.
4. When the worker is gone it waits for its supervisors to finish, and ends.
"""

import gc
import os
import select
import signal
import socket
import sys
import time
from array import array
from types import FrameType

from apps.runner.warden import action, kernel, oom, serving, tree
from apps.runner.warden.pulse import Pulse
from apps.runner.warden.servers import Servers
from apps.runner.warden.supervisor import EXIT_CLEAN
from apps.runner.warden.supervisors import Charge, Supervisors
from apps.runner.warden.wire import (
    ACK,
    BEAT,
    NO_KEY,
    READY,
    RUN,
    SERVE,
    SPAWN,
    TOLD,
    TOLD_MAX_BYTES,
    Cause,
    Report,
    Stage,
)

#: control, order, and what the action gets: stdin, stdout, stderr, result, and perhaps a side input
_MAX_DESCRIPTORS = 8
#: between two looks at orphans that were killed but are not gone
_ORPHAN_ROUND_S = 0.02
#: Orphans that are not gone by then sit in the kernel; the run is told all the same.
_ORPHAN_PATIENCE_S = 5.0
#: The supervisors' own patience with what cannot be killed, and some more.
_FAREWELL_S = 10.0


class Warden:
    """The state of the loop."""

    def __init__(self, *, commands: socket.socket, beats: int, pulse: Pulse, wakeup: int, most_servers: int) -> None:
        self._commands = commands
        self._beats = beats
        self._pulse = pulse
        self._wakeup = wakeup
        self._bereft: list[Charge] = []
        self._oom_kills = oom.Baseline()
        self._deadline: float | None = None
        self._is_closing = False
        self._poll = select.poll()
        for descriptor in (commands.fileno(), beats, wakeup):
            self._poll.register(descriptor, select.POLLIN)
        self._servers = Servers(most=most_servers, poll=self._poll)
        self._supervisors = Supervisors(poll=self._poll)
        self._strays: set[int] = set()

    def run(self) -> None:
        """Serve until the worker is gone and nothing is left to watch."""
        while not (self._is_closing and self._is_done()):
            ready = {fd for fd, _ in self._poll.poll(self._patience_ms())}
            if self._wakeup in ready:
                os.read(self._wakeup, 4096)
                self._reap()
            self._supervisors.hear(ready)
            if self._beats in ready:
                self._hear_beats()
            if self._pulse.check(kernel.boottime()):
                self._supervisors.tell_silence()
            for told in self._servers.hear(ready):
                self._say(TOLD + told[: TOLD_MAX_BYTES - 1])
            if self._commands.fileno() in ready and not self._is_closing:
                self._hear_command()
            if self._bereft or self._is_closing:
                self._gather_orphans()

    def _patience_ms(self) -> float | None:
        if self._bereft or self._is_closing:
            return _ORPHAN_ROUND_S * 1000
        waits_s = (self._pulse.remaining_s(kernel.boottime()), self._supervisors.let_rest_go())
        wait_s = min((wait_s for wait_s in waits_s if wait_s is not None), default=None)
        return None if wait_s is None else wait_s * 1000 + 1

    # ── the worker ──

    def _hear_beats(self) -> None:
        stamps = os.read(self._beats, BEAT.size * 512)
        if not stamps:
            self._close()
            return
        for (stamp,) in BEAT.iter_unpack(stamps):
            if self._pulse.beat(stamp):
                self._supervisors.tell_silence()
            self._say(ACK)

    def _say(self, message: bytes) -> None:
        try:
            self._commands.send(message, socket.MSG_DONTWAIT)
        except OSError:  # gone, which its beats will tell, or not listening
            pass

    def _hear_command(self) -> None:
        message, descriptors = _receive(self._commands)
        if not message:
            self._close()
            return
        if len(message) == SERVE.size:
            self._serve(SERVE.unpack(message)[0], descriptors)
            return
        claimed_at, sent, key, has_own_limits = SPAWN.unpack(message)
        if len(descriptors) < sent:  # the rest did not fit below our limit of open files
            _close_all(descriptors)
        else:
            is_lost = not self._pulse.covers(claimed_at)
            self._spawn(descriptors, is_lost=is_lost, key=key, has_own_limits=has_own_limits)

    def _serve(self, key: bytes, descriptors: list[int]) -> None:
        if descriptors:
            self._servers.start(key, os.pread(descriptors[0], os.fstat(descriptors[0]).st_size, 0))
        _close_all(descriptors)

    def _close(self) -> None:
        """The worker is gone: the closed links tell every supervisor to kill at once."""
        self._is_closing = True
        self._deadline = time.monotonic() + _FAREWELL_S
        self._poll.unregister(self._commands)
        self._poll.unregister(self._beats)
        self._supervisors.close()
        self._servers.close()

    # ── the supervisors ──

    def _spawn(self, descriptors: list[int], *, is_lost: bool, key: bytes, has_own_limits: bool) -> None:
        control = descriptors[0]
        server = self._servers.find(key)
        lent = [] if server is None else [server.socket.fileno(), server.handle]
        oom_kills = self._oom_kills.count(time.monotonic())
        is_unserved = server is None and key != NO_KEY
        run = RUN.pack(oom_kills, is_lost, is_unserved, server is not None, has_own_limits)
        try:
            self._supervisors.hand(run, [*descriptors, *lent], control=control, alone=has_own_limits)
        except OSError as error:
            _refuse(control, error)
            os.close(control)
        _close_all(descriptors[1:])

    def _reap(self) -> None:
        try:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                self._take_end(*ended)
        except ChildProcessError:
            pass

    def _take_end(self, pid: int, status: int) -> None:
        self._strays.discard(pid)
        if self._servers.take_end(pid):
            # Keepers of runs that go on became ours: they are no orphans, their supervisors look after them.
            if not self._bereft:
                self._strays.update(set(tree.children(os.getpid())) - self._supervisors.pids - self._servers.pids)
            return
        charge = self._supervisors.take_end(pid)
        if charge is None or not charge.has_run:  # an orphan, or one that nobody needed
            return
        if status == EXIT_CLEAN:
            charge.release()
        else:
            self._bereft.append(charge)
            self._deadline = self._deadline or time.monotonic() + _ORPHAN_PATIENCE_S

    def _gather_orphans(self) -> None:
        """Kill what dead supervisors left; when it is gone, or cannot be killed, tell their workers."""
        tree.kill_tree(os.getpid(), spare=self._spared())
        self._reap()
        if self._has_orphans() and not self._is_late():
            return
        for charge in self._bereft:
            charge.release()
        self._bereft.clear()
        if not self._is_closing:
            self._deadline = None

    def _has_orphans(self) -> bool:
        return not self._spared().issuperset(tree.children(os.getpid()))

    def _spared(self) -> set[int]:
        """Whose processes have somebody who looks after them. The servers too, as long as their runs are ended."""
        spared = self._supervisors.pids
        if spared or not self._is_closing:
            spared |= self._servers.pids | self._strays
        return spared

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _is_done(self) -> bool:
        return self._is_late() or not (self._supervisors.pids or self._bereft or self._has_orphans())


def main(arguments: list[str]) -> None:
    """The life of the warden process. `arguments` as in the module's first lines."""
    commands_fd, beats, silence_s, last_beat, most_servers = arguments
    for descriptor in (int(commands_fd), int(beats)):
        os.set_inheritable(descriptor, False)
    wakeup = _prepare()
    commands = socket.socket(fileno=int(commands_fd))
    pulse = Pulse(silence_s=float(silence_s), last_beat=float(last_beat))
    commands.send(READY)
    warden = Warden(commands=commands, beats=int(beats), pulse=pulse, wakeup=wakeup, most_servers=int(most_servers))
    warden.run()


def _prepare() -> int:
    _take_signals()
    serving.bound_descriptors()
    kernel.set_name(b"attune-warden")
    kernel.become_subreaper()
    wakeup, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    # Forks share what nobody touches; the collector would touch everything.
    gc.collect()
    gc.freeze()
    gc.disable()
    return wakeup


def _take_signals() -> None:
    """What the worker was started with (`nohup`) is not for the actions. What warden and supervisors must not die of
    has a handler, which ends with an action's exec: an action would inherit what is blocked or ignored."""
    for signum in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(signum, _do_nothing if signum in action.HELD_OFF else signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, _do_nothing)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _do_nothing(_signum: int, _frame: FrameType | None) -> None:
    """A handler must be there for the wakeup descriptor to be written."""


def _receive(commands: socket.socket) -> tuple[bytes, list[int]]:
    space = socket.CMSG_SPACE(_MAX_DESCRIPTORS * array("i").itemsize)
    try:
        message, ancillary, _, _ = commands.recvmsg(64, space, socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError:  # it ended without reading our last word
        return b"", []
    descriptors = array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    return message, descriptors.tolist()


def _refuse(control: int, error: OSError) -> None:
    report = Report(cause=Cause.SPAWN_FAILED, stage=Stage.FORK, error_number=error.errno or 0)
    worker = socket.socket(fileno=os.dup(control))
    try:
        worker.send(report.encode())
    except OSError:  # gone
        pass
    finally:
        worker.close()


def _close_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


if __name__ == "__main__":
    main(sys.argv[1:])
