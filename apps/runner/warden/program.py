"""The warden's main loop: fork a supervisor per run, watch the worker's pulse, gather orphans.

    python -I -S -c … <commands fd> <beats fd> <silence_s> <last beat>

1. It says READY, then serves one SPAWN after the other; it never reads what a run is about.
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

from apps.runner.warden import kernel, oom, supervisor, tree
from apps.runner.warden.pulse import Pulse
from apps.runner.warden.wire import ACK, BEAT, QUIET, READY, SPAWN, Cause, Report, Stage

#: control, order, and what the action gets: stdin, stdout, stderr, result, and perhaps a side input
_MAX_DESCRIPTORS = 8
#: between two looks at orphans that were killed but are not gone
_ORPHAN_ROUND_S = 0.02
#: Orphans that are not gone by then sit in the kernel; the run is told all the same.
_ORPHAN_PATIENCE_S = 5.0
#: The supervisors' own patience with what cannot be killed, and some more.
_FAREWELL_S = 10.0
#: Signals to a whole control group or terminal are for worker and actions: warden and supervisors live as
#: long as their worker. A broken pipe is an error to be told. Blocked, not ignored: see `action.start`.
_BLOCKED_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE)


class Charge:
    """A supervisor's life line (our end), and a copy of its control socket."""

    def __init__(self, *, life_line: int, control: int) -> None:
        self._life_line = life_line
        self._control = control

    def tell_silence(self) -> None:
        try:
            os.write(self._life_line, QUIET)
        except BrokenPipeError:  # it ended just now
            pass

    def cut_life_line(self) -> None:
        """Its supervisor kills at once."""
        if self._life_line >= 0:
            os.close(self._life_line)
            self._life_line = -1

    def release(self) -> None:
        """Nothing of this run is left: its worker may know."""
        self.cut_life_line()
        os.close(self._control)


