"""Builds that somebody asked a worker for."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from apps.packs.services.install import install_pack
from apps.runner.control import RunControl
from apps.runner.outcome import StopReason
from apps.runner.warden_client import Warden
from apps.workers import builds
from apps.workers.capabilities import Capabilities
from apps.workers.host import Host, set_current
from apps.workers.intake import Intake
from tests.factories import make_runtimes, write_pack
from tests.people import People


@pytest.fixture
def host(people: People, settings: Any, tmp_path: Path) -> Iterator[Host]:
    settings.ATTUNE_PACKS_DIR = tmp_path / "packs"
    make_runtimes("shell")
    install_pack(write_pack(tmp_path / "acme"), identity=None)
    host = Host(1, "tom", Warden(silence_s=60), Capabilities("default", {}), "v", tmp_path, Intake([]))
    set_current(host)
    yield host
    set_current(None)


def test_a_build_fills_a_slot_and_is_stopped_with_its_worker(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, StopReason | None]] = []

    def build(_: object, *, control: RunControl, **__: object) -> None:
        host.stop_builds()
        seen.append((host.busy_slots, control.stop_reason))

    hosted = SimpleNamespace(definition=SimpleNamespace(has_environments=True))
    monkeypatch.setattr(builds, "runtime_for", lambda *_, **__: hosted)
    monkeypatch.setattr(builds, "wanted_environment", lambda *_: SimpleNamespace(request="what is wanted"))
    monkeypatch.setattr(builds, "build_wanted", build)
    builds.build("acme", "shell")
    assert seen == [(1, StopReason.INTERRUPTED)]
    assert host.busy_slots == 0
