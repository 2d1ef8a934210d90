"""Stops Attune, whether its supervisor lives or was killed."""

import signal
import time

from apps.standalone import instance
from apps.standalone.child import POLL_S
from apps.standalone.instance import Instance
from apps.standalone.layout import Layout
from apps.standalone.leftovers import end_leftovers
from apps.standalone.records import Records
from apps.standalone.report import LogFollower, Report
from apps.standalone.strays import KILL_S

#: What a supervisor may take beyond the stops of its programs. Seconds.
SLACK_S = 30.0

#: Silence that is explained. Seconds.
PATIENCE_S = 3.0

#: For another script/down to finish. Seconds.
LOCK_WAIT_S = 10.0


def down(layout: Layout, *, report: Report) -> None:
    """Stop everything of this folder and return when it has ended; the data stay.

    A supervisor is asked and waited for; where there is none, or it does not obey, what it recorded is
    ended one by one. Raises AlreadyRunningError when a start or stop is under way that cannot be asked.
    """
    was_running = False
    if (running := instance.find_instance(layout.run)) is not None:
        was_running = True
        _ask(running, layout, report=report)
    if layout.run.is_dir():
        with instance.sole_owner(layout.run, wait_s=LOCK_WAIT_S):
            instance.withdraw(layout.run)
            was_running |= end_leftovers(layout, report=report) > 0
    report.say("Attune has stopped." if was_running else "Attune is not running.")


def _ask(running: Instance, layout: Layout, *, report: Report) -> None:
    records = Records(layout.run)
    patience = sum(record.patience_s for record in records.all()) + SLACK_S
    deadline = time.monotonic() + patience
    said = LogFollower(layout.supervisor_log)
    running.process.send(signal.SIGTERM)
    spoke_at = time.monotonic()
    while running.process.is_alive():
        if time.monotonic() > deadline:
            report.say(f"  the supervisor (process {running.process.pid}) does not answer; killing it")
            running.process.send(signal.SIGKILL)
            deadline += KILL_S
        if _relay(said, report):
            spoke_at = time.monotonic()
        elif time.monotonic() > spoke_at + PATIENCE_S and (left := records.running()):
            report.say(f"  waiting for {left[0].name} (at most {left[0].patience_s:.0f} s in all)")
            spoke_at = time.monotonic() + left[0].patience_s
        time.sleep(POLL_S)
    _relay(said, report)


def _relay(said: LogFollower, report: Report) -> bool:
    lines = said.new_lines()
    for line in lines:
        report.say(line)
    return bool(lines)
