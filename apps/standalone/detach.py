"""Starts Attune as a daemon, and waits with its caller until it is ready."""

import os
import subprocess
import sys
import time

from apps.standalone import instance
from apps.standalone.child import POLL_S
from apps.standalone.layout import ROOT, Layout

#: What runs on when we return.
DAEMON = ("-P", "-m", "apps.standalone", "serve")


def up_detached(layout: Layout) -> int:
    """Return 0 once Attune is ready and lives on without us; else the exit code of the start that failed.

    The daemon has a session of its own. It reports on our terminal and lets go of it just before it says
    that it is ready, so that nobody who reads our output to its end waits for the daemon.
    """
    daemon = subprocess.Popen(
        [sys.executable, *DAEMON],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ATTUNE_VAR_DIR": str(layout.var)},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    while (code := daemon.poll()) is None:
        try:
            if _is_ready(layout, pid=daemon.pid):
                daemon.returncode = 0  # it lives on: nobody is to wait for it
                return 0
            time.sleep(POLL_S)
        except KeyboardInterrupt:
            daemon.terminate()  # it stops in order and says how; another Ctrl-C hurries it
    return code


def _is_ready(layout: Layout, *, pid: int) -> bool:
    started = instance.find_instance(layout.run)
    return started is not None and started.process.pid == pid and started.is_ready
