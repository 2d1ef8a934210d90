"""The worker's side of the warden: start it, beat, hand it runs, replace it when it dies.

1. `start` before the worker has any thread (a later restart is safe, the first start is merely earliest).
2. `beat` every few seconds, after each heartbeat the database took. Silence kills what others may take over.
3. `spawn` hands over one run; a dead warden is replaced by the next spawn.
4. `close`, or the end of this process however it ends: everything still running is killed.
"""

import contextlib
import logging
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from apps.runner.memfd import sealed
from apps.runner.warden import kernel
from apps.runner.warden.wire import ACK, BEAT, NO_KEY, READY, SERVE, SPAWN, TOLD, TOLD_MAX_BYTES

logger = logging.getLogger(__name__)

_PROJECT = Path(__file__).resolve().parents[2]
# Appended, so that nothing of the project can stand before the standard library.
_BOOT = (
    f"import sys; sys.path.append({str(_PROJECT)!r}); from apps.runner.warden.program import main; main(sys.argv[1:])"
)
#: Nothing of the worker's environment: it holds keys, and every supervisor would have a copy.
_PASSED_ENVIRONMENT = ("LD_LIBRARY_PATH", "PATH")

#: a start takes about 30 ms; this is for a machine on its knees
_START_PATIENCE_S = 30.0
#: the same for a warden that does not take what it is sent
_SEND_PATIENCE_S = 30.0
#: It kills its runs and waits for them, 10 s at most, before it ends.
_CLOSE_PATIENCE_S = 15.0
#: This many beats without an answer, and a warden that is stopped or stuck is killed with its runs.
_UNANSWERED_BEATS = 12


class WardenUnavailableError(Exception):
    """The warden could not be started, or does not listen."""


class Warden:
    """One per worker. All methods may be called from any thread."""

    def __init__(self, *, silence_s: float = 20.0, most_servers: int = 8) -> None:
        """`most_servers` is how many warm servers it has at once."""
        self._silence_s = silence_s
        self._most_servers = most_servers
        self._lock = threading.Lock()
        self._process: _WardenProcess | None = None
        self._last_beat = kernel.boottime()
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """Of the living warden process; None if there is none."""
        process = self._process
        return process.pid if process is not None and process.is_alive else None

    def start(self) -> None:
        """Start the process and wait until it is ready. WardenUnavailableError."""
        self._last_beat = kernel.boottime()
        self._living()

    def beat(self) -> None:
        """The worker is alive and others believe it too. Never blocks."""
        self._last_beat = kernel.boottime()
        process = self._process
        if process is None:
            return
        process.beat(self._last_beat)
        if process.unanswered_beats >= _UNANSWERED_BEATS:
            logger.error("the warden %s does not answer and is killed, with all its runs", process.pid)
            process.kill()

    def spawn(
        self,
        descriptors: Sequence[int],
        *,
        claimed_at: float,
        server: bytes = NO_KEY,
        has_own_limits: bool = False,
    ) -> None:
        """Hand over a run: its control socket, its order, and the action's descriptors; `server` is the key of the
        warm server it may be started by. `has_own_limits`: they are other than those of most runs.

        The caller closes its copies afterwards. What became of the run is told over the control socket,
        and by its end of file where there is nobody left to tell. WardenUnavailableError: it was not started.
        """
        message = SPAWN.pack(claimed_at, len(descriptors), server, has_own_limits)
        process = self._process  # whether it lives is seen when it is sent something
        for _ in range(2):
            process = process or self._living()
            try:
                process.send(message, descriptors)
            except (BrokenPipeError, ConnectionResetError):  # it died; what was not taken did not start
                process.kill()
                process = None
            else:
                return
        raise WardenUnavailableError("the warden dies as soon as it is started")

    def serve(self, key: bytes, order: bytes) -> None:
        """Have a warm server started, unless it is there. What goes wrong means that runs go on to start cold."""
        process = self._process
        with contextlib.suppress(OSError, WardenUnavailableError):
            memory = sealed("server", content=order)
            try:
                if process is not None:
                    process.send(SERVE.pack(key), [memory])
            finally:
                os.close(memory)

    def close(self) -> None:
        """End the warden and everything it runs, and wait for that. There is no way back."""
        with self._lock:
            self._is_closed = True
            process, self._process = self._process, None
        if process is not None:
            process.close()

    def _living(self) -> "_WardenProcess":
        with self._lock:
            if self._is_closed:
                raise WardenUnavailableError("the warden was closed")
            if self._process is None or not self._process.is_alive:
                if self._process is not None:
                    logger.warning("the warden %s is dead and is replaced", self._process.pid)
                    self._process.kill()
                self._process = _WardenProcess(
                    silence_s=self._silence_s, last_beat=self._last_beat, most_servers=self._most_servers
                )
            return self._process


