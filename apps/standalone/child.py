"""Starts one program as a child process, tells when it ended, and ends it and whatever it left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from apps.standalone.errors import StartFailedError
from apps.standalone.processes import ProcessId

#: How often a waiting loop looks again. Seconds; short against every start, cheap against every wait.
POLL_S = 0.02

#: Wraps a program so that it ends when we do; see there.
DIE_WITH_PARENT = Path(__file__).with_name("die_with_parent.py")

#: What of a log is worth showing in a message. Bytes, lines.
LOG_TAIL_BYTES, LOG_TAIL_LINES = 8192, 12


#: Signals to end a program with and the seconds to wait after each; KILL follows on its own.
StopSignals = tuple[tuple[signal.Signals, float], ...]


def _nothing() -> None:
    return None


def _always() -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Program:
    """How a long-running program is started, seen to be ready, and stopped."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    log: Path  # stdout and stderr are appended here
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    #: Put before argv, for a change of user; the death signal is asked for after it.
    launcher: tuple[str, ...] = ()
    #: Called before each start; raises StandaloneError when a start would be wrong now.
    prepare: Callable[[], None] = _nothing
    is_ready: Callable[[], bool] = _always
    stop_signals: StopSignals = ((signal.SIGTERM, 10.0),)
    #: What the kernel sends it when we die. KILL for whoever copes with a crash: a polite stop might wait
    #: for databases that are going down at the same moment.
    death_signal: signal.Signals = signal.SIGKILL
    #: Whether what was started before it is told to stop only when it has ended.
    is_waited_for: bool = True


class Process(Protocol):
    """What of `subprocess.Popen` a child needs; so that there may be children who were started otherwise."""

    pid: int
    returncode: int | None

    def wait(self) -> int: ...

    def send_signal(self, sig: int) -> None: ...


#: Starts a program whose output goes to the descriptor.
Start = Callable[["Program", int], Process]


class Child:
    """A started program, leader of a session of its own.

    1. `start`; 2. `exit_code` until it is not None, or `stop`. Either way the whole process group is gone
    afterwards. To be used from one thread, which should be the main one: the kernel's death signal comes
    when the *thread* that started the child ends, so it is asked for only there.
    """

    def __init__(self, program: Program, process: Process) -> None:
        self.program = program
        self.pid = process.pid
        self.identity = ProcessId.of(process.pid)
        self.started_at = time.monotonic()
        self._process = process

    @classmethod
    def start(cls, program: Program, *, by: Start | None = None) -> Self:
        """Start the program; returns at once. Raises StandaloneError from `program.prepare`, OSError."""
        program.prepare()
        with os.fdopen(_open_log(program.log), "wb") as log:
            return cls(program, (by or spawn)(program, log.fileno()))

    def exit_code(self) -> int | None:
        """Return the exit code (negative: the signal that ended it); None while the program runs."""
        if self._process.returncode is None:
            # Seen but not reaped yet, so that the group's number cannot belong to anybody else.
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return None
            self._kill_group()
            return self._process.wait()
        return self._process.returncode

    def wait_until_ready(self, *, deadline_s: float) -> None:
        """Return when the program answers. Raises StartFailedError when it ends first or takes too long."""
        deadline = time.monotonic() + deadline_s
        while not self.program.is_ready():
            if self.exit_code() is not None:
                raise StartFailedError(f"{self.describe_end()}\n{self.log_tail()}".rstrip())
            if time.monotonic() > deadline:
                raise StartFailedError(
                    f"{self.program.name} was not ready after {deadline_s:.0f} s.\n{self.log_tail()}".rstrip()
                )
            time.sleep(POLL_S)

    def send(self, number: signal.Signals) -> None:
        """Signal the program itself, not its group; nothing happens if it has ended."""
        if self.exit_code() is None:
            self._process.send_signal(number)

    def stop(self) -> int:
        """End the program with its own signals, at last by KILL; return its exit code. Blocks."""
        for number, wait_s in self.program.stop_signals:
            self.send(number)
            if (code := self._wait(wait_s)) is not None:
                return code
        return self.kill()

    def kill(self) -> int:
        """End the program and its group at once; return its exit code."""
        if (code := self.exit_code()) is None:
            self._kill_group()
            return self._process.wait()
        return code

    def describe_end(self) -> str:
        """Say how the program ended, for a person."""
        code = self.exit_code() or 0
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"{self.program.name} ended ({how})."

    def log_tail(self) -> str:
        """Return the last lines of the program's log, indented."""
        return log_tail(self.program.log)

    def _wait(self, seconds: float) -> int | None:
        deadline = time.monotonic() + seconds
        while (code := self.exit_code()) is None and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return code

    def _kill_group(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:  # nobody is left in it
            pass


def spawn(program: Program, output: int, *, descriptors: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Start the program by its command line; it inherits these descriptors. Raises OSError."""
    return subprocess.Popen(
        [*program.launcher, *tied_to_us(program.death_signal), *program.argv],
        cwd=program.cwd,
        env=program.env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        umask=0o077,
        pass_fds=descriptors,
    )


def tied_to_us(number: signal.Signals) -> Sequence[str]:
    """Return words to put before a command so that the kernel sends it this signal when we end.

    Only in the main thread: the kernel watches the thread that starts the command, not the process.
    """
    if threading.current_thread() is not threading.main_thread():
        return ()
    return (sys.executable, "-I", "-S", str(DIE_WITH_PARENT), str(int(number)), str(os.getpid()))


def log_tail(log: Path) -> str:
    """Return the last lines of a log, indented; empty if there is none."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            lines = stream.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in lines[-LOG_TAIL_LINES:])


def _open_log(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
