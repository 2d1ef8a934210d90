"""Imports once what several programs need, and forks them: `python -m apps.standalone.forks MODULE DESCRIPTOR ROOM`.

1. MODULE is imported. 2. `READY` is said on the socket DESCRIPTOR, or the process ends, with the reason on stderr.
3. Each request on it is one fork that becomes the program asked for, as if it had been started by its own command line;
the answer is its number. 4. The process ends when the socket is closed; what it forked goes on.

The program is not our child but that of whoever asks: it is forked twice, and the asker takes orphans (see
`preloaded`). It begins only when the asker has said so on a pipe of its own, so it never runs unknown to anybody. Its
variables come by that pipe too, since what this process has read once may be found in the memory of all its forks.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.standalone.kernel import die_with_parent

READY, GO, REFUSED = b"ready", b"!", b"-"

#: Most bytes of a request, which is a command line.
MAX_REQUEST = 65536

#: Most bytes of GO and the variables behind it, as JSON: what a pipe takes in one piece, and at once.
MAX_LEAVE = select.PIPE_BUF

#: The descriptors that come with a request: stdout, stderr, and the pipe on which GO is said.
DESCRIPTORS = 3


@dataclass(frozen=True)
class Fork:
    """What one fork is to become."""

    words: list[str]  # a command line without the interpreter: `-m module …` or `file.py …`
    cwd: str
    death_signal: int
    parent_pid: int  # whose child it must be by the time it begins


def main(module: str, descriptor: int) -> None:
    """Serve forks until the socket is closed; in a fork, be the program."""
    thresholds = gc.get_threshold()
    gc.set_threshold(50_000)  # imports make little garbage, and looking for it takes a third of their time
    importlib.import_module(module)
    _prove_forkable(descriptor)
    gc.collect()
    # Collections in the forks pass over what is here now, and so leave its pages shared.
    gc.freeze()
    with socket.socket(fileno=descriptor) as line:
        line.send(READY)
        fork = _serve(line)
    if fork is not None:
        gc.set_threshold(*thresholds)
        _run(fork.words)


def _prove_forkable(line: int) -> None:
    """A fork has none of our threads, but whatever they held; and a connection can only belong to one."""
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise SystemExit("what was imported has started a thread: nothing can be forked")
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that lists them
            if entry.name != str(line) and str(entry.readlink()).startswith("socket:"):
                raise SystemExit("what was imported has opened a connection: nothing can be forked")


def _serve(line: socket.socket) -> Fork | None:
    """Return the fork to be in a fork, None where there is nothing more to do."""
    while True:
        text, descriptors, _, _ = socket.recv_fds(line, MAX_REQUEST, DESCRIPTORS)
        if not text:
            return None
        fork = Fork(**json.loads(text))
        pid = _fork_twice()
        if pid == 0:
            _settle(fork, *descriptors)
            return fork
        for descriptor in descriptors:
            os.close(descriptor)
        line.send(str(pid).encode() if pid else REFUSED)


def _fork_twice() -> int | None:
    """Return the number of an orphan, 0 in itself, None if there is none. Its parent has ended by then."""
    reader, writer = os.pipe()
    middle = os.fork()
    if middle == 0:
        try:
            if os.fork() != 0:
                os._exit(0)
        except OSError:
            os._exit(1)
        os.setsid()  # before anybody knows of it: whoever ends our group must not end it
        os.write(writer, str(os.getpid()).encode())
        os.close(reader)
        os.close(writer)
        return 0
    os.close(writer)
    text = os.read(reader, 32)
    os.close(reader)
    os.waitpid(middle, 0)
    return int(text) if text else None


def _settle(fork: Fork, stdout: int, stderr: int, go: int) -> None:
    """Become what a program is that was started by fork and exec, or end."""
    leave = os.read(go, MAX_LEAVE)
    if not leave.startswith(GO):
        os._exit(1)
    die_with_parent(signal.Signals(fork.death_signal))
    if os.getppid() != fork.parent_pid:
        os._exit(1)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    for descriptor in (stdout, stderr, go):
        os.close(descriptor)
    os.chdir(fork.cwd)
    os.environ.update(json.loads(leave.removeprefix(GO)))  # besides those this process was started with


def _run(words: Sequence[str]) -> None:
    _rename(words)
    what, *arguments = words
    if what == "-m":
        sys.argv = arguments  # runpy puts the file's path in the first place
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [what, *arguments]
        runpy.run_path(what, run_name="__main__")


def _rename(words: Sequence[str]) -> None:
    """Let `ps` show the program's command line: written over our own, which ROOM has made long enough."""
    with contextlib.suppress(OSError, ValueError, LookupError):
        # proc_pid_stat(5), fields 48 and 49: where the arguments begin and end.
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        start, end = int(fields[45]), int(fields[46])
        text = b"\0".join(os.fsencode(word) for word in (sys.executable, *words))
        if 0 < start < end:
            ctypes.memmove(start, text[: end - start - 1].ljust(end - start, b"\0"), end - start)


def _arguments(given: Sequence[str]) -> tuple[Any, ...]:
    module, descriptor, _ = given
    return module, int(descriptor)


if __name__ == "__main__":
    main(*_arguments(sys.argv[1:]))
