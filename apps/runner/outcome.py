"""How a run ended, as facts; whether that is a success is for others to say."""

from dataclasses import dataclass, field
from enum import StrEnum


class Ended(StrEnum):
    """What ended the run."""

    EXITED = "exited"
    SIGNALED = "signaled"
    TIMEOUT = "timeout"
    STOPPED = "stopped"
    LOST = "lost"
    """Worker silent, warden or supervisor killed: nobody can say how far it came."""
    SPAWN_FAILED = "spawn_failed"
    """The program never began; `errno` and `spawn_error` say why."""


class StopReason(StrEnum):
    """Who wanted it stopped: somebody who cancelled it, or a worker that is shutting down."""

    CANCELED = "canceled"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, kw_only=True)
class StreamTotals:
    """Of one stream, after masking: all bytes, and how many of them are not in the log."""

    total_bytes: int = 0
    truncated_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """Everything that is known of a run that ended. What may hold secrets stays out of `repr`."""

    ended: Ended
    exit_code: int | None = None
    signal: int | None = None
    """Of the main process, whatever `ended` is. With the exit code None: it never started, or was lost."""
    stop_reason: StopReason | None = None
    errno: int | None = None
    spawn_error: str | None = None
    oom: bool = False
    """SIGKILL that nobody here sent, while the kernel counted an out-of-memory kill."""
    duration_s: float = 0.0
    """From fork to the end of the main process, monotonic."""
    result_bytes: bytes | None = field(default=None, repr=False)
    """Raw: what came on the result descriptor; None if nothing did."""
    result_overflow: bool = False
    """Not all of what the result is read from could be kept: of the descriptor if anything came there, else
    of stdout."""
    error_bytes: bytes = field(default=b"", repr=False)
    """Raw: what came on the error descriptor, its first 256 KiB."""
    stdout_for_result: bytes = field(default=b"", repr=False)
    """Raw: the last lines (auto, json), or all (yaml, jsonl, text) up to `result_max_bytes`."""
    stderr_tail: bytes = b""
    """Masked: the last whole lines, at most 4 KiB."""
    stdout: StreamTotals = StreamTotals()
    stderr: StreamTotals = StreamTotals()
    log_failed: bool = False
    """Some output could not be written (disk full, folder gone); the run went on."""
    max_rss_bytes: int = 0
    """Of the largest process; never below the 10 MB of the supervisor it was forked from."""
    cpu_s: float = 0.0
    killed_descendants: int = 0
    """Processes that outlived the main one and had to be killed."""
    unkillable_descendants: int = 0
    is_warm: bool = False
    """It was forked by a warm server."""
    active_limits: tuple[str, ...] = ()
    """The names of the limits that were set. There are no control groups among them."""
