"""Runs `manage.py prepare`: tables, keyring, the first administrator, the packs that come with Attune."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import FileIO

from apps.standalone.child import Process, tied_to_us
from apps.standalone.errors import StartFailedError
from apps.standalone.layout import ROOT
from apps.standalone.stop_requests import StopRequests

#: How often a request to stop is looked for meanwhile. Seconds.
LOOK_S = 0.2

#: The preparation's command line, without the interpreter.
COMMAND = (str(ROOT / "manage.py"), "prepare", "--json")

#: Starts a command line in an environment; the answer goes to the descriptor, progress to our own stderr.
Begin = Callable[[Sequence[str], Mapping[str, str], int], Process]


@dataclass(frozen=True)
class Prepared:
    """What the command says on stdout; its progress goes to stderr, which is ours."""

    username: str
    password: str | None  # None: there was an administrator already
    token: str | None  # None: the profile has one already
    packs: tuple[str, ...]


def prepare(
    environment: Mapping[str, str], *, requests: StopRequests, new_token: bool, begin: Begin | None = None
) -> Prepared:
    """Prepare the database; `new_token` asks for a token even if there was one. `begin` starts the command.

    Raises StartFailedError, whose reason the command has printed by then, or StopRequestedError.
    """
    words = [*COMMAND, *(["--new-cli-token"] if new_token else [])]
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as answer:
        try:
            process = (begin or spawn_preparation)(words, environment, writer)
        finally:
            os.close(writer)
        try:
            output = _wait(answer, requests)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            process.wait()
    if process.returncode != 0:
        raise StartFailedError("The database could not be prepared; the reason stands above.")
    return _read(output)


def spawn_preparation(words: Sequence[str], environment: Mapping[str, str], stdout: int) -> Process:
    """Start the preparation by its command line, in a session of its own: a Ctrl-C is ours to handle."""
    return subprocess.Popen(
        [*tied_to_us(signal.SIGKILL), sys.executable, *words],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        start_new_session=True,
        umask=0o077,
    )


def _wait(answer: FileIO, requests: StopRequests) -> bytes:
    text = b""
    while True:
        requests.check()
        if select.select([answer], [], [], LOOK_S)[0]:
            if not (more := answer.read(65536)):
                return text
            text += more


def _read(output: bytes) -> Prepared:
    try:
        document = json.loads(output)
        return Prepared(
            username=str(document["username"]),
            password=document["password"],
            token=document["token"],
            packs=tuple(document["packs"]),
        )
    except (ValueError, LookupError, TypeError) as error:
        # Not shown: it may hold the password.
        raise StartFailedError("`manage.py prepare --json` did not answer as agreed.") from error
