"""A command runner for tests: a plain subprocess in a session of its own, killed as a group."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from apps.runtimes.environments.request import CommandTimedOut


def run_command(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    timeout_s: float,
    output: Callable[[bytes], None],
) -> int:
    deadline = time.monotonic() + timeout_s
    with subprocess.Popen(
        argv,
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                while selector.select(max(0.0, deadline - time.monotonic())):
                    if not (data := os.read(process.stdout.fileno(), 65536)):
                        return process.wait()
                    output(data)
            raise CommandTimedOut
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
