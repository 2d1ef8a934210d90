"""From a spec to its warm server: what the warden would have to start, and the key by which runs find it."""

import hashlib
import os
import resource
from dataclasses import dataclass

from apps.runner.spec import RunSpec
from apps.runner.warden.wire import NO_KEY, Order

#: Where a server has its HOME: below the runs' folders, so that it is found there when its worker is dead. Not made.
_HOME = "warm"


@dataclass(frozen=True)
class ServerOrder:
    """Servers with equal orders are one."""

    key: bytes
    order: bytes


def order_of_server(spec: RunSpec) -> ServerOrder | None:
    """None where the run is to start by itself. Holds no input, and so no secret."""
    if spec.warm is None:
        return None
    home = str(spec.work_root / _HOME)
    environment = {**spec.warm.env, "HOME": home, "TMPDIR": home}
    order = Order(
        argv=tuple(os.fsencode(argument) for argument in spec.warm.argv),
        environment=tuple(os.fsencode(f"{name}={value}") for name, value in environment.items()),
        work_dir=os.fsencode(home),
        cwd=b"/",
        timeout_s=None,
        grace_s=0.0,
        kill_on_silence=False,
        run_as=None if spec.run_as is None else (spec.run_as.uid, spec.run_as.gid),
        rlimits=((resource.RLIMIT_CORE, 0, 0),),
    ).encode()
    return ServerOrder(key=hashlib.sha256(order).digest()[: len(NO_KEY)], order=order)
