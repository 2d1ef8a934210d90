"""Sees processes die that could not say so themselves: killed with their worker, by a timeout, by a cancel.

Attune is not asked. A process counts as gone from the last moment at which it was seen alive, so that nobody is accused
of an overlap that may not have been one.
"""

import os
import select
import threading
import time
from dataclasses import replace
from pathlib import Path

from chaos.notes import Note, read_notes

_LOOK_EVERY_S = 0.01


def now_us() -> int:
    return time.time_ns() // 1000


class Watcher:
    """Follows the file from `start` to `stop`; then `notes` are all that was written and seen."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._rest = b""
        self._position = 0
        self._written: list[Note] = []
        self._gone: list[Note] = []
        self._handles: dict[int, tuple[Note, int]] = {}  # of whom, and when it was last seen alive
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        self._file.touch()
        self._thread.start()

    def stop(self) -> None:
        """Whoever still lives is left without a last note."""
        self._stopping.set()
        self._thread.join()
        for descriptor in list(self._handles):
            self._forget(descriptor)

    @property
    def notes(self) -> list[Note]:
        return [*self._written, *self._gone]

    def count(self, what: str) -> int:
        return sum(note.what == what for note in self._written)

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._stopping.wait(_LOOK_EVERY_S)
            self._read()
            self._look()

    def _read(self) -> None:
        with self._file.open("rb") as stream:
            stream.seek(self._position)
            *lines, self._rest = (self._rest + stream.read()).split(b"\n")
            self._position = stream.tell()
        new = read_notes(line.decode() for line in lines)
        ended = {(note.execution, note.attempt) for note in new if note.what == "end"}
        for note in new:
            if note.what == "start" and (note.execution, note.attempt) not in ended:
                self._watch(note)
        self._written += new

    def _watch(self, note: Note) -> None:
        try:
            self._handles[os.pidfd_open(note.pid)] = (note, note.at_us)
        except ProcessLookupError:
            self._gone.append(replace(note, what="gone"))

    def _look(self) -> None:
        looked_at = now_us()
        poll = select.poll()
        for descriptor in self._handles:
            poll.register(descriptor, select.POLLIN)
        dead = {descriptor for descriptor, _ in poll.poll(0)}
        for descriptor, (note, alive_at) in list(self._handles.items()):
            if descriptor in dead:
                self._gone.append(replace(note, what="gone", at_us=alive_at))
                self._forget(descriptor)
            else:
                self._handles[descriptor] = (note, max(alive_at, looked_at))

    def _forget(self, descriptor: int) -> None:
        os.close(descriptor)
        del self._handles[descriptor]
