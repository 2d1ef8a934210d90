"""All descriptors of one run: the worker's ends and the action's ends, and when each is closed."""

import contextlib
import os
import socket
from collections.abc import Sequence
from contextlib import ExitStack
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
        with ExitStack() as ours, ExitStack() as theirs:
            self.supervisor, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.callback(self.supervisor.close)
            theirs.callback(control.close)
            stdin_reader, stdin_writer = os.pipe()
            theirs.callback(os.close, stdin_reader)
            self.feeder = Feeder(stdin_writer, stdin, inbox=inbox)
            ours.callback(self.feeder.close)
            self.stdout, stdout = _output_pipe(ours, theirs)
            self.stderr, stderr = _output_pipe(ours, theirs)
            self.result, result = _output_pipe(ours, theirs)
            self.error, error = _output_pipe(ours, theirs)
            memory = _memory("order", order, theirs)
            handed_over = [control.fileno(), memory, stdin_reader, stdout, stderr, result, error]
            if side_input is not None:
                handed_over.append(_memory("input", side_input, theirs))
            self.handed_over: Sequence[int] = handed_over
            """In the order in which the warden expects them."""
            if run_as is not None:
                for descriptor in (stdin_reader, stdout, stderr, result, error):
                    os.fchown(descriptor, run_as.uid, run_as.gid)
            self._ours, self._theirs = ours.pop_all(), theirs.pop_all()

    def close_theirs(self) -> None:
        """They were handed over, or never will be: as long as we hold them no stream ends. Idempotent."""
        self._theirs.close()

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
        self._theirs.close()
        self._ours.close()


def _output_pipe(ours: ExitStack, theirs: ExitStack) -> tuple[int, int]:
    reader, writer = os.pipe()
    ours.callback(os.close, reader)
    theirs.callback(os.close, writer)
    return reader, writer


def _memory(name: str, content: bytes, owner: ExitStack) -> int:
    descriptor = sealed(name, content=content)
    owner.callback(os.close, descriptor)
    return descriptor