class Warden:
    """The state of the loop."""

    def __init__(self, *, commands: socket.socket, beats: int, pulse: Pulse, wakeup: int) -> None:
        self._commands = commands
        self._beats = beats
        self._pulse = pulse
        self._wakeup = wakeup
        self._charges: dict[int, Charge] = {}
        self._bereft: list[Charge] = []
        self._oom_kills = oom.Baseline()
        self._deadline: float | None = None
        self._is_closing = False
        self._poll = select.poll()
        for descriptor in (commands.fileno(), beats, wakeup):
            self._poll.register(descriptor, select.POLLIN)

    def run(self) -> None:
        """Serve until the worker is gone and nothing is left to watch."""
        while not (self._is_closing and self._is_done()):
            ready = {fd for fd, _ in self._poll.poll(self._patience_ms())}
            if self._wakeup in ready:
                os.read(self._wakeup, 4096)
                self._reap()
            if self._beats in ready:
                self._hear_beats()
            if self._pulse.check(kernel.boottime()):
                self._tell_silence()
            if self._commands.fileno() in ready and not self._is_closing:
                self._hear_command()
            if self._bereft or self._is_closing:
                self._gather_orphans()

    def _patience_ms(self) -> float | None:
        if self._bereft or self._is_closing:
            return _ORPHAN_ROUND_S * 1000
        remaining_s = self._pulse.remaining_s(kernel.boottime())
        return None if remaining_s is None else remaining_s * 1000 + 1

    # ── the worker ──

    def _hear_beats(self) -> None:
        stamps = os.read(self._beats, BEAT.size * 512)
        if not stamps:
            self._close()
            return
        for (stamp,) in BEAT.iter_unpack(stamps):
            if self._pulse.beat(stamp):
                self._tell_silence()
            try:
                self._commands.send(ACK, socket.MSG_DONTWAIT)
            except OSError:  # gone, which its beats will tell, or not listening
                pass

    def _tell_silence(self) -> None:
        for charge in self._charges.values():
            charge.tell_silence()

    def _hear_command(self) -> None:
        message, descriptors = _receive(self._commands)
        if not message:
            self._close()
            return
        claimed_at, sent = SPAWN.unpack(message)
        if len(descriptors) < sent:  # the rest did not fit below our limit of open files
            _close_all(descriptors)
        else:
            self._spawn(descriptors, is_lost=not self._pulse.covers(claimed_at))

    def _close(self) -> None:
        """The worker is gone: the closed life lines tell every supervisor to kill at once."""
        self._is_closing = True
        self._deadline = time.monotonic() + _FAREWELL_S
        self._poll.unregister(self._commands)
        self._poll.unregister(self._beats)
        for charge in self._charges.values():
            charge.cut_life_line()

    # ── the supervisors ──

    def _spawn(self, descriptors: list[int], *, is_lost: bool) -> None:
        control, order, *for_action = descriptors
        oom_kills = self._oom_kills.count(time.monotonic())
        life_line, our_end = os.pipe2(os.O_CLOEXEC)
        charge = Charge(life_line=our_end, control=control)
        if is_lost:
            charge.tell_silence()
        try:
            pid = os.fork()
        except OSError as error:
            _refuse(control, error)
            charge.release()
            _close_all([order, life_line, *for_action])
            return
        if pid == 0:
            mine = supervisor.Descriptors(control=control, order=order, life_line=life_line, action=for_action)
            supervisor.supervise(mine, oom_kills=oom_kills)
        self._charges[pid] = charge
        _close_all([order, life_line, *for_action])

    def _reap(self) -> None:
        try:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                self._take_end(*ended)
        except ChildProcessError:
            pass

    def _take_end(self, pid: int, status: int) -> None:
        charge = self._charges.pop(pid, None)
        if charge is None:  # an orphan
            return
        if status == supervisor.EXIT_CLEAN:
            charge.release()
        else:
            self._bereft.append(charge)
            self._deadline = self._deadline or time.monotonic() + _ORPHAN_PATIENCE_S

    def _gather_orphans(self) -> None:
        """Kill what dead supervisors left; when it is gone, or cannot be killed, tell their workers."""
        tree.kill_tree(os.getpid(), spare=self._charges.keys())
        self._reap()
        if self._has_orphans() and not self._is_late():
            return
        for charge in self._bereft:
            charge.release()
        self._bereft.clear()
        if not self._is_closing:
            self._deadline = None

    def _has_orphans(self) -> bool:
        return any(pid not in self._charges for pid in tree.children(os.getpid()))

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _is_done(self) -> bool:
        return self._is_late() or not (self._charges or self._bereft or self._has_orphans())


def main(arguments: list[str]) -> None:
    """The life of the warden process. `arguments` as in the module's first lines."""
    commands_fd, beats, silence_s, last_beat = arguments
    for descriptor in (int(commands_fd), int(beats)):
        os.set_inheritable(descriptor, False)
    wakeup = _prepare()
    commands = socket.socket(fileno=int(commands_fd))
    pulse = Pulse(silence_s=float(silence_s), last_beat=float(last_beat))
    commands.send(READY)
    Warden(commands=commands, beats=int(beats), pulse=pulse, wakeup=wakeup).run()


def _prepare() -> int:
    signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED_SIGNALS)
    _default_signals()
    supervisor.bound_descriptors()
    kernel.set_name(b"attune-warden")
    kernel.become_subreaper()
    wakeup, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _do_nothing)
    # Forks share what nobody touches; the collector would touch everything.
    gc.collect()
    gc.freeze()
    gc.disable()
    return wakeup


def _default_signals() -> None:
    """What the worker was started with (`nohup`) is not for the actions."""
    for signum in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(signum, signal.SIG_DFL)


def _do_nothing(_signum: int, _frame: FrameType | None) -> None:
    """A handler must be there for the wakeup descriptor to be written."""


def _receive(commands: socket.socket) -> tuple[bytes, list[int]]:
    space = socket.CMSG_SPACE(_MAX_DESCRIPTORS * array("i").itemsize)
    message, ancillary, _, _ = commands.recvmsg(64, space, socket.MSG_CMSG_CLOEXEC)
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
