"""The supervisors of one warden: those that have a run, and those that wait for one."""

import os
import select
import socket
import time
from collections.abc import Sequence

from apps.runner.warden import serving
from apps.runner.warden.quickstart import guard_pipe
from apps.runner.warden.wire import QUIET

#: Each costs 1.3 MB that it does not share, and a new one a millisecond.
_MOST_IDLE_S = 1.0
_MESSAGE_BYTES = 64


class Charge:
    """One supervisor: our end of its link, its guard, and a copy of the control socket of the run that it has."""

    def __init__(self, *, pid: int, link: socket.socket, guard: int) -> None:
        self.pid = pid
        self.link = link
        self.number = link.fileno()
        self.guard = guard
        self.idle_since = 0.0
        self._control = -1

    @property
    def has_run(self) -> bool:
        """Also where it has died of it: its worker was not told yet."""
        return self._control >= 0

    def hand(self, run: bytes, descriptors: Sequence[int], *, control: int) -> None:
        """`control` becomes ours. OSError: it is gone, and `control` is still the caller's."""
        socket.send_fds(self.link, [run], list(descriptors))
        self._control = control

    def tell_silence(self) -> None:
        try:
            self.link.send(QUIET, socket.MSG_DONTWAIT)
        except OSError:  # it ended just now
            pass

    def release(self) -> None:
        """Nothing of its run is left: the worker may know."""
        if self._control >= 0:
            os.close(self._control)
            self._control = -1


class Supervisors:
    """Who has nothing to do is taken before another one is forked; the last to be done is the first to be taken."""

    def __init__(self, *, poll: select.poll) -> None:
        self._poll = poll
        self._by_pid: dict[int, Charge] = {}
        self._by_link: dict[int, Charge] = {}
        self._idle: list[Charge] = []

    @property
    def pids(self) -> set[int]:
        return set(self._by_pid)

    def hand(self, run: bytes, descriptors: Sequence[int], *, control: int, alone: bool) -> None:
        """A run for one of them; with `alone`, for a new one. `control` becomes ours. OSError: none could be forked, or
        told."""
        while self._idle and not alone:
            try:
                self._hand_to(self._idle.pop(), run, descriptors, control=control)
            except (BrokenPipeError, ConnectionResetError):  # somebody has killed it
                continue
            return
        self._hand_to(self._forked(), run, descriptors, control=control)

    def hear(self, ready: set[int]) -> None:
        """Whose run is over waits for the next one."""
        for number in ready & self._by_link.keys():
            charge = self._by_link[number]
            if _heard(charge):
                charge.release()
                charge.idle_since = time.monotonic()
                self._idle.append(charge)
            else:
                self._cut(charge)

    def tell_silence(self) -> None:
        for charge in self._by_pid.values():
            if charge.has_run:
                charge.tell_silence()

    def let_rest_go(self) -> float | None:
        """Those that nobody has needed for a while; seconds until the next one, None if there is none."""
        now = time.monotonic()
        while self._idle and self._idle[0].idle_since + _MOST_IDLE_S <= now:
            self._cut(self._idle[0])
        return self._idle[0].idle_since + _MOST_IDLE_S - now if self._idle else None

    def take_end(self, pid: int) -> Charge | None:
        """The supervisor that this was."""
        charge = self._by_pid.pop(pid, None)
        if charge is not None:
            self._cut(charge)
            os.close(charge.guard)
        return charge

    def close(self) -> None:
        """Whoever has a run kills it at once, and all end."""
        for charge in self._by_pid.values():
            self._cut(charge)

    def _hand_to(self, charge: Charge, run: bytes, descriptors: Sequence[int], *, control: int) -> None:
        try:
            charge.hand(run, descriptors, control=control)
        except OSError:
            self._cut(charge)  # it would neither have a run nor wait for one
            raise

    def _forked(self) -> Charge:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reader, writer = guard_pipe()
        try:
            pid = os.fork()
            if pid == 0:
                serving.serve(theirs.detach(), guard=(reader, writer))
        except OSError:
            ours.close()
            os.close(reader)
            raise
        finally:
            theirs.close()
            os.close(writer)
        charge = Charge(pid=pid, link=ours, guard=reader)
        self._by_pid[pid] = self._by_link[charge.number] = charge
        self._poll.register(ours, select.POLLIN)
        return charge

    def _cut(self, charge: Charge) -> None:
        """It kills what it runs, if anything, and ends. Idempotent."""
        if self._by_link.get(charge.number) is not charge:
            return
        del self._by_link[charge.number]
        self._poll.unregister(charge.link)
        charge.link.close()
        if charge in self._idle:
            self._idle.remove(charge)


def _heard(charge: Charge) -> bool:
    """It is done; else it is gone."""
    try:
        return bool(charge.link.recv(_MESSAGE_BYTES))
    except OSError:
        return False
