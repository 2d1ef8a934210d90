"""From a sensor that is to be started to the one process it becomes: environment, input, secrets, limits."""

import logging
import os
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from apps.audit.services import Deed, record_many
from apps.core.types import JsonObject
from apps.executions.document import values_to_mask
from apps.keys.owners import SYSTEM, pack_owner, sensor_owner
from apps.keys.resolve import Resolved, resolve
from apps.packs.models import Pack
from apps.packs.services.config import given_config
from apps.packs.versions import ensure_unpacked
from apps.runner.control import RunControl
from apps.runner.spec import RunSpec, Says
from apps.runtimes.environments import locks
from apps.runtimes.environments.errors import EnvironmentGone
from apps.runtimes.launch import Launch, bare_launch_of
from apps.runtimes.process_environ import environment_of
from apps.triggers.sensors.logs import LIMITS
from apps.triggers.sensors.protocol import document_line
from apps.triggers.sensors.wanted import Served, Wanted
from apps.workers.builds import environment_for
from apps.workers.host import Host, HostedRuntime

logger = logging.getLogger(__name__)

#: Between TERM and KILL.
GRACE_S = 5.0
_TRIES = 3


@dataclass(frozen=True)
class Given:
    """What a process is given, and what of it must not be seen again. `lacking` says which keys it did not get."""

    secrets: JsonObject
    config: JsonObject
    masked: tuple[bytes, ...]
    lacking: tuple[str, ...]


def given_to(sensor: Wanted, *, start: int) -> Given:
    """Reads keys and configuration, and records which keys were read. Raises `SealBroken`."""
    keys = _keys(sensor)
    config = given_config(sensor.pack_ref, sensor.pack_digest)
    record_many(
        Deed(deed="key.read", who=f"sensor {sensor.ref}", on=ref, facts={"start": start, "version": version})
        for ref, version in keys.used.items()
    )
    masked = (item for secret in (*keys.masked.values(), *config.secrets.values()) for item in values_to_mask(secret))
    return Given(keys.values, config.values, tuple(dict.fromkeys(masked)), tuple(_lacking(keys)))


def spec_of(
    sensor: Wanted,
    given: Given,
    served: Iterable[Served],
    *,
    start: int,
    host: Host,
    control: RunControl,
    held: ExitStack,
) -> RunSpec:
    """Everything the process needs, on this host; the environment is built first where it has to be, and what is
    `held` stays until the process has ended.

    Raises `RuntimeNotHere`, `BuildFailed`, `SecretInEnvironment`, and `OSError` for an entry point nobody can read.
    """
    pack_dir = ensure_unpacked(sensor.pack_ref, sensor.pack_digest)
    launch = _launch(sensor, pack_dir, host=host, control=control, held=held)
    name = f"sensor-{sensor.id}-{start}"
    own = environment_of(
        sensor.definition.env,
        launch=launch,
        environ=os.environ,
        pass_env=settings.ATTUNE_PASS_ENV,
        secrets=given.masked,
    )
    context = {
        "sensor": sensor.ref,
        "pack": sensor.pack_ref,
        "start": start,
        "config": given.config,
        "api_url": settings.ATTUNE_BASE_URL,
        "work_dir": str(host.work_root / name),
        "state_dir": str(state_folder(host, sensor.id)),
    }
    document = {"secrets": given.secrets, "context": context, "triggers": [item.as_json() for item in served]}
    return RunSpec(
        name=name,
        argv=launch.argv,
        env={**own, "ATTUNE_SENSOR": sensor.ref, "ATTUNE_PACK_DIR": str(pack_dir)},
        work_root=host.work_root,
        stdin=document_line(document),
        says=Says(sensor.definition.events),
        timeout_s=sensor.definition.poll_timeout_s,
        grace_s=GRACE_S,
        secrets=given.masked,
        log=LIMITS,
        run_as=host.run_as,
        artifacts_dir=state_folder(host, sensor.id),
    )


def state_folder(host: Host, sensor_id: int) -> Path:
    """What a sensor keeps on this host for its next process; it outlives this one and Attune's."""
    return host.work_root.parent / "sensor-state" / str(sensor_id)


def _keys(sensor: Wanted) -> Resolved:
    if not sensor.definition.secrets:
        return Resolved()
    pack_uuid = Pack.objects.filter(ref=sensor.pack_ref).values_list("uuid", flat=True).first()
    if pack_uuid is None:
        return Resolved(missing=list(sensor.definition.secrets))
    own = sensor_owner(sensor.ref, pack_uuid, pack=sensor.pack_ref)
    return resolve(sensor.definition.secrets, [own, pack_owner(sensor.pack_ref, pack_uuid), SYSTEM])


def _lacking(keys: Resolved) -> Iterable[str]:
    for name, ref in keys.expired.items():
        yield f"the key {ref} has expired, so the sensor got no secret {name}"
    for name in keys.missing:
        yield f"there is no key {name} for this sensor, its pack or the system, so it got no such secret"


def _launch(sensor: Wanted, pack_dir: Path, *, host: Host, control: RunControl, held: ExitStack) -> Launch:
    runtime = host.runtime(sensor.definition.runtime, sensor.definition.runtime_version)
    entry_point = pack_dir / "sensors" / sensor.definition.entry_point
    entry_point.open("rb").close()  # an interpreter would only say so with an exit code of its own
    return bare_launch_of(
        runtime.definition,
        installation=runtime.installation,
        pack_dir=pack_dir,
        entry_point=entry_point,
        env_dir=_held_environment(sensor, runtime, host=host, control=control, held=held),
    )


def _held_environment(
    sensor: Wanted, runtime: HostedRuntime, *, host: Host, control: RunControl, held: ExitStack
) -> Path | None:
    for left in reversed(range(_TRIES)):
        env_dir = environment_for(sensor.pack_ref, sensor.pack_digest, runtime, host=host, control=control)
        if env_dir is None:
            return None
        try:
            held.enter_context(locks.hold(env_dir))
        except EnvironmentGone:  # replaced between the look and the lock
            if not left:
                raise
            continue
        return env_dir
    raise AssertionError
