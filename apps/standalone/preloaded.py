"""Starts several Python programs from one process that has imported what they have in common.

What they do not change they share, and it is imported once. Whatever goes wrong on the way, the program is
started by a command line of its own, as anywhere else. The other side is `forks`.
"""

import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from apps.standalone.child import Child, Process, Program, spawn
from apps.standalone.forks import GO, MAX_LEAVE, READY, REFUSED, Fork
from apps.standalone.kernel import orphans_are_ours
from apps.standalone.stop_requests import StopRequests

#: How long all imports may take together, on a slow machine that never did them. Seconds.
READY_TIMEOUT_S = 120.0

#: How long a fork may take. Seconds; it takes milliseconds.
ANSWER_TIMEOUT_S = 10.0

#: How often a request to stop is looked for while imports go on. Seconds.
LOOK_S = 0.1

#: Makes the command line long enough for those of the programs, which are written over it.
ROOM = "-" * 512


class Adopted:
    """A child that somebody else has forked for us."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def wait(self) -> int:
        """Return the exit code when it has ended; negative: the signal that ended it."""
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def send_signal(self, sig: int) -> None:
        """Signal it. Its number is its own until `wait` has returned."""
        if self.returncode is None:
            os.kill(self.pid, sig)


class Preloaded:
    """The process that imports and forks.

    1. Made, it begins to import. 2. `wait` until that is done; 3. `start` programs, as children of ours.
    4. `close`: it ends; what was started goes on.
    """

    def __init__(self, module: str, *, environment: Mapping[str, str], cwd: Path, log: Path) -> None:
        """`environment` is that of all programs it may start. Raises OSError."""
        self._environment = environment
        self._line, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            words = ("-P", "-m", "apps.standalone.forks", module, str(other.fileno()), ROOM)
            program = Program(name="preloaded", argv=(sys.executable, *words), cwd=cwd, log=log, env=environment)
            self._child = Child.start(program, by=partial(spawn, descriptors=(other.fileno(),)))
        #: Whether it forks; else programs are started by their command lines.
        self.is_usable = False

    @property
    def pid(self) -> int:
        """Its number."""
        return self._child.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait(self, requests: StopRequests) -> None:
        """Return when it can fork, or never will. Raises StopRequestedError."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            requests.check()
            if select.select([self._line], [], [], LOOK_S)[0]:
                self.is_usable = self._line.recv(len(READY)) == READY
                return

    def start(self, program: Program, output: int) -> Process:
        """Start the program by a fork if it is one of ours, else by its command line."""
        forked = None
        if not program.launcher:
            forked = self.fork(
                program.argv,
                environment=program.env,
                cwd=program.cwd,
                outputs=(output, output),
                death_signal=program.death_signal,
            )
        return forked or spawn(program, output)

    def fork(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        cwd: Path,
        outputs: tuple[int, int],
        death_signal: signal.Signals,
    ) -> Adopted | None:
        """Return a child of ours that runs `python -m module …` or `python file.py …`; None if that cannot be.

        Its environment may have a little more in it than ours, not less; `/proc` does not show that. `outputs` are its
        stdout and stderr.
        """
        more = {name: value for name, value in environment.items() if self._environment.get(name) != value}
        leave = GO + json.dumps(more).encode()
        is_given = self._environment.keys() <= environment.keys() and len(leave) <= MAX_LEAVE
        if not (self.is_usable and _is_ours(argv) and is_given):
            return None
        fork = Fork(list(argv[1:]), str(cwd), int(death_signal), os.getpid())
        reader, writer = os.pipe()
        try:
            pid = self._ask(fork, (*outputs, reader))
            if pid is None:
                return None
            os.write(writer, leave)
            return Adopted(pid)
        finally:
            os.close(reader)
            os.close(writer)

    def close(self) -> None:
        """Let it end. What it has forked goes on."""
        self._line.close()
        self.is_usable = False
        self._child.kill()

    def _ask(self, fork: Fork, descriptors: Sequence[int]) -> int | None:
        try:
            with orphans_are_ours():
                socket.send_fds(self._line, [json.dumps(asdict(fork)).encode()], descriptors)
                self._line.settimeout(ANSWER_TIMEOUT_S)
                answer = self._line.recv(32)
        except OSError:
            answer = b""
        # An answer that came too late would be taken for that to the next request.
        self.is_usable = bool(answer)
        return int(answer) if answer not in (b"", REFUSED) else None


def _is_ours(argv: Sequence[str]) -> bool:
    program, what = argv[0], argv[1] if len(argv) > 1 else ""
    # Children are tied to the thread that adopts them, which is the main one (see `child.tied_to_us`).
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and program == sys.executable and (what == "-m" or what.endswith(".py"))
