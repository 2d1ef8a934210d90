"""The process of a supervisor: forked by the warden, it serves one run after the other, each with a `Supervisor`.

A fork costs a process of Python a millisecond and hundreds of page faults, here and in its parent. So who has brought
a run to its end, with nothing left of it, waits for another one. It has no child then, so that whatever is below it
later belongs to that run alone. Who could not clean up, or was killed, ends, and the warden takes over what is left.
"""

import fcntl
import os
import resource
import signal
import socket
import sys
from array import array
from typing import NoReturn

from apps.runner.warden import kernel
from apps.runner.warden.adopted import Server
from apps.runner.warden.quickstart import QuickStart
from apps.runner.warden.supervisor import EXIT_BROKEN, EXIT_CLEAN, Given, Supervisor
from apps.runner.warden.wire import DONE, RUN, Order

_STDERR = 2
#: the first of our own descriptors: those of actions are below, and what they are made of must not be in their place
_FIRST_OWN = 10
#: Few enough to be closed one by one where the kernel cannot close a range.
_MAX_DESCRIPTORS = 8192
#: control, order, up to six of the action, socket and handle of a warm server
_MAX_HANDED_OVER = 10
# As numbers: with `socket`'s own, `enum` would be at work, in memory that each supervisor shares until then.
_CLOEXEC, _TRUNCATED = int(socket.MSG_CMSG_CLOEXEC), int(socket.MSG_CTRUNC)


class _Incomplete(Exception):
    """The rest of a run's descriptors did not fit below the limit of open files."""


def serve(link: int, *, guard: tuple[int, int]) -> NoReturn:
    """The whole life of a freshly forked supervisor. Its end tells the warden what has become of the last run."""
    status = EXIT_BROKEN
    try:
        signal.set_wakeup_fd(-1)  # the warden's is about to be closed
        link, reader, _ = _keep_only(link, *guard)
        _take_over()
        status = _serve(socket.socket(fileno=link), wakeup=_wakeup(), quick=QuickStart(guard=reader))
    except BaseException:  # noqa: BLE001  a second warden must not live on
        sys.excepthook(*sys.exc_info())  # the traceback module would cost the warden 1 MB
    finally:
        os._exit(status)


def _serve(link: socket.socket, *, wakeup: int, quick: QuickStart) -> int:
    while given := _next(link):
        # Limits that this process once takes over for quick starts are there to stay: they must be the usual ones.
        own = None if given.has_own_limits else quick
        status = Supervisor(given, link=link, wakeup=wakeup, quick=own).run()
        if status != EXIT_CLEAN:
            return status
        try:
            link.send(DONE)
        except OSError:  # it is gone
            break
    return EXIT_CLEAN


def _next(link: socket.socket) -> Given | None:
    """Waits for a run; None when the warden is gone, or needs no more."""
    space = socket.CMSG_SPACE(_MAX_HANDED_OVER * array("i").itemsize)
    while True:
        try:
            message, ancillary, flags, _ = link.recvmsg(RUN.size, space, _CLOEXEC)
        except ConnectionResetError:  # it died without reading our last word
            return None
        if not message:
            return None
        if len(message) == RUN.size:
            break
        # else it is the word of a silence that came too late for the run before
    descriptors = array("i")
    for _, _, data in ancillary:
        descriptors.frombytes(data)
    if flags & _TRUNCATED:
        raise _Incomplete
    return _given(message, descriptors.tolist())


def _given(message: bytes, descriptors: list[int]) -> Given:
    oom_kills, is_lost, is_unserved, has_server, has_own_limits = RUN.unpack(message)
    control, order, *action = descriptors
    server = None
    if has_server:
        *action, asked, handle = action
        server = Server(asked=asked, handle=handle)
    return Given(
        control=socket.socket(fileno=control),
        order=Order.decode(_read_all(order)),
        action=action,
        server=server,
        oom_kills=oom_kills,
        is_lost=is_lost,
        is_unserved=is_unserved,
        has_own_limits=has_own_limits,
    )


def _take_over() -> None:
    """Turn a fork of the warden into a process of its own."""
    os.setsid()
    kernel.set_name(b"attune-run")
    kernel.become_subreaper()


def _keep_only(*descriptors: int) -> list[int]:
    """Closes all others: links of other supervisors above all, a copy of which would hide the warden's death from them.
    What is kept gets other numbers, in the same order, and the places of an action's descriptors are filled."""
    kept: list[int] = []
    for descriptor in descriptors:
        kept.append(fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, max(_FIRST_OWN, *descriptors, *kept) + 1))
    first = 0
    for number in (_STDERR, *kept, _MAX_DESCRIPTORS):
        os.closerange(first, number)
        first = number + 1
    for place in {*range(_FIRST_OWN)} - {_STDERR}:
        os.dup2(_STDERR, place, inheritable=False)
    return kept


def _wakeup() -> int:
    """The descriptor that can be read after a SIGCHLD."""
    wakeup, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    return wakeup


def bound_descriptors() -> None:
    """Keep the numbers of descriptors below what `_keep_only` closes; for the warden, once."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, _MAX_DESCRIPTORS), hard))


def _read_all(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    content = os.pread(descriptor, size, 0)
    os.close(descriptor)
    return content
