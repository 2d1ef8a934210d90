"""What worker, warden and supervisor say to each other, as bytes.

All sockets are SOCK_SEQPACKET: a message arrives whole or not at all. Messages are tiny; the order
for a run (its argv and environment may exceed any socket buffer) travels in a sealed memfd.

    worker → warden      SPAWN, with the run's descriptors (SCM_RIGHTS); SERVE, with the order for a warm server
    warden → worker      READY once, ACK per beat; a TOLD for people
    worker → warden      beats: eight-byte stamps over a pipe
    worker → supervisor  CANCELED or INTERRUPTED; CLEANED_UP after the report; end of file = the worker is gone
    supervisor → worker  one Report; end of file without one = the run is lost
    warden → supervisor  RUN over its link, with the run's descriptors; QUIET; end of file = the warden is gone
    supervisor → warden  DONE: nothing of that run is left, it may have another one
"""

import enum
import struct
from collections.abc import Sequence

READY = b"r"
ACK = b"a"
QUIET = b"q"
DONE = b"."
CANCELED = b"c"
INTERRUPTED = b"i"
CLEANED_UP = b"d"

#: begins a text of the warden for the worker's log
TOLD = b"t"
TOLD_MAX_BYTES = 1200

#: when the run was claimed (CLOCK_BOOTTIME), how many descriptors come along, the key of its warm server, whether its
#: limits are other than usual
SPAWN = struct.Struct("=dB16s?")
#: the key of a warm server to start; its order comes along
SERVE = struct.Struct("=16s")
#: of a run that starts cold whatever servers there are
NO_KEY = bytes(16)
#: a run for a supervisor: the kernel's out-of-memory kills before it, whether a silence came after its claim, whether
#: it has to do without the warm server it wants, whether the last two descriptors are of its warm server, whether its
#: limits are other than usual
RUN = struct.Struct("=q????")
#: one beat: the worker's CLOCK_BOOTTIME when it was sent
BEAT = struct.Struct("=d")
#: stage and errno, from the action's side of the fork
FAILURE = struct.Struct("=Bi")

#: Where the action finds its descriptors. 0, 1 and 2 are the usual three.
RESULT_FD = 3
ERROR_FD = 4
SIDE_INPUT_FD = 5

#: in a Report: there is no wait status, the action was never reaped
NEVER_STARTED = -1


class Cause(enum.IntEnum):
    """Why a run ended, if not by itself."""

    ITSELF = 0
    TIMEOUT = 1
    STOPPED = 2
    LOST = 3
    SPAWN_FAILED = 4


class Start(enum.IntEnum):
    """How a run was started."""

    COLD = 0
    WARM = 1
    UNSERVED = 2
    """Cold, and would have been warm if its server had been there."""


class Stage(enum.IntEnum):
    """The step of a start that failed."""

    FORK = 0
    DESCRIPTORS = 1
    IDENTITY = 2
    WORK_DIR = 3
    LIMITS = 4
    EXEC = 5


class Order:
    """Everything a supervisor must know to start and end one action."""

    __slots__ = (
        "argv",
        "cwd",
        "environment",
        "grace_s",
        "kill_on_silence",
        "rlimits",
        "run_as",
        "timeout_s",
        "work_dir",
    )

    def __init__(
        self,
        *,
        argv: Sequence[bytes],
        environment: Sequence[bytes],
        work_dir: bytes,
        cwd: bytes,
        timeout_s: float | None,
        grace_s: float,
        kill_on_silence: bool,
        run_as: tuple[int, int] | None,
        rlimits: Sequence[tuple[int, int, int]],
    ) -> None:
        """`work_dir` is removed at the end, `cwd` is where the action starts.

        `environment` as NAME=value, `run_as` as uid and gid, `rlimits` as resource, soft, hard.
        """
        self.argv = argv
        self.environment = environment
        self.work_dir = work_dir
        self.cwd = cwd
        self.timeout_s = timeout_s
        self.grace_s = grace_s
        self.kill_on_silence = kill_on_silence
        self.run_as = run_as
        self.rlimits = rlimits

    def encode(self) -> bytes:
        """Header, limits, then texts divided by NUL, which none of them can hold."""
        head = _ORDER.pack(
            -1.0 if self.timeout_s is None else self.timeout_s,
            self.grace_s,
            self.kill_on_silence,
            *(self.run_as or (-1, -1)),
            len(self.rlimits),
            len(self.argv),
        )
        limits = b"".join(_RLIMIT.pack(*limit) for limit in self.rlimits)
        return head + limits + b"\0".join((self.work_dir, self.cwd, *self.argv, *self.environment))

    @classmethod
    def decode(cls, data: bytes) -> "Order":
        timeout_s, grace_s, kill_on_silence, uid, gid, limit_count, argc = _ORDER.unpack_from(data)
        texts_at = _ORDER.size + limit_count * _RLIMIT.size
        work_dir, cwd, *texts = data[texts_at:].split(b"\0")
        return cls(
            argv=texts[:argc],
            environment=texts[argc:],
            work_dir=work_dir,
            cwd=cwd,
            timeout_s=None if timeout_s < 0 else timeout_s,
            grace_s=grace_s,
            kill_on_silence=kill_on_silence,
            run_as=None if uid < 0 else (uid, gid),
            rlimits=list(_RLIMIT.iter_unpack(data[_ORDER.size : texts_at])),
        )


class Report:
    """How a run ended: the last word of its supervisor."""

    __slots__ = (
        "cause",
        "cpu_s",
        "duration_s",
        "error_number",
        "killed",
        "max_rss_bytes",
        "out_of_memory",
        "stage",
        "start",
        "unkillable",
        "wait_status",
    )

    def __init__(
        self,
        *,
        cause: Cause = Cause.ITSELF,
        wait_status: int = NEVER_STARTED,
        stage: int = 0,
        error_number: int = 0,
        out_of_memory: bool = False,
        duration_s: float = 0.0,
        cpu_s: float = 0.0,
        max_rss_bytes: int = 0,
        killed: int = 0,
        unkillable: int = 0,
        start: Start = Start.COLD,
    ) -> None:
        """`killed` counts descendants that outlived the action, `unkillable` those that still do."""
        self.cause = cause
        self.wait_status = wait_status
        self.stage = stage
        self.error_number = error_number
        self.out_of_memory = out_of_memory
        self.duration_s = duration_s
        self.cpu_s = cpu_s
        self.max_rss_bytes = max_rss_bytes
        self.killed = killed
        self.unkillable = unkillable
        self.start = start

    def encode(self) -> bytes:
        return _REPORT.pack(
            self.cause,
            self.wait_status,
            self.stage,
            self.error_number,
            self.out_of_memory,
            self.duration_s,
            self.cpu_s,
            self.max_rss_bytes,
            self.killed,
            self.unkillable,
            self.start,
        )

    @classmethod
    def decode(cls, data: bytes) -> "Report":
        (
            cause,
            wait_status,
            stage,
            error_number,
            out_of_memory,
            duration_s,
            cpu_s,
            max_rss_bytes,
            killed,
            unkillable,
            start,
        ) = _REPORT.unpack(data)
        return cls(
            cause=Cause(cause),
            wait_status=wait_status,
            stage=stage,
            error_number=error_number,
            out_of_memory=out_of_memory,
            duration_s=duration_s,
            cpu_s=cpu_s,
            max_rss_bytes=max_rss_bytes,
            killed=killed,
            unkillable=unkillable,
            start=Start(start),
        )


_ORDER = struct.Struct("=dd?qqHI")
_RLIMIT = struct.Struct("=iqq")
_REPORT = struct.Struct("=BiBi?ddqIIB")
