"""Attune's roles as programs: how each is called, and when they are ready together."""

import contextlib
import http.client
import json
import signal
import sys
from collections.abc import Mapping
from functools import partial

from apps.standalone.child import Program
from apps.standalone.environment import Options
from apps.standalone.layout import ROOT, Layout

#: Seconds the web role lets answers finish; streams never end by themselves.
WEB_DRAIN_S = 5

CONDUCTOR = (
    "celery -q -A attune worker -P prefork -c 2 -Q control -n conductor@%h -l WARNING --without-gossip --without-mingle"
)
WEB = (
    "uvicorn --http apps.core.http_protocol:BoundedProtocol attune.asgi:application --host 127.0.0.1 "
    "--log-level warning --no-access-log --no-server-header "
    f"--timeout-graceful-shutdown {WEB_DRAIN_S}"
)

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
        "conductor": (module, *CONDUCTOR.split()),
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
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            return answer.status == 200 and int(json.loads(answer.read())["workers"]) >= 1
        finally:
            connection.close()
    return False


def _always() -> bool:
    return True
