"""Finds the interpreters of a runtime on this host, proves that they work, or says why there are none."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from apps.runner.spec import RunAs
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.templates import render

#: Longest time one command may take. A shim (pyenv, asdf) on a busy host needs a second or two.
DEFAULT_TIMEOUT_S = 20.0
#: All of a command's output that is looked at.
_MAX_OUTPUT_BYTES = 4096
#: Commands of one runtime that run side by side: most of their time is spent waiting for disks and shims.
_AT_ONCE = 4
_VERSION = re.compile(r"\d+(\.\d+)*")


@dataclass(frozen=True)
class Installation:
    """An interpreter on this host: `interpreter` is its real path, `version` the digits (`3.11.7`)."""

    version: str
    interpreter: str


@dataclass(frozen=True)
class Detection:
    """`installations` are proven to work, best first; `problems` say what came of the other commands."""

    installations: tuple[Installation, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why there is no installation, for people."""
        return "; ".join(self.problems) or "no command of `detect` found an interpreter"


@dataclass(frozen=True)
class _How:
    search_path: str
    timeout_s: float
    run_as: RunAs | None


class _NotThereError(Exception):
    """One command found nothing; the text says why."""


def detect(
    definition: RuntimeDefinition,
    *,
    search_path: str,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    run_as: RunAs | None = None,
) -> Detection:
    """Runs the commands of `detect`, then `validate` on each interpreter they name; `search_path` is a PATH.

    The commands see PATH, HOME and LANG only. Each is killed with all its children after `timeout_s`.
    A pack may have brought them: they run as the user of its actions.
    """
    how = _How(search_path, timeout_s, run_as)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        told = list(threads.map(lambda command: _tried(lambda: _installation(command, how=how)), definition.detect))
        found: dict[str, Installation] = {}
        for item in told:
            if isinstance(item, Installation):
                found.setdefault(item.interpreter, item)
        proven = list(threads.map(lambda item: _tried(lambda: _prove(definition, item, how=how)), found.values()))
    problems = [str(item) for item in (*told, *proven) if isinstance(item, _NotThereError)]
    return Detection(tuple(item for item in proven if isinstance(item, Installation)), tuple(problems))


def _tried(work: Callable[[], Installation]) -> Installation | _NotThereError:
    try:
        return work()
    except _NotThereError as error:
        return error


def _installation(command: Sequence[str], *, how: _How) -> Installation:
    program = shutil.which(command[0], path=how.search_path)
    if program is None:
        raise _NotThereError(f"{command[0]} is not on PATH")
    lines = _output_of([program, *command[1:]], how=how).splitlines()
    version = _VERSION.search(lines[0]) if lines else None
    if version is None:
        raise _NotThereError(f"{program} told no version")
    told = lines[1].strip() if len(lines) > 1 else ""
    interpreter = os.path.realpath(told if told.startswith("/") else program)
    if not os.access(interpreter, os.X_OK):
        raise _NotThereError(f"{program} names {interpreter} as its interpreter, which cannot be executed")
    return Installation(version[0], interpreter)


def _prove(definition: RuntimeDefinition, found: Installation, *, how: _How) -> Installation:
    values = {"interpreter": found.interpreter, "version": found.version}
    if definition.validate:
        argv = [render(item, values) for item in definition.validate]
        _output_of(argv, how=how)
    return found


def _output_of(argv: Sequence[str], *, how: _How) -> str:
    """What the command printed. Through files: a grandchild that holds a pipe would make us wait."""
    env = {"PATH": how.search_path, "HOME": str(Path.home()), "LANG": "C.UTF-8"}
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        try:
            # At the root, since shims look for version files upwards from where they are called.
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=env,
                cwd="/",
                start_new_session=True,
                **_other_user(how.run_as),
            )
        except OSError as error:
            raise _NotThereError(f"{argv[0]} cannot be started: {error.strerror}") from error
        if (exit_code := _wait(process, how.timeout_s)) is None:
            raise _NotThereError(f"{argv[0]} did not answer within {how.timeout_s:g} s")
        if exit_code:
            said = _head(stderr).strip().rpartition("\n")[2]
            raise _NotThereError(f"{argv[0]} failed with exit code {exit_code}" + (f": {said}" if said else ""))
        return _head(stdout)


def _other_user(run_as: RunAs | None) -> dict[str, Any]:
    return {} if run_as is None else {"user": run_as.uid, "group": run_as.gid, "extra_groups": []}


def _wait(process: subprocess.Popen[bytes], timeout_s: float) -> int | None:
    """The exit code; None after the timeout, when the command and its children were killed."""
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # not reaped yet, so the number is still its own
        process.wait()
        return None


def _head(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(_MAX_OUTPUT_BYTES).decode("utf-8", "replace")
