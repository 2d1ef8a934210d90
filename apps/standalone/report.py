"""Tells a person what is going on: a line per step with its seconds, on the terminal and in a log."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

#: Where the seconds of a step stand.
SECONDS_COLUMN = 48

#: Before each line of the log, in UTC.
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
TIME_LENGTH = len("2026-11-21 12:00:00 ")


class Report:
    """Progress for one command. Nobody reading any more (a closed terminal) is no reason to stop."""

    def __init__(self, stream: TextIO | None = None, *, log: Path | None = None) -> None:
        self._stream: TextIO | None = stream or sys.stdout
        self.log = log

    def say(self, text: str = "") -> None:
        """Print a line, and keep it in the log with its time."""
        self._print(text + "\n")
        self._keep(text)

    def confide(self, text: str) -> None:
        """Print a line that must not be kept, such as a password."""
        self._print(text + "\n")

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Print what is being done, and how long it took once it is done."""
        started = time.monotonic()
        self._print(f"  {what} … ".ljust(SECONDS_COLUMN))
        try:
            yield
        except BaseException:
            self._print("failed\n")
            self._keep(f"  {what}: failed")
            raise
        seconds = f"{time.monotonic() - started:5.1f} s"
        self._print(f"{seconds}\n")
        self._keep(f"  {what}: {seconds.strip()}")

    def leave_terminal(self) -> None:
        """From now on only the log is written; whoever waits for the end of our output has it."""
        sys.stdout.flush()
        target = os.open(self.log or os.devnull, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        # Standard error goes to the log too: a traceback of ours belongs there.
        for descriptor in (sys.stdout.fileno(), sys.stderr.fileno()):
            os.dup2(target, descriptor)
        os.close(target)
        self._stream = None

    def _print(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # a closed pipe, a terminal that is gone
            self._stream = None

    def _keep(self, text: str) -> None:
        if self.log is not None and text:
            descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as log:
                log.write(f"{datetime.now(UTC):{TIME_FORMAT}} {text.strip(chr(10))}\n")


class LogFollower:
    """Reads what another process's report writes to its log from now on."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._position = log.stat().st_size if log.exists() else 0
        self._rest = b""

    def new_lines(self) -> list[str]:
        """Return the complete lines written since the last call, without their times."""
        try:
            with self._log.open("rb") as stream:
                stream.seek(self._position)
                text = self._rest + stream.read()
                self._position = stream.tell()
        except FileNotFoundError:
            return []
        *lines, self._rest = text.split(b"\n")
        return [line.decode(errors="replace")[TIME_LENGTH:] for line in lines]
