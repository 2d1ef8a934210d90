"""The life of a sensors process. Any number may run; each sensor runs in one of them.

1. The warden is started, before there is any thread; what an earlier self left on this host is cleaned up.
2. Every second it looks: what should run, what nobody holds, which triggers came and went. What it can run it claims.
3. Every few seconds its leases are renewed, and only then the warden is beaten: when the database does not hear of this
   process for 20 s, the warden kills what others may take over after 28 s.
4. A stop: all sensors at once get TERM and 5 s; then their leases are free.
"""

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from django.conf import settings

from apps.core.alive import still_alive
from apps.core.database import first_line, limit_waits, release_connection, trouble_of
from apps.core.metrics import publishing
from apps.runner.warden_client import Warden
from apps.runner.workplace import workplace
from apps.runtimes.environments.volume import volume_id
from apps.runtimes.ranges import range_of
from apps.triggers.models import Sensor
from apps.triggers.sensors import leases, states
from apps.triggers.sensors.backoff import Backoff
from apps.triggers.sensors.launch import GRACE_S
from apps.triggers.sensors.runner import SensorRunner
from apps.triggers.sensors.wanted import (
    REMOVED,
    Served,
    Wanted,
    known_packs,
    served_triggers,
    wanted_sensors,
    why_not_wanted,
)
from apps.workers.capabilities import Capabilities
from apps.workers.footing import capabilities_here, run_as_here
from apps.workers.host import Host
from apps.workers.intake import Intake

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
RENEW_EVERY_S = 5.0
#: The warden kills so long after the last renewal: well before `leases.LEASE_S` is over.
SILENCE_S = 20.0
#: Sensors claimed in one look, so that processes that start together share them.
_CLAIMS = 4
#: For a sensor to end after TERM and KILL, and for the words about it.
_END_PATIENCE_S = GRACE_S + 5.0
_HOST_STOPPED = "the process that ran it was stopped"


class SensorsProcess:
    """One per process; `run` is its whole life."""

    def __init__(self) -> None:
        self._warden = Warden(silence_s=SILENCE_S)
        self._stopping = threading.Event()

    def run(self) -> None:
        """Until SIGTERM."""
        self._warden.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        limit_waits()
        try:
            with workplace(Path(settings.ATTUNE_WORK_DIR)) as work_root:
                publisher = publishing.start()
                fleet = Fleet(_host(self._warden, work_root))
                logger.info("sensors are run by %s", fleet.name)
                try:
                    self._go_on(fleet)
                finally:
                    fleet.stop()
                    publisher.stop()
        finally:
            self._warden.close()
            logger.info("sensors stopped")

    def _go_on(self, fleet: "Fleet") -> None:
        while not self._stopping.is_set():
            try:
                fleet.look()
            except Exception as error:
                if trouble_of(error) is None:
                    raise
                logger.warning("sensors cannot be looked after: %s", first_line(error))
            release_connection()
            still_alive()
            self._stopping.wait(LOOK_EVERY_S)


