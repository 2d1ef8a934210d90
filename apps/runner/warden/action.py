"""From fork to exec: what stands between the supervisor and the action's first instruction.

Most actions start without a fork, see `quickstart`; this is the way of all others, and of warm servers.
"""

import fcntl
import os
import resource
import signal
from collections.abc import Sequence

from apps.runner.warden import kernel, oom
from apps.runner.warden.wire import FAILURE, Order, Stage

#: the action's descriptors are 0 to 5; whatever is still needed before the exec is moved above them
_ABOVE_STANDARD = 10
UMASK = 0o077
#: Signals to a whole control group or terminal are for worker and actions: warden and supervisors live as long as their
#: worker. A broken pipe is an error to be told.
HELD_OFF = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE)
#: no later than exec; read by the shell as "command not executable"
_EXIT_NOT_STARTED = 126


def start(order: Order, descriptors: Sequence[int]) -> tuple[int, int]:
    """Fork the action; its pid, and where `failure_of` finds out whether it got as far as exec.

    `descriptors` become 0, 1, 2, … of the action, and it gets no others: all else here is
    close-on-exec. All signals have their default effect, or a handler, which ends with the exec. Those it
    must not die of are blocked until then, so that a TERM that comes early is not lost. OSError if the fork fails.
    """
    failures, report_failure = os.pipe()
    parent = os.getpid()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_OFF)
    try:
        pid = os.fork()
        if pid == 0:
            _become(order, descriptors, report_failure, parent)
    except OSError:
        os.close(failures)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(report_failure)
    return pid, failures


def failure_of(failures: int) -> tuple[Stage, int] | None:
    """Stage and errno if an action that has ended never became its program. Closes `failures`."""
    try:
        content = os.read(failures, FAILURE.size)
    finally:
        os.close(failures)
    if not content:
        return None
    stage, number = FAILURE.unpack(content)
    return Stage(stage), number


def _become(order: Order, descriptors: Sequence[int], failures: int, parent: int) -> None:
    """Never returns."""
    stage = Stage.DESCRIPTORS
    try:
        failures = fcntl.fcntl(failures, fcntl.F_DUPFD_CLOEXEC, _ABOVE_STANDARD)
        os.setsid()
        _take_descriptors(descriptors)
        stage = Stage.IDENTITY
        oom.volunteer()
        _change_user(order.run_as)
        stage = Stage.WORK_DIR
        os.umask(UMASK)
        os.chdir(order.cwd)
        stage = Stage.LIMITS
        limit(order.rlimits)
        stage = Stage.EXEC
        _exec(order, parent)
    except OSError as error:
        os.write(failures, FAILURE.pack(stage, error.errno or 0))
    except BaseException:  # noqa: BLE001  whatever it was: a second supervisor must not live on
        os.write(failures, FAILURE.pack(stage, 0))
    finally:
        os._exit(_EXIT_NOT_STARTED)


def _take_descriptors(descriptors: Sequence[int]) -> None:
    # Up first, then down: a source may stand where another one has to go.
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _ABOVE_STANDARD) for fd in descriptors]
    for target, source in enumerate(high):
        os.dup2(source, target, inheritable=True)


def _change_user(run_as: tuple[int, int] | None) -> None:
    if run_as is None:
        return
    uid, gid = run_as
    os.setgroups([gid])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def limit(rlimits: Sequence[tuple[int, int, int]]) -> None:
    """Limits this process, as far as what the operator has limited allows."""
    for kind, soft, hard in rlimits:
        _, ceiling = resource.getrlimit(kind)
        if ceiling != resource.RLIM_INFINITY:  # what the operator limited already stays so
            soft, hard = min(soft, ceiling), min(hard, ceiling)  # noqa: PLW2901
        resource.setrlimit(kind, (soft, hard))


def _exec(order: Order, parent: int) -> None:
    kernel.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked to be told
        os._exit(_EXIT_NOT_STARTED)
    for signum in HELD_OFF:
        signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.execve(order.argv[0], list(order.argv), environment_of(order))  # noqa: S606  no shell is the point


def environment_of(order: Order) -> dict[bytes, bytes]:
    """All variables of the action."""
    return dict(pair.split(b"=", 1) for pair in order.environment)
