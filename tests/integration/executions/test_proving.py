"""A version that needs another environment serves only once a worker has built it: installed, upgraded, rolled back."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from apps.operations.models import Operation
from apps.operations.services import run_operation
from apps.packs.models import Pack
from apps.packs.operations import queue_of, request_installation, request_rollback
from apps.packs.services.install import install_pack
from apps.runner.control import RunControl
from apps.runner.warden_client import Warden
from apps.runtimes.detect import Installation
from apps.runtimes.environments.volume import volume_id
from apps.runtimes.models import Environment
from apps.workers import builds
from apps.workers.capabilities import Capabilities
from apps.workers.host import Host, set_current
from apps.workers.intake import Intake
from apps.workers.models import Worker
from tests.conftest import messages_in
from tests.factories import make_worker, write_pack
from tests.integration.runtimes.conftest import installation, python_runtime  # noqa: F401 - fixtures
from tests.integration.runtimes.wheelhouse import make_wheelhouse
from tests.people import People

BUILD_QUEUE = "build.default.python"
FILES = {"actions/deploy.yaml": "name: deploy\nruntime: python\nentry_point: deploy.py\n", "actions/deploy.py": ""}


@pytest.fixture(scope="module")
def warden() -> Iterator[Warden]:
    warden = Warden(silence_s=3600)
    warden.start()
    yield warden
    warden.close()


@pytest.fixture
def world(people: People, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Version 1.0.0 of the pack is installed."""
    settings.ATTUNE_PACKS_DIR = tmp_path / "packs"
    settings.ATTUNE_RUNTIME_ENVS_DIR = tmp_path / "envs"
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in make_wheelhouse(tmp_path / "wheelhouse").items():
        monkeypatch.setenv(name, value)
    install_pack(settings.BASE_DIR / "packs/core", identity=None, own=True)
    install_pack(version(tmp_path, "1.0.0", "toy==1.0"), identity=None)
    return tmp_path


@pytest.fixture
def host(world: Path, warden: Warden, installation: Installation) -> Host:  # noqa: F811
    """A worker."""
    (world / "work").mkdir()
    volume = volume_id(world / "envs")
    worker = make_worker("tom", volume_id=volume, queues=[BUILD_QUEUE])
    capabilities = Capabilities("default", {"python": (installation,)})
    return Host(worker.pk, "tom", warden, capabilities, volume, world / "work", Intake([]))


def version(folder: Path, number: str, requirements: str, **files: str) -> Path:
    return write_pack(folder / number, version=number, files={**FILES, **files, "requirements.txt": requirements})


def on_a_worker(host: Host, deed: Any, *arguments: Any) -> None:
    set_current(host)
    try:
        deed(*arguments)
    finally:
        set_current(None)


def ended(operation: Operation, host: Host) -> Operation:
    """Run by a conductor, and where it is handed over, by the worker, and by a conductor again."""
    while operation.status == "pending":
        if queue_of(operation.input) == BUILD_QUEUE:
            on_a_worker(host, run_operation, operation.pk)
        else:
            run_operation(operation.pk)
        operation.refresh_from_db()
    return operation


def serving() -> str:
    return str(Pack.objects.values_list("current__version", flat=True).get(ref="acme"))


def environment_of(host: Host) -> Path | None:
    """What an action of the version that serves starts in; nothing is left to build."""
    current = Pack.objects.select_related("current").get(ref="acme").current
    assert current is not None
    count = len(generations())
    found = builds.environment_for("acme", current.digest, host.runtime("python"), host=host, control=RunControl())
    assert len(generations()) == count
    return found


def generations() -> list[Path]:
    return list(Path(settings.ATTUNE_RUNTIME_ENVS_DIR).glob("acme/.generations/python-*"))


def test_requirements_that_cannot_be_met_leave_what_served_with_its_environment(
    people: People, host: Host, tmp_path: Path
) -> None:
    on_a_worker(host, builds.build, "acme", "python")
    before, row = environment_of(host), Environment.objects.values().get()
    source = version(tmp_path, "1.1.0", "toy==9.9")
    operation = ended(request_installation(people.administrator, source=str(source), force=True), host)
    error = operation.error or {}
    assert (operation.status, error["code"]) == ("failed", "environment_build_failed")
    told = "The environment of acme 1.1.0 for python could not be built, so 1.0.0 goes on serving."
    assert told in error["detail"]
    assert "toy==9.9" in operation.log, "what the installer said"
    assert [step["name"] for step in operation.steps] == ["copy", "check", "keep", "build python"]
    assert (serving(), environment_of(host)) == ("1.0.0", before)
    assert Environment.objects.values().get() == row


def test_what_could_be_built_serves_at_once_and_is_gone_back_to(people: People, host: Host, tmp_path: Path) -> None:
    source = version(tmp_path, "1.1.0", "toy==2.0")
    on_a_worker(host, builds.build, "acme", "python")
    asked = request_installation(people.administrator, source=str(source))
    run_operation(asked.pk)
    asked.refresh_from_db()
    assert (asked.status, queue_of(asked.input), serving()) == ("pending", BUILD_QUEUE, "1.0.0")
    assert messages_in(BUILD_QUEUE) > 0
    before = environment_of(host)
    assert (ended(asked, host).status, serving()) == ("succeeded", "1.1.0"), asked.error
    assert (asked.outcome or {})["change"] == "upgraded"
    assert [step["name"] for step in asked.steps] == ["copy", "check", "keep", "build python", "register"]
    assert environment_of(host) != before
    back = ended(request_rollback(people.administrator, pack_ref="acme"), host)
    assert (back.status, serving()) == ("succeeded", "1.0.0"), back.error


def test_nothing_is_handed_over_where_nothing_is_to_be_built_or_nobody_could(
    people: People, host: Host, tmp_path: Path
) -> None:
    for number, requirements in (("1.1.0", "toy==1.0"), ("1.2.0", "# nothing")):
        source = version(tmp_path, number, requirements)
        asked = request_installation(people.administrator, source=str(source))
        run_operation(asked.pk)
        asked.refresh_from_db()
        assert (asked.status, serving()) == ("succeeded", number)
    Worker.objects.update(status="cordoned")
    asked = request_installation(people.administrator, source=str(version(tmp_path, "1.3.0", "toy==9.9")))
    run_operation(asked.pk)
    asked.refresh_from_db()
    assert (asked.status, serving()) == ("succeeded", "1.3.0"), "built before its first run, once there is a worker"


def test_whoever_is_faster_while_it_is_built_wins(people: People, host: Host, tmp_path: Path) -> None:
    asked = request_installation(people.administrator, source=str(version(tmp_path, "1.2.0", "toy==2.0")))
    run_operation(asked.pk)
    install_pack(version(tmp_path, "1.1.0", "toy==1.0"), identity=None)
    asked.refresh_from_db()
    ended(asked, host)
    assert (asked.status, (asked.error or {})["code"]) == ("failed", "installation_overtaken")
    assert serving() == "1.1.0"


def test_a_conductor_goes_on_where_the_worker_is_gone_meanwhile(people: People, host: Host, tmp_path: Path) -> None:
    asked = request_installation(people.administrator, source=str(version(tmp_path, "1.1.0", "toy==2.0")))
    run_operation(asked.pk)
    asked.refresh_from_db()
    Worker.objects.update(status="lost")
    assert queue_of(asked.input) == "control"
    run_operation(asked.pk)
    assert serving() == "1.1.0"
