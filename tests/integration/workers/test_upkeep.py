"""What a worker does to the environments of its volume when somebody asks: really built, broken and removed."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apps.packs.services.install import install_pack
from apps.runner.control import RunControl
from apps.runner.warden_client import Warden
from apps.runtimes.detect import Installation
from apps.runtimes.environments.layout import Place
from apps.runtimes.environments.volume import volume_id
from apps.runtimes.models import Environment
from apps.workers import builds, upkeep
from apps.workers.capabilities import Capabilities
from apps.workers.host import Host, set_current
from apps.workers.intake import Intake
from apps.workers.wanted import wanted_environment
from tests.conftest import messages_in
from tests.factories import make_worker, write_pack
from tests.integration.runtimes.conftest import installation, python_runtime  # noqa: F401 - fixtures
from tests.integration.runtimes.wheelhouse import make_wheelhouse
from tests.people import People

QUEUE = "build.default.python"
ACTION = "name: deploy\nruntime: python\nentry_point: deploy.py\n"


@pytest.fixture(scope="module")
def warden() -> Iterator[Warden]:
    warden = Warden(silence_s=3600)
    warden.start()
    yield warden
    warden.close()


@pytest.fixture
def digest(people: People, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    settings.ATTUNE_PACKS_DIR = tmp_path / "packs"
    settings.ATTUNE_RUNTIME_ENVS_DIR = tmp_path / "envs"
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in make_wheelhouse(tmp_path / "wheelhouse").items():
        monkeypatch.setenv(name, value)
    install_pack(settings.BASE_DIR / "packs/core", identity=None, own=True)
    files = {"actions/deploy.yaml": ACTION, "actions/deploy.py": "def run(): pass\n", "requirements.txt": "toy==1.0\n"}
    version = install_pack(write_pack(tmp_path / "acme", files=files), identity=None)
    return version.digest


@pytest.fixture
def host(digest: str, tmp_path: Path, warden: Warden, installation: Installation) -> Iterator[Host]:  # noqa: F811
    work = tmp_path / "work"
    work.mkdir()
    volume = volume_id(tmp_path / "envs")
    make_worker("tom", volume_id=volume, queues=[QUEUE])
    capabilities = Capabilities("default", {"python": [installation]})
    host = Host(1, "tom", warden, capabilities, volume, work, Intake([]))
    set_current(host)
    yield host
    set_current(None)


def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "envs" / "acme", "python")


def test_what_is_broken_is_told_and_repaired_if_somebody_says_so(host: Host, tmp_path: Path) -> None:
    builds.build("acme", "python")
    upkeep.validate("acme", "python")
    row = Environment.objects.get()
    assert (row.status, row.problems, row.needs_update) == ("ready", [], False)
    assert row.validated_at is not None
    assert row.executable.endswith("/bin/python")
    (metadata,) = place(tmp_path).folder.glob(".generations/*/lib/*/site-packages/toy-*/METADATA")
    metadata.unlink()
    upkeep.validate("acme", "python")
    row.refresh_from_db()
    assert (row.status, row.problems) == ("outdated", ["toy: 1.0 was built, nothing is there"])
    upkeep.validate("acme", "python", repair=True)
    row.refresh_from_db()
    assert (row.status, row.problems, row.generation) == ("ready", [], 2)
    assert row.disk_bytes > row.size_bytes > 0


def test_a_validation_repairs_what_was_never_built(host: Host) -> None:
    upkeep.validate("acme", "python")
    assert Environment.objects.get().problems == ["nothing is built, or its metadata is gone"]
    upkeep.validate("acme", "python", repair=True)
    row = Environment.objects.get()
    assert (row.status, row.problems, row.generation) == ("ready", [], 1)


def test_an_upgraded_interpreter_makes_it_outdated_and_the_old_one_serves_meanwhile(host: Host, digest: str) -> None:
    def serving(found: Installation) -> Path | None:
        hosted = replace(host.runtime("python"), installation=found)
        return builds.environment_for("acme", digest, hosted, host=host, control=RunControl())

    builds.build("acme", "python")
    now = host.runtime("python").installation
    first = serving(now)
    upgraded = replace(now, version=f"{now.version}9")
    assert serving(upgraded) == first
    assert serving(upgraded) == first
    assert messages_in(QUEUE) == 1
    assert Environment.objects.get().needs_update
    hosted = replace(host.runtime("python"), installation=upgraded)
    builds.build_wanted(wanted_environment("acme", digest, hosted).request, host=host, control=RunControl())
    assert serving(upgraded) not in (None, first)
    row = Environment.objects.get()
    assert (row.status, row.generation, row.version) == ("ready", 2, upgraded.version)


def test_a_removed_environment_is_gone_with_its_row_and_built_again_when_it_is_wanted(host: Host, digest: str) -> None:
    builds.build("acme", "python")
    upkeep.remove("acme", "python")
    assert not Environment.objects.exists()
    found = builds.environment_for("acme", digest, host.runtime("python"), host=host, control=RunControl())
    assert found is not None
    upkeep.remove("acme", "cobol")
    assert Environment.objects.get().status == "ready"


def test_a_cleanup_keeps_what_serves_and_tells_what_is_left(host: Host, tmp_path: Path) -> None:
    builds.build("acme", "python")
    builds.build("acme", "python", rebuild=True)
    before = Environment.objects.get()
    upkeep.clean_up(0)
    assert len(place(tmp_path).generations()) == 1
    after = Environment.objects.get()
    assert after.disk_bytes == after.size_bytes < before.disk_bytes


def test_a_pack_that_is_gone_or_needs_no_environment_is_left_alone(host: Host) -> None:
    upkeep.validate("gone", "python")
    upkeep.validate("acme", "python")
    assert Environment.objects.count() == 1


def test_nobody_is_asked_about_a_pack_that_is_gone(people: People) -> None:
    assert upkeep.request_validations("gone", "python") == 0
