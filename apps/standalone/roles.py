"""Attune's roles as programs: how each is called, and when they are ready together."""

import contextlib
import json
import signal
import socket
import sys
from collections.abc import Mapping
from functools import partial

from apps.standalone.child import Program
from apps.standalone.environment import Options
from apps.standalone.layout import ROOT, Layout

#: Seconds the web role lets answers finish; streams never end by themselves.
WEB_DRAIN_S = 5

WEB = (
    "uvicorn --http apps.core.http_protocol:BoundedProtocol attune.asgi:application --host 127.0.0.1 "
    "--log-level warning --no-access-log --no-server-header "
    f"--timeout-graceful-shutdown {WEB_DRAIN_S}"
)

#: More than `/readyz` ever says.
MAX_ANSWER_BYTES = 65536

#: Seconds a worker takes after its drain: TERM, 10 s, KILL for actions that go on, then writing it down.
WORKER_END_S = 20.0

#: Seconds all sensors take at once: TERM, 5 s, KILL, then writing it down.
SENSORS_END_S = 15.0


def roles(layout: Layout, *, options: Options, environment: Mapping[str, str]) -> list[Program]:
    """Return the roles in the order of starting; stopped in reverse: web goes first, and with it who starts work.

    The conductor comes first and goes last: it announces what a draining worker still finishes.
    """
    manage, module = str(ROOT / "manage.py"), "-m"
    commands = {
        "conductor": (manage, "run_conductor"),
        "worker": (manage, "run_worker"),
        "scheduler": (manage, "run_scheduler"),
        "sensors": (manage, "run_sensors"),
        "web": (module, *WEB.split(), "--port", str(options.port)),
    }
    patience = {"web": WEB_DRAIN_S + 5.0, "worker": options.drain_s + WORKER_END_S, "sensors": SENSORS_END_S}
    return [
        Program(
            name=name,
            argv=(sys.executable, *command),
            cwd=ROOT,
            env=environment,
            log=layout.log / f"{name}.log",
            stop_signals=((signal.SIGTERM, patience.get(name, 10.0)),),
            is_ready=partial(is_ready, options.port) if name == "web" else _always,
            is_waited_for=name not in ("web", "sensors"),
        )
        for name, command in commands.items()
    ]


def is_ready(port: int) -> bool:
    """True when Attune answers and a worker is there to run something (`GET /readyz`)."""
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        head, _, body = _answer(port).partition(b"\r\n\r\n")
        return head.split()[1] == b"200" and int(json.loads(body)["workers"]) >= 1
    return False


def _answer(port: int) -> bytes:
    """All of it. By hand: `http.client` would take a supervisor, which asks nothing else, three megabytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        with connection.makefile("rb") as stream:
            return stream.read(MAX_ANSWER_BYTES)


def _always() -> bool:
    return True
