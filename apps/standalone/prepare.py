"""Runs `manage.py prepare`: tables, keyring, the first administrator, the packs that come with Attune."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from apps.standalone.child import tied_to_us
from apps.standalone.errors import StartFailedError
from apps.standalone.layout import ROOT
from apps.standalone.stop_requests import StopRequests

#: How often a request to stop is looked for meanwhile. Seconds.
LOOK_S = 0.2


@dataclass(frozen=True)
class Prepared:
    """What the command says on stdout; its progress goes to stderr, which is ours."""

    username: str
    password: str | None  # None: there was an administrator already
    token: str | None  # None: the profile has one already
    packs: tuple[str, ...]


def prepare(
    environment: Mapping[str, str], *, requests: StopRequests, new_token: bool, command: tuple[str, ...] = ()
) -> Prepared:
    """Prepare the database; `new_token` asks for a token even if there was one.

    Raises StartFailedError, whose reason the command has printed by then, or StopRequestedError.
    """
    words = command or (sys.executable, str(ROOT / "manage.py"), "prepare", "--json")
    with subprocess.Popen(
        [*tied_to_us(signal.SIGKILL), *words, *(["--new-cli-token"] if new_token else [])],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C is ours to handle
        umask=0o077,
    ) as process:
        try:
            output = _wait(process, requests)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode != 0:
        raise StartFailedError("The database could not be prepared; the reason stands above.")
    return _read(output)


def _wait(process: subprocess.Popen[bytes], requests: StopRequests) -> bytes:
    while True:
        requests.check()
        try:
            return process.communicate(timeout=LOOK_S)[0]
        except subprocess.TimeoutExpired:
            continue


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
