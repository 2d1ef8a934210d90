"""Reads one commit of a git repository with the git program, of which as little as possible is used.

Nothing is checked out: git fetches one commit into an empty repository and writes it as a tar stream, which our own
extractor unpacks. So no hook, filter, submodule or link of the repository is ever followed. git asks nobody anything,
reads no configuration but this, and speaks one protocol; it is limited in time, memory and file size, and ends with us.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from apps.core.fetch import FetchPolicy, checked_address
from apps.packs.sources.address import Source
from apps.packs.sources.errors import GitFailed, GitMissing, SourceInvalid
from apps.packs.sources.extract import extract_tar

#: For all calls about one source.
TIMEOUT_S = 300.0
#: Of any file git writes: the commit as one pack.
MAX_FILE_BYTES = 200 * 1024 * 1024
_MAX_MEMORY_BYTES = 2 * 1024**3
#: The first that can be told which address to connect to (`http.curloptResolve`).
_OLDEST = (2, 37)
_PASSED = frozenset(
    {"PATH", "HOME", "TZ", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"}
)
_SETTINGS = {
    "protocol.allow": "never",
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.askPass": "",
    "credential.helper": "",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "http.proxy": "",
    "fetch.recurseSubmodules": "false",
    "fetch.unpackLimit": "1",
    "transfer.unpackLimit": "1",
    "transfer.fsckObjects": "true",
    "pack.threads": "1",
    "core.packedGitWindowSize": "32m",
    "core.packedGitLimit": "256m",
    "gc.auto": "0",
    "maintenance.auto": "false",
}
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_SAID_LINES = 3
_MAX_PRINTED = 64 * 1024
_LIMITED = Path(__file__).with_name("limited.py")


@dataclass(frozen=True)
class GitSettings:
    """`protocols` is what the operator allows (`ATTUNE_GIT_PROTOCOLS`)."""

    protocols: frozenset[str]
    policy: FetchPolicy
    timeout_s: float = TIMEOUT_S


def fetch_git(source: Source, target: Path, *, room: Path, settings: GitSettings) -> str:
    """Unpacks the commit into `target` and returns its id. `room` is an empty private folder.

    Raises `GitFailed`, `GitMissing`, `SourceInvalid`, `FetchRefused` and what the extractor raises.
    """
    _require_git()
    protocol, options, environment = _way_to(source.address, settings)
    repository = room / "repository.git"
    git = _Git(repository, options, environment, deadline=time.monotonic() + settings.timeout_s)
    git.run("init", "--quiet", "--bare", "--template=", str(repository))
    (repository / "info").mkdir(parents=True, exist_ok=True)
    (repository / "info" / "attributes").write_text("* -export-ignore -export-subst -ident -text -filter\n", "ascii")
    git.run(
        *("-c", f"protocol.{protocol}.allow=always", "fetch", "--quiet", "--depth=1", "--no-tags"),
        *("--no-recurse-submodules", "--no-auto-maintenance", "--", source.address, source.ref or "HEAD"),
    )
    commit = git.run("rev-parse", "--verify", "FETCH_HEAD^{commit}").strip()
    if not _COMMIT.match(commit):
        raise GitFailed("The repository names no commit.")
    with git.output_of("archive", "--format=tar", commit) as tar:
        extract_tar(tar, target)
    return commit


def _way_to(address: str, settings: GitSettings) -> tuple[str, list[str], dict[str, str]]:
    """The protocol, options and variables with which git reaches the address that was checked, and no other."""
    protocol, host, port = _parts(address)
    if protocol not in settings.protocols:
        known = ", ".join(sorted(settings.protocols)) or "none"
        raise SourceInvalid(f"git over {protocol} is not allowed here; allowed: {known} (ATTUNE_GIT_PROTOCOLS).")
    if protocol == "file":
        return protocol, [], {}
    checked = checked_address(host, port or (22 if protocol == "ssh" else 443), settings.policy)
    if protocol == "https":
        pinned = f"{host}:{port or 443}:{f'[{checked}]' if ':' in checked else checked}"
        return protocol, ["-c", f"http.curloptResolve={pinned}"], {}
    alias = f"[{host}]:{port}" if port and port != 22 else host
    ssh = [
        *("ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", f"HostName={checked}"),
        *(
            "-o",
            f"HostKeyAlias={alias}",
            "-o",
            "ForwardAgent=no",
            "-o",
            "ForwardX11=no",
            "-o",
            "ClearAllForwardings=yes",
        ),
        *("-o", "PermitLocalCommand=no", "-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "ConnectTimeout=20"),
    ]
    return protocol, [], {"GIT_SSH_COMMAND": " ".join(ssh), "GIT_SSH_VARIANT": "ssh"}


def _parts(address: str) -> tuple[str, str, int | None]:
    """Protocol, host, port."""
    if "://" not in address:  # user@host:path
        return "ssh", address.partition("@")[2].partition(":")[0], None
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname or "", parts.port
    except ValueError as error:
        raise SourceInvalid("The address has no valid host and port.") from error


class _Git:
    """Calls the program within one deadline, each call in a session of its own that is killed as a whole."""

    def __init__(self, repository: Path, options: Sequence[str], environment: Mapping[str, str], *, deadline: float):
        self._repository = repository
        self._options = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        self._options += options
        self._environment = {**_environment(), **environment}
        self._deadline = deadline

    def run(self, *arguments: str) -> str:
        """What it printed. Raises `GitFailed` with what it said last."""
        with self.output_of(*arguments) as output:
            return output.read(_MAX_PRINTED).decode("utf-8", "replace")

    @contextmanager
    def output_of(self, *arguments: str) -> Iterator[IO[bytes]]:
        """Its stdout as it comes. Raises `GitFailed` at the end of the block where git failed."""
        with tempfile.TemporaryFile() as said:
            process = self._start(arguments, said)
            assert process.stdout is not None, "it is a pipe"
            try:
                with self._killed_at_the_deadline(process), process.stdout:
                    yield process.stdout
                    process.stdout.read()  # what the reader did not want; tar ends with zeros
                    exit_code = process.wait()
            finally:
                _kill(process)
            if exit_code:
                late = time.monotonic() >= self._deadline
                text = "takes too long" if late else f"cannot be read: {_last_lines(said)}"
                raise GitFailed(f"The repository {text}.")

    def _start(self, arguments: Sequence[str], said: IO[bytes]) -> "subprocess.Popen[bytes]":
        limits = [str(number) for number in (MAX_FILE_BYTES, _MAX_MEMORY_BYTES, os.getpid())]
        git = [_git(), *self._options, *arguments]
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_LIMITED), *limits, *git],
            cwd=self._repository.parent,
            env={**self._environment, "GIT_DIR": str(self._repository)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,
        )

    @contextmanager
    def _killed_at_the_deadline(self, process: "subprocess.Popen[bytes]") -> Iterator[None]:
        timer = threading.Timer(max(0.0, self._deadline - time.monotonic()), lambda: _kill(process))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """With everything it has started; not reaped yet, so the number is still its own."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment() -> dict[str, str]:
    """HOME stays: keys of ssh and logins in .netrc are there. Nothing of Attune's own."""
    passed = {name: value for name, value in os.environ.items() if name in _PASSED}
    return {
        **passed,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "SSH_ASKPASS": "/bin/false",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
    }


def _last_lines(said: IO[bytes]) -> str:
    """For people: what git said last, without what would move a terminal's cursor."""
    said.seek(0)
    text = said.read(64 * 1024).decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(lines[-_SAID_LINES:]).encode("ascii", "backslashreplace").decode()[:600] or "git said nothing"


def _git() -> str:
    program = shutil.which("git")
    if program is None:
        raise GitMissing("There is no git program on this server; install git where the conductor runs.")
    return program


def _require_git() -> None:
    version = _version(_git())
    if version < _OLDEST:
        wanted = ".".join(map(str, _OLDEST))
        raise GitMissing(f"git on this server is {'.'.join(map(str, version))}; {wanted} or later is needed.")


@cache
def _version(program: str) -> tuple[int, ...]:
    answer = subprocess.run([program, "--version"], capture_output=True, timeout=20, check=False, env=_environment())
    found = re.search(rb"(\d+)\.(\d+)", answer.stdout)
    return tuple(int(part) for part in found.groups()) if found else (0, 0)
