"""Runtimes that packs bring, change and take away are looked for by workers that run already."""

from pathlib import Path
from typing import Any, cast

import pytest
from pytest_django import Settings

from apps.runner.warden_client import Warden
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.services import upsert_runtimes
from apps.workers.capabilities import Capabilities
from apps.workers.host import Host
from apps.workers.intake import Intake
from apps.workers.models import Worker
from apps.workers.newcomers import Newcomers
from tests.factories import make_runtimes, make_worker

pytestmark = pytest.mark.django_db


def runtime(name: str, version: str) -> RuntimeDefinition:
    program = f"import sys; print({version!r}); print(sys.executable)"
    return RuntimeDefinition(name=name, detect=(("python3", "-c", program),), command=("{interpreter}",))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Of a worker that serves bash, as it started."""
    make_runtimes("shell")
    worker = make_worker("tom", queues=[])
    capabilities = Capabilities("default", {"shell": ()}, {"ruby": "it is not here"})
    return Host(worker.pk, "tom", cast(Warden, None), capabilities, "volume", tmp_path, Intake(capabilities.queues))


def row() -> Worker:
    return Worker.objects.get(name="tom")


def runtimes(name: str) -> list[Any]:
    return list((row().runtimes or {})[name])


def test_one_that_comes_is_served_and_one_that_goes_is_not_any_more(host: Host) -> None:
    newcomers = Newcomers(host)
    newcomers.look()
    assert row().queues == [], "nothing has come"
    upsert_runtimes(
        "acme",
        "1" * 64,
        [
            runtime("own", "1.2.3"),
            RuntimeDefinition(name="none", detect=(("no-such-program",),), command=("{interpreter}",)),
        ],
    )
    newcomers.look()
    assert {"run.default.own", "run.default.own-1.2", "build.default.own", "run.default.shell"} <= set(row().queues)
    assert [item["version"] for item in runtimes("own")] == ["1.2.3"]
    assert "no-such-program" in (row().missing_runtimes or {})["none"]
    upsert_runtimes("acme", "2" * 64, [runtime("own", "2.0.0")])
    newcomers.look()
    assert [item["version"] for item in runtimes("own")] == ["2.0.0"]
    assert "none" not in (row().missing_runtimes or {})
    upsert_runtimes("acme", "", [])
    newcomers.look()
    assert set(row().runtimes or {}) == {"shell"}
    assert not any("own" in queue for queue in row().queues)


def test_a_worker_that_was_told_what_to_serve_looks_for_nothing_else(host: Host, settings: Settings) -> None:
    settings.ATTUNE_WORKER_RUNTIMES = ["shell"]
    newcomers = Newcomers(host)
    upsert_runtimes("acme", "1" * 64, [runtime("own", "1.2.3")])
    newcomers.look()
    assert row().queues == []
