"""A pack with sensors, and a process that runs them: real programs under a real warden, with short waits."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from apps.packs.services.install import install_pack
from apps.runner.warden_client import Warden
from apps.runtimes.services import known_runtimes
from apps.triggers.models import Event, SensorInstance
from apps.triggers.sensors.backoff import Backoff
from apps.triggers.sensors.process import Fleet
from apps.workers.capabilities import find_capabilities
from apps.workers.host import Host
from apps.workers.intake import Intake
from tests.factories import write_pack
from tests.installed import install_packs
from tests.waiting import wait_for

SEEN = """name: seen
payload_schema: {type: object, properties: {n: {type: integer}}}
parameters_schema: {type: object, properties: {path: {type: string}}}
"""


@pytest.fixture(scope="module")
def warden() -> Iterator[Warden]:
    warden = Warden(silence_s=3600)
    warden.start()
    yield warden
    warden.close()


class Stage:
    """Installs sensors and looks after them. Each fleet is another host."""

    def __init__(self, folder: Path, warden: Warden) -> None:
        self.folder = folder
        self.fleets: list[Fleet] = []
        self._warden = warden
        self._version = 0

    def install(self, **sensors: str | tuple[str, str]) -> None:
        """`name=program` in bash, or `name=(more of its file, program)`; together one version of the pack `demo`."""
        self._version += 1
        files = {"triggers/seen.yaml": SEEN}
        for name, given in sensors.items():
            more, program = given if isinstance(given, tuple) else ("", given)
            files[f"sensors/{name}.yaml"] = (
                f"name: {name}\nruntime: shell\nentry_point: {name}.sh\ntriggers: [demo.seen]\n{more}"
            )
            files[f"sensors/{name}.sh"] = program
        version = f"1.0.{self._version}"
        source = write_pack(self.folder / version, ref="demo", version=version, files=files)
        install_pack(source, identity=None)

    def host(self, *, lease_s: float = 30.0) -> Fleet:
        work_root = self.folder / f"work{len(self.fleets)}"
        work_root.mkdir(mode=0o711)
        capabilities = find_capabilities("default", known_runtimes(), only=["shell"])
        name = f"host{len(self.fleets)}"
        host = Host(0, name, self._warden, capabilities, "volume", work_root, Intake([]))
        fleet = Fleet(host, lease_s=lease_s, backoff=lambda: Backoff(first_s=0.02, most_s=0.05))
        self.fleets.append(fleet)
        return fleet

    def stop(self) -> None:
        for fleet in self.fleets:
            fleet.stop()

    def until(self, condition: Callable[[], Any], *, what: str = "what was to come") -> Any:
        """Looks after all fleets meanwhile."""

        def look() -> Any:
            for fleet in self.fleets:
                fleet.look()
            return condition()

        return wait_for(look, what=what, every_s=0.05)


@pytest.fixture
def stage(transactional_db: None, settings: Any, tmp_path: Path, warden: Warden) -> Iterator[Stage]:
    settings.ATTUNE_PACKS_DIR = tmp_path / "packs"
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path / "artifacts"
    install_packs()
    stage = Stage(tmp_path, warden)
    with ExitStack() as ended:
        ended.callback(stage.stop)
        yield stage


def standing(name: str) -> SensorInstance:
    return SensorInstance.objects.select_related("sensor").get(sensor__ref=f"demo.{name}")


def seen(name: str) -> list[int]:
    """What `n` of its events says, in order."""
    rows = Event.objects.filter(source="sensor", source_ref=f"demo.{name}").order_by("pk")
    return [row.payload["n"] for row in rows]