class Fleet:
    """The sensors this process runs. Used by one thread."""

    def __init__(
        self,
        host: Host,
        *,
        lease_s: float = leases.LEASE_S,
        backoff: Callable[[], Backoff] = Backoff,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = host.name
        self._host = host
        self._lease_s = lease_s
        self._new_backoff = backoff
        self._clock = clock
        self._renew_at = clock()
        self._runners: dict[int, SensorRunner] = {}
        self._ending: list[SensorRunner] = []

    @property
    def running(self) -> frozenset[int]:
        """Ids of the sensors it holds."""
        return frozenset(self._runners)

    def look(self) -> None:
        """One round. Raises what the database raises; the next round goes on from there."""
        if self._clock() >= self._renew_at:
            self.renew()
        self._forget_ended()
        sensors = wanted_sensors(known_packs())
        served = served_triggers(sensors)
        wanted = {item.id: item for item in sensors if served[item.id] or not item.definition.on_demand}
        self._stop_unwanted(wanted)
        self._detect_anew(wanted.values())
        for sensor_id, runner in self._runners.items():
            if runner.revision != wanted[sensor_id].revision:
                runner.restart(wanted[sensor_id])
            runner.serve(served[sensor_id])
        self._claim([sensor for sensor in wanted.values() if not self._has(sensor.id)], served)

    def renew(self) -> None:
        """Leases first, the warden's beat only once the database has taken them."""
        mine = {sensor_id: runner.lease.fence for sensor_id, runner in self._runners.items()}
        kept = leases.renew(mine, lease_s=self._lease_s)
        self._host.warden.beat()
        self._renew_at = self._clock() + RENEW_EVERY_S
        for sensor_id in mine.keys() - kept:
            self._end(sensor_id, "another process took it over")

    def stop(self) -> None:
        """All of them at once; returns when they have ended, or after a patience."""
        for sensor_id in list(self._runners):
            self._end(sensor_id, _HOST_STOPPED)
        until = time.monotonic() + _END_PATIENCE_S
        for runner in self._ending:
            runner.join(max(0.0, until - time.monotonic()))

    def _has(self, sensor_id: int) -> bool:
        return sensor_id in self._runners or any(runner.lease.sensor_id == sensor_id for runner in self._ending)

    def _forget_ended(self) -> None:
        self._ending = [runner for runner in self._ending if runner.is_alive]
        for sensor_id, runner in list(self._runners.items()):
            if not runner.is_alive:  # its lease was lost, or a bug ended it
                del self._runners[sensor_id]

    def _stop_unwanted(self, wanted: Mapping[int, Wanted]) -> None:
        gone = self._runners.keys() - wanted.keys()
        rows = Sensor.objects.in_bulk(list(gone)) if gone else {}
        for sensor_id in gone:
            row = rows.get(sensor_id)
            self._end(sensor_id, why_not_wanted(row, known_packs()) if row is not None else REMOVED, forgets=True)

    def _end(self, sensor_id: int, why: str, *, forgets: bool = False) -> None:
        runner = self._runners.pop(sensor_id)
        runner.stop(why, forgets=forgets)
        self._ending.append(runner)

    def _detect_anew(self, wanted: Iterable[Wanted]) -> None:
        """When the first sensor wants to run, and for a runtime nobody knew then, because its pack came later."""
        found = self._host.capabilities
        names = {sensor.definition.runtime for sensor in wanted}
        if names - found.runtimes.keys() - found.missing.keys():
            self._host.capabilities = capabilities_here(self._host.run_as)

    def _claim(self, sensors: Sequence[Wanted], served: Mapping[int, Mapping[int, Served]]) -> None:
        able = {sensor.id: sensor for sensor in sensors if self._can_run(sensor)}
        for lease in leases.claim(able, holder=self.name, most=_CLAIMS, lease_s=self._lease_s) if able else ():
            sensor_id = lease.sensor_id
            runner = SensorRunner(
                able[sensor_id], lease, served[sensor_id], host=self._host, backoff=self._new_backoff()
            )
            self._runners[sensor_id] = runner
            logger.info("%s is run here", able[sensor_id].ref)
            runner.start()

    def _can_run(self, sensor: Wanted) -> bool:
        name, wanted = sensor.definition.runtime, sensor.definition.runtime_version
        there = self._host.capabilities.runtimes.get(name, ())
        if any(item.version in range_of(wanted) for item in there):
            return True
        reason = self._host.capabilities.missing.get(name, "there is no such runtime")
        if there:
            reason = f"its pack wants {wanted}, here is {', '.join(item.version for item in there)}"
        told = f"{socket.gethostname()} has no {name}: {reason}"
        states.set_standing_of_nobody(sensor.id, states.Standing(states.State.NO_PLACE, told))
        return False


def _host(warden: Warden, work_root: Path) -> Host:
    """What builds and runs on this host need to know; no worker, so it takes no hints and has no queues.

    Runtimes are looked for when a sensor wants one: asking each interpreter for its version takes a second or two.
    """
    run_as = run_as_here(work_root)
    volume = volume_id(settings.ATTUNE_RUNTIME_ENVS_DIR)
    name = f"{socket.gethostname()}-sensors-{os.getpid()}-{secrets.token_hex(2)}"
    return Host(0, name, warden, Capabilities(settings.ATTUNE_POOL, {}), volume, work_root, Intake([]), run_as)
