"""A Prefect of the benchmark's own, as its documents start one: a server with SQLite, and a process that serves."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from bench.broken import Broken
from bench.peer_environment import PeerEnvironment
from bench.private_attune import free_port

_PATIENCE_S = 180.0
_END_S = 20.0
_LOOK_EVERY_S = 0.2


class Prefect:
    """Made by `prefect_server`."""

    def __init__(self, environment: PeerEnvironment, variables: Mapping[str, str]) -> None:
        self._environment = environment
        self._variables = variables

    def ask(self, what: str, count: int) -> float:
        """What `prefect_runs.py` tells of `runs` or `steps`."""
        command = self._environment.command("prefect_runs.py", what, count)
        done = subprocess.run(command, env=self._variables, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Broken(f"Prefect did not run {count} {what}:\n{done.stderr[-2000:]}")
        return float(done.stdout.split()[-1])


@contextmanager
def prefect_server(environment: PeerEnvironment, folder: Path, *, at_once: int) -> Iterator[Prefect]:
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    variables = {
        "PATH": f"{environment.bin}:{os.defpath}",
        "HOME": str(folder),
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_URL": api,
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    server = [str(environment.bin / "prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with ExitStack() as started:
        started.enter_context(_program(server, variables, folder / "server.log"))
        _wait(f"{api}/health", log=folder / "server.log")
        serving = environment.command("prefect_runs.py", "serve", at_once)
        started.enter_context(_program(serving, variables, folder / "serve.log"))
        _wait(f"{api}/deployments/name/echo/bench", log=folder / "serve.log")
        yield Prefect(environment, variables)


@contextmanager
def _program(command: Sequence[str], variables: Mapping[str, str], log: Path) -> Iterator[None]:
    """Ended with all it started, which is in its session."""
    with log.open("wb") as output:
        program = subprocess.Popen(
            command,
            env=variables,
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield
    finally:
        program.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(_END_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()


def _wait(url: str, *, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url).status_code == 200:
                return
        time.sleep(_LOOK_EVERY_S)
    said = log.read_text(errors="replace")[-2000:]
    raise Broken(f"Prefect did not answer at {url} within {_PATIENCE_S:.0f} s:\n{said}")
