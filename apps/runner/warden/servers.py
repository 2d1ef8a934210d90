"""The warm servers of one warden: processes that fork an action faster than it could be started (see `adopted`).

The warden only starts and ends them, and lends their sockets to its supervisors. They run as the user of the runs they
are for, and end by themselves when they are not needed. A key is served by one at a time.
"""

import os
import select
import signal
import socket
import time

from apps.runner.warden import action, tree
from apps.runner.warden.wire import TOLD_MAX_BYTES, Order

#: what a server says when it can be asked; another protocol is another word
READY = b"ready 1"
REFUSED = b"refused "
#: its last word when a file has changed that it had imported
OUTDATED = b"outdated"
#: A server that ended so soon may do so again: its key is left alone for a while, longer where it never served.
_SHORT_LIFE_S = 10.0
_LEFT_ALONE_S = 5.0
_LEFT_ALONE_UNSERVED_S = 60.0
#: One that was asked later is not let go for another, or more kinds of runs than servers would only start servers.
_IN_USE_S = 30.0
_MAX_LEFT_ALONE = 1000
#: for a server to import its modules
_IMPORT_PATIENCE_S = 60.0
_TOO_SLOW = b"its modules were not imported within %d s" % _IMPORT_PATIENCE_S


class Server:
    """One process, our end of its socket, and a handle that its number cannot be taken from."""

    def __init__(self, *, pid: int, asked: socket.socket, now: float) -> None:
        self.pid = pid
        self.socket = asked
        self.handle = os.pidfd_open(pid)
        self.started_at = self.asked_at = now
        self.is_ready = False

    def release(self) -> None:
        """It ends when the last of its forks has."""
        self.socket.close()
        os.close(self.handle)


class Servers:
    """At most `most` at once: one more, and the one that was asked longest ago is let go."""

    def __init__(self, *, most: int, poll: select.poll) -> None:
        self._most = most
        self._poll = poll
        self._by_key: dict[bytes, Server] = {}  # the one asked last stands last
        self._left_alone: dict[bytes, float] = {}
        self.pids: set[int] = set()
        """Of all that live, also of those that were let go and wait for their forks."""

    def find(self, key: bytes) -> Server | None:
        """One that can be asked."""
        server = self._by_key.get(key)
        if server is None or not server.is_ready:
            return None
        self._by_key[key] = self._by_key.pop(key)
        server.asked_at = time.monotonic()
        return server

    def start(self, key: bytes, order: bytes) -> None:
        """Unless it is there, or died young a moment ago. What fails is no more than a cold start."""
        now = time.monotonic()
        if key in self._by_key or self._left_alone.get(key, now) > now or not self._most:
            return
        if len(self._by_key) >= self._most:
            oldest, server = next(iter(self._by_key.items()))
            if now - server.asked_at < _IN_USE_S:
                return
            self._let_go(oldest)
        self._left_alone.pop(key, None)
        try:
            server = _start(Order.decode(order), now)
        except OSError:
            return
        self.pids.add(server.pid)
        self._by_key[key] = server
        self._poll.register(server.socket, select.POLLIN)

    def hear(self, ready: set[int]) -> list[bytes]:
        """What servers said that refuse to serve, or would have."""
        told = [_TOO_SLOW for _ in self._give_up_on_slow_ones()]
        for key, server in list(self._by_key.items()):
            if server.socket.fileno() not in ready:
                continue
            try:
                message = server.socket.recv(TOLD_MAX_BYTES)
            except OSError:
                message = b""
            if message == READY:
                server.is_ready = True
                continue
            if message.startswith(REFUSED):
                told.append(message[len(REFUSED) :])
            if message != OUTDATED:
                self._leave_alone(key, server)
            self._let_go(key)
        return told

    def _give_up_on_slow_ones(self) -> list[bytes]:
        late = time.monotonic() - _IMPORT_PATIENCE_S
        slow = [key for key, server in self._by_key.items() if not server.is_ready and server.started_at < late]
        for key in slow:
            self._leave_alone(key, self._by_key[key])
            self._let_go(key)
        return slow

    def take_end(self, pid: int) -> bool:
        """Whether that was a server."""
        if pid not in self.pids:
            return False
        self.pids.discard(pid)
        for key, server in list(self._by_key.items()):
            if server.pid == pid:
                self._leave_alone(key, server)
                self._let_go(key)
        return True

    def close(self) -> None:
        """Those that nobody needs any more end; `pids` are those that have not yet."""
        for key in list(self._by_key):
            self._let_go(key)
        self._most = 0

    def _let_go(self, key: bytes) -> None:
        server = self._by_key.pop(key)
        self._poll.unregister(server.socket)
        # It forks for nobody, and may be in an import that never ends. The number of one that has ended is not its own.
        if not server.is_ready and server.pid in self.pids:
            tree.kill_tree(server.pid)
            kill(server.handle)
        server.release()

    def _leave_alone(self, key: bytes, server: Server) -> None:
        now = time.monotonic()
        if not server.is_ready or now - server.started_at < _SHORT_LIFE_S:
            if len(self._left_alone) >= _MAX_LEFT_ALONE:
                self._left_alone.clear()
            self._left_alone[key] = now + (_LEFT_ALONE_S if server.is_ready else _LEFT_ALONE_UNSERVED_S)


def kill(handle: int) -> None:
    """A server that does not answer: nobody else shall wait for it."""
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError:  # gone
        pass


def _start(order: Order, now: float) -> Server:
    """OSError: no process or descriptor was to be had."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    reader, writer = os.pipe2(os.O_CLOEXEC)
    try:
        pid, failures = action.start(order, (reader, writer, writer, theirs.fileno()))
        os.close(failures)
        return Server(pid=pid, asked=ours, now=now)
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
        os.close(reader)
        os.close(writer)