class _WardenProcess:
    """One warden process and our ends of its socket and pipe.

    The lock is held while a descriptor is used or closed: closed under a sender, its number could
    already belong to somebody else.
    """

    def __init__(self, *, silence_s: float, last_beat: float, most_servers: int) -> None:
        self.unanswered_beats = 0
        self._lock = threading.Lock()
        try:
            settings = (repr(silence_s), repr(last_beat), str(most_servers))
            self._popen, self._commands, self._beats = _start(settings)
        except OSError as error:
            raise WardenUnavailableError(f"the warden cannot be started: {error}") from error
        self._commands_fd = self._commands.fileno()
        self._await_ready()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def beat(self, stamp: float) -> None:
        while message := self._receive():
            if message == ACK:
                self.unanswered_beats -= 1
            elif message.startswith(TOLD):
                text = message[len(TOLD) :].decode("utf-8", "replace")
                logger.warning("no warm starts where this is so: %s", text)
        self.unanswered_beats += 1
        with self._lock, contextlib.suppress(OSError):  # full, dead or closed: counted, or replaced
            os.write(self._beats, BEAT.pack(stamp))

    def send(self, message: bytes, descriptors: Sequence[int]) -> None:
        deadline = time.monotonic() + _SEND_PATIENCE_S
        while not self._try_send(message, descriptors):
            if not self._wait(select.POLLOUT, until=deadline):
                raise WardenUnavailableError("the warden does not listen")

    def kill(self) -> None:
        """Its supervisors notice and kill their runs."""
        self._popen.kill()
        self._popen.wait()
        self._release()

    def close(self) -> None:
        self._release()
        try:
            self._popen.wait(_CLOSE_PATIENCE_S)
        except subprocess.TimeoutExpired:
            logger.warning("the warden %s does not end and is killed", self.pid)
            self.kill()

    def _release(self) -> None:
        with self._lock:
            self._commands.close()
            if self._beats >= 0:
                os.close(self._beats)
                self._beats = -1

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _START_PATIENCE_S
        if self._wait(select.POLLIN, until=deadline) and self._receive() == READY:
            return
        self.kill()
        raise WardenUnavailableError(f"the warden did not come up and ended with {self._popen.returncode}")

    def _try_send(self, message: bytes, descriptors: Sequence[int]) -> bool:
        with self._lock:
            if self._beats < 0:
                raise BrokenPipeError("killed by another thread")
            try:
                socket.send_fds(self._commands, [message], list(descriptors))
            except BlockingIOError:
                return False
            return True

    def _receive(self) -> bytes:
        with self._lock:
            try:
                return self._commands.recv(TOLD_MAX_BYTES)
            except OSError:  # nothing there, nobody there, or closed
                return b""

    def _wait(self, event: int, *, until: float) -> bool:
        poll = select.poll()
        poll.register(self._commands_fd, event)  # at worst it wakes for nothing
        return bool(poll.poll(max(0.0, until - time.monotonic()) * 1000))


def _start(settings: Sequence[str]) -> tuple[subprocess.Popen[bytes], socket.socket, int]:
    """The process, our end of its command socket, our end of the pipe of beats."""
    with contextlib.ExitStack() as on_error:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        on_error.callback(ours.close)
        with theirs:
            beats_in, beats = os.pipe()
            on_error.callback(os.close, beats)
            try:
                popen = _popen(theirs.fileno(), beats_in, settings)
            finally:
                os.close(beats_in)
        ours.setblocking(False)
        os.set_blocking(beats, False)
        on_error.pop_all()
        return popen, ours, beats


def _popen(commands: int, beats: int, settings: Sequence[str]) -> subprocess.Popen[bytes]:
    arguments = [str(commands), str(beats), *settings]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _BOOT, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd="/",
        env={name: os.environ[name] for name in _PASSED_ENVIRONMENT if name in os.environ},
        pass_fds=(commands, beats),
        start_new_session=True,  # a Ctrl-C is for the worker
    )
