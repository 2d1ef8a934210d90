"""All descriptors of one run: the worker's ends and the action's ends, and when each is closed."""

import contextlib
import os
import socket
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from apps.runner.memfd import sealed
from apps.runner.spec import RunAs
from apps.runner.stdin import Feeder
from apps.runner.talk import Inbox
from apps.runner.warden.wire import CLEANED_UP

#: The supervisor kills at once, and is patient for 5 s with what cannot be killed.
_ABANDON_PATIENCE_S = 10.0
_MESSAGE_BYTES = 256
#: of what is handed over: behind the control socket and the order
_FIRST_PIPE = 2


class Channels:
    """Pipes for stdin, stdout, stderr, the result and the error, the control socket, and memory files.

    To be left last of all: leaving them tells the supervisor that everything is cleaned up.

    The side input is a sealed memory file, not a pipe: nothing has to be pumped, a program that never
    reads it costs nothing, a shell reads it whole as a regular file, and nobody can change it.
    All descriptors are close-on-exec; only the action gets copies that are not. OSError: too many open files.
    """

    def __init__(
        self,
        *,
        order: bytes,
        stdin: bytes,
        side_input: bytes | None,
        run_as: RunAs | None = None,
        inbox: Inbox | None = None,
    ) -> None:
        """Pipes belong to the user of the run, who could not open them again by name (`/dev/stdout`) otherwise."""
        self._ours: list[int] = []
        self._theirs: list[int] = []
        self.supervisor, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._theirs.append(control.detach())
        self.feeder = Feeder(-1, b"")
        try:
            self._theirs.append(sealed("order", content=order))
            stdin_reader, stdin_writer = os.pipe()
            self._theirs.append(stdin_reader)
            self.feeder = Feeder(stdin_writer, stdin, inbox=inbox)
            self.stdout, self.stderr, self.result, self.error = [self._output_pipe() for _ in range(4)]
            if run_as is not None:
                for descriptor in self._theirs[_FIRST_PIPE:]:
                    os.fchown(descriptor, run_as.uid, run_as.gid)
            if side_input is not None:
                self._theirs.append(sealed("input", content=side_input))
        except BaseException:
            self._close()
            raise

    @property
    def handed_over(self) -> Sequence[int]:
        """In the order in which the warden expects them."""
        return self._theirs

    def close_theirs(self) -> None:
        """They were handed over, or never will be: as long as we hold them no stream ends. Idempotent."""
        while self._theirs:
            os.close(self._theirs.pop())

    def abandon(self) -> None:
        """Tell the supervisor that nobody waits any more: it kills the run. Returns when it is gone."""
        with contextlib.suppress(OSError):
            self.supervisor.shutdown(socket.SHUT_WR)
            self.supervisor.settimeout(_ABANDON_PATIENCE_S)
            while self.supervisor.recv(_MESSAGE_BYTES):
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):  # never handed over, or gone
            self.supervisor.send(CLEANED_UP, socket.MSG_DONTWAIT)
        self._close()

    def _output_pipe(self) -> int:
        reader, writer = os.pipe()
        self._ours.append(reader)
        self._theirs.append(writer)
        return reader

    def _close(self) -> None:
        self.close_theirs()
        self.supervisor.close()
        self.feeder.close()
        while self._ours:
            os.close(self._ours.pop())
