"""An action's start without a copy of its supervisor, which shares its memory until the exec instead (`vfork`).

A fork of a small Python costs two milliseconds more, most of it page faults on both sides. But between such a start and
the exec no code of ours can run, so the supervisor has beforehand what the action is to inherit: limits, descriptors,
likelihood as a victim. What it cannot have, since there would be no way back, starts by `action.start`: runs of another
user, or with limits of their own.

In place of the parent-death signal, which only a child can ask for itself, a *guard* kills the action when its
supervisor dies: a pipe whose writing end only the supervisor has, and whose reading end tells its end, by SIGKILL, to
the process it belongs to. The warden keeps the reading end, so that this works in whatever order they die.
"""

import _posixsubprocess
import fcntl
import os
import signal
import sys
from collections.abc import Callable, Sequence

from apps.runner.warden import action, oom
from apps.runner.warden.wire import Order, Stage

_STDERR = 2
_STANDARD = 3
_UNSET = -1
#: `fork_exec` is Python's own affair: of a version that nobody has looked at yet, actions are forked.
_IS_KNOWN = sys.version_info < (3, 15)
#: Until Python 3.13 it asks whether it may use `vfork`.
_LAST: tuple[bool, ...] = (True,) if sys.version_info < (3, 14) else ()
_MESSAGE_BYTES = 256
#: It takes more than its stub says.
_fork_exec: Callable[..., int] = _posixsubprocess.fork_exec


class NotStarted(OSError):
    """No process is left of the start that failed; `stage` is the step."""

    def __init__(self, stage: Stage, error: OSError) -> None:
        super().__init__(error.errno, error.strerror)
        self.stage = stage


def guard_pipe() -> tuple[int, int]:
    """The reading end, which somebody else is to keep too, and the writing end. In the supervisor that one must have
    the higher number: descriptors of a dying process are let go from the highest."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    fcntl.fcntl(reader, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC)
    return reader, writer


class QuickStart:
    """Of one supervisor, which has handlers for signals it must not die of, and no use for descriptors 0 to 5 but 2."""

    def __init__(self, *, guard: int) -> None:
        """`guard` is the reading end of its guard's pipe."""
        self._guard = guard
        self._limits: Sequence[tuple[int, int, int]] | None = None
        self._victim = oom.Victim()

    def start(self, order: Order, descriptors: Sequence[int]) -> int | None:
        """The action's pid; None if this one must be forked. `descriptors`, all above its own, become 0, 1, 2, … of it.

        Raises `NotStarted`.
        """
        if not _IS_KNOWN or order.run_as is not None or not self._has_limits(order):
            return None
        passed = tuple(range(_STANDARD, len(descriptors)))
        for target in passed:
            os.dup2(descriptors[target], target, inheritable=False)
        try:
            with self._victim:
                pid = _started(order, descriptors, passed)
        finally:
            for target in passed:  # or its reader would wait for us too
                os.dup2(_STDERR, target, inheritable=False)
        fcntl.fcntl(self._guard, fcntl.F_SETOWN, pid)
        return pid

    def _has_limits(self, order: Order) -> bool:
        """Takes over those of the first run: a limit that was lowered cannot be raised again."""
        if self._limits is None:
            try:
                action.limit(order.rlimits)
            except OSError:  # which will be told of the action
                return False
            self._limits = order.rlimits
        return self._limits == order.rlimits


def _started(order: Order, descriptors: Sequence[int], passed: tuple[int, ...]) -> int:
    """What `subprocess.Popen` does, without what that touches of memory: half a megabyte in each supervisor."""
    program = order.argv[0]
    failure, report = os.pipe2(os.O_CLOEXEC)
    try:
        try:
            pid = _fork_exec(
                list(order.argv),
                (program if b"/" in program else b"./" + program,),  # nothing is looked for
                True,  # close all other descriptors
                (*passed, report),
                order.cwd,
                list(order.environment),
                descriptors[0],
                _UNSET,
                _UNSET,
                descriptors[1],
                _UNSET,
                descriptors[2],
                failure,
                report,
                True,  # signals that Python ignores are not ignored any more
                True,  # a session of its own
                _UNSET,  # process group
                None,  # group
                None,  # further groups
                None,  # user
                action.UMASK,
                None,  # nothing of ours runs in between
                *_LAST,
            )
        finally:
            os.close(report)
        told = os.read(failure, _MESSAGE_BYTES)  # nothing, as soon as it has become its program
    except OSError as error:
        raise NotStarted(Stage.FORK, error) from None
    finally:
        os.close(failure)
    if told:
        os.waitpid(pid, 0)
        raise _told(told)
    return pid


def _told(message: bytes) -> NotStarted:
    """The child's last word: `OSError:` the number in hexadecimal digits `:` what it did instead of the exec, if it
    came as far as to say it."""
    _, number, instead = message.split(b":", 2)
    error = int(number, 16)
    stage = Stage.WORK_DIR if instead.startswith(b"noexec") else Stage.EXEC
    return NotStarted(stage, OSError(error, os.strerror(error)))
