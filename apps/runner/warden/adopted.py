"""A warm start: the action is forked by a server that has its interpreter ready, under a keeper of its own.

The server's fork is no child of the supervisor, and cannot become one. So the fork (the *keeper*) is a subreaper: it
waits for what ends below it and says so; everything else, above all the killing, stays with the supervisor.

1. The supervisor asks the server, handing over descriptors, and waits for a hello. The kernel says whose it is.
2. Without one in time it lets go of the line, kills the server, and starts cold; the keeper ends without its leave.
3. With the leave there is no way back: from now on a line that breaks means that the run is lost.
4. The keeper tells the action's start and end, and its own, when nothing is left below it. If the line breaks it kills.
"""

import os
import select
import socket
import struct
import time
from array import array
from collections.abc import Sequence

from apps.runner.warden import action, servers
from apps.runner.warden.wire import Order, Stage, Start

_RUN = b"run"
_HELLO = b"hello"
_LEAVE = b"leave"
#: what the keeper tells: the action's pid, its wait status, and in the end seconds of CPU and bytes of memory
_STARTED, _ENDED, _GONE = struct.Struct("=ci"), struct.Struct("=ci"), struct.Struct("=cdq")
_CREDENTIALS = struct.Struct("=iii")
_MESSAGE_BYTES = 64
#: Ten times what a busy machine needs; a server that takes longer is stopped or broken.
_HELLO_PATIENCE_S = 1.0
#: for the fork that was given leave; a keeper that is stopped meanwhile is dealt with like a program that hangs
_FORK_PATIENCE_S = 5.0
#: for a keeper that was killed
_END_PATIENCE_S = 5.0


class Server:
    """What a supervisor has of a server: the socket to ask, and a handle to kill it by."""

    def __init__(self, *, asked: int, handle: int) -> None:
        self.asked = asked
        self.handle = handle


class Adopted:
    """The family of a warm start."""

    start = Start.WARM

    def __init__(self, line: socket.socket, *, root: int, keeper: int, failures: int) -> None:
        """`keeper` is a handle of the process `root`."""
        self._line = line
        self._failures = failures
        self._keeper = keeper
        self._usage = (0.0, 0)
        self.root = root
        self.pid = 0
        self.is_left = True
        self.is_lost = False
        self.status: int | None = None
        self.ended_at = 0.0

    def fileno(self) -> int:
        """Readable when there is something to `reap`."""
        return self._line.fileno()

    def reap(self) -> None:
        while self.is_left:
            try:
                message = self._line.recv(_MESSAGE_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            self._take(message)

    def failure(self) -> tuple[Stage, int] | None:
        return action.failure_of(self._failures)

    def usage(self) -> tuple[float, int]:
        return self._usage

    def leave(self) -> None:
        """Without its keeper everything that is left becomes the warden's; it is by the time this returns."""
        servers.kill(self._keeper)
        if self.is_left or self.is_lost:  # a line breaks before a dying process lets go of its children
            _is_readable(self._keeper, within_s=_END_PATIENCE_S)
        os.close(self._keeper)
        self._line.close()

    def _take(self, message: bytes) -> None:
        kind = message[:1]
        if kind == b"s" and len(message) == _STARTED.size:
            self.pid = _STARTED.unpack(message)[1]
        elif kind == b"e" and len(message) == _ENDED.size and self.status is None:
            self.status, self.ended_at = _ENDED.unpack(message)[1], time.monotonic()
        else:
            self.is_left = False
            self.is_lost = kind != b"g" or len(message) != _GONE.size
            if not self.is_lost:
                self._usage = _GONE.unpack(message)[1:]


def adopt(server: Server, order: Order, descriptors: Sequence[int], *, control: int) -> Adopted | None:
    """None: nothing was started, and nothing will be. `control` is held by the keeper until all below it is gone."""
    line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    failures, report_failure = os.pipe2(os.O_CLOEXEC)
    text = os.memfd_create("order", os.MFD_CLOEXEC)
    try:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        os.write(text, _as_text(order))
        _ask(server, array("i", (theirs.fileno(), report_failure, control, text, *descriptors)))
    except OSError:
        pass  # it is gone, or asked too much: nothing was sent, and the line ends below
    finally:
        theirs.close()
        os.close(report_failure)
        os.close(text)
    family = _given_leave(line, server, failures)
    if family is None:
        line.close()
        os.close(failures)
    return family


def _ask(server: Server, descriptors: "array[int]") -> None:
    with socket.socket(fileno=os.dup(server.asked)) as asked:
        asked.sendmsg([_RUN], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)], socket.MSG_DONTWAIT)


def _given_leave(line: socket.socket, server: Server, failures: int) -> Adopted | None:
    root = _hello(line, server)
    if root is None:
        return None
    try:
        keeper = os.pidfd_open(root)
    except OSError:
        return None
    try:
        line.send(_LEAVE)
    except OSError:
        os.close(keeper)
        return None
    family = Adopted(line, root=root, keeper=keeper, failures=failures)
    # A TERM for everything below the keeper must not come before there is anything.
    _is_readable(line, within_s=_FORK_PATIENCE_S)
    family.reap()
    return family


def _hello(line: socket.socket, server: Server) -> int | None:
    """The pid of the keeper. Of its own word nothing is taken: below that pid everything may be killed."""
    if not _is_readable(line, within_s=_HELLO_PATIENCE_S):
        servers.kill(server.handle)
        return None
    try:
        message, ancillary, _, _ = line.recvmsg(_MESSAGE_BYTES, socket.CMSG_SPACE(_CREDENTIALS.size))
    except OSError:
        return None
    for level, kind, data in ancillary:
        if message == _HELLO and (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            return int(_CREDENTIALS.unpack(data)[0])
    return None


def _is_readable(line: socket.socket | int, *, within_s: float) -> bool:
    poll = select.poll()
    poll.register(line, select.POLLIN)
    return bool(poll.poll(within_s * 1000))


def _as_text(order: Order) -> bytes:
    """Cwd, limits, the number of arguments, arguments, environment: for a program that shares no code with this one."""
    limits = b",".join(b"%d %d %d" % limit for limit in order.rlimits)
    return b"\0".join((order.cwd, limits, b"%d" % len(order.argv), *order.argv, *order.environment))
