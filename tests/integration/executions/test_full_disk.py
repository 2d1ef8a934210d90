"""Executions on a worker whose disk is full, on a real one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from apps.core.types import JsonObject
from apps.executions.attempts import log_failed
from apps.executions.files import artifacts_folder
from apps.executions.models import Execution, Policy
from apps.executions.run import run_execution
from apps.executions.services.request import Wish, request_executions
from apps.packs.services.install import install_pack
from apps.runner.warden_client import Warden
from apps.runtimes.services import known_runtimes
from apps.workers.capabilities import find_capabilities
from apps.workers.host import Host
from apps.workers.intake import Intake
from tests.factories import make_policy, make_worker, write_pack
from tests.people import People, client_of
from tests.small_disk import fill, fill_with_files, small_disk

_ACTIONS = {
    "talk": "head -c 400000 /dev/zero | tr '\\0' x; echo; echo '{\"through\": true}'",
    "large": "printf '{\"large\": \"'; head -c 1100000 /dev/zero | tr '\\0' x; echo '\"}'",
    "small": "echo '{\"through\": true}'",
}


_RETRY = {"on": ["failed"], "backoff": "constant", "delay_s": 1.0, "max_delay_s": 60.0, "jitter": 0.0}


@pytest.fixture(scope="module")
def warden() -> Iterator[Warden]:
    warden = Warden(silence_s=3600)
    warden.start()
    yield warden
    warden.close()


@pytest.fixture
def host(people: People, settings: LazySettings, tmp_path: Path, warden: Warden) -> Host:
    """A worker with a shell, and a pack to run."""
    settings.ATTUNE_PACKS_DIR = tmp_path / "packs"
    install_pack(settings.BASE_DIR / "packs/core", identity=None, own=True)
    files = {f"actions/{name}.sh": text for name, text in _ACTIONS.items()}
    files |= {f"actions/{name}.yaml": f"name: {name}\nruntime: shell\nentry_point: {name}.sh\n" for name in _ACTIONS}
    install_pack(write_pack(tmp_path / "acme", files=files), identity=None)
    worker = make_worker("tom")
    capabilities = find_capabilities("default", known_runtimes(), only=["shell"])
    work = tmp_path / "work"
    work.mkdir()
    return Host(worker.pk, worker.name, warden, capabilities, "volume", work, Intake([]))


@pytest.fixture
def disk(settings: LazySettings, tmp_path: Path) -> Iterator[Path]:
    """Where logs and artifacts go."""
    with small_disk(tmp_path / "small", kib=512) as folder:
        settings.ATTUNE_ARTIFACTS_DIR = folder
        yield folder


def run(people: People, host: Host, action: str, *, retry: JsonObject | None = None) -> Execution:
    if retry:
        make_policy("again", kind=Policy.Kind.RETRY, limit=None, retry={**_RETRY, **retry})
    (execution_id,) = request_executions(people.owner, [Wish(action=f"acme.{action}")]).execution_ids
    run_execution(execution_id, 1, host=host)
    return Execution.objects.get(pk=execution_id)


def test_a_log_that_cannot_be_written_fails_no_run_and_says_so(people: People, host: Host, disk: Path) -> None:
    fill(disk, leaving_kib=120)
    execution = run(people, host, "talk")
    assert (execution.status, execution.result) == ("succeeded", {"through": True})
    assert log_failed(execution, 1)
    owner = client_of(people.owner)
    base = f"/api/v1/executions/{execution.pk}"
    assert owner.get(f"{base}/attempts").json()["results"][0]["logs"]["failed"] is True
    assert owner.get(f"{base}/logs").content.endswith(b"[attune: from here on the log could not be written]\n")


def test_where_not_even_a_folder_fits_it_ends_with_a_reason(people: People, host: Host, disk: Path) -> None:
    fill_with_files(disk)
    execution = run(people, host, "small")
    assert execution.status == "failed"
    assert execution.error is not None
    assert execution.error["type"] == "disk_full"
    assert "No space left on device" in execution.error["message"]


def test_a_large_result_that_cannot_be_kept_ends_with_a_reason(people: People, host: Host, disk: Path) -> None:
    execution = run(people, host, "large")
    assert execution.status == "failed"
    assert execution.error is not None
    assert execution.error["type"] == "result_not_kept"
    assert "1100012 bytes" in execution.error["message"]
    assert "No space left on device" in execution.error["message"]
    assert list(artifacts_folder(execution.pk, 1).iterdir()) == []


def test_no_room_for_the_work_folder_may_be_tried_again_elsewhere(
    people: People, host: Host, settings: LazySettings, tmp_path: Path
) -> None:
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path / "artifacts"
    with small_disk(tmp_path / "small", kib=64, files=100) as folder:
        host.work_root = folder
        fill_with_files(folder)
        execution = run(people, host, "small", retry={"max_attempts": 2})
    assert execution.status == "requested"
    assert execution.attempt == 2
    facts = execution.history.filter(attempt=1, facts__error__type="disk_full")
    assert facts.exists()


def test_a_pack_that_cannot_be_unpacked_ends_it_with_a_reason(
    people: People, host: Host, settings: LazySettings, tmp_path: Path
) -> None:
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path / "artifacts"
    with small_disk(tmp_path / "small", kib=1024) as folder:
        settings.ATTUNE_PACKS_DIR = folder
        host.runtime("shell")
        fill(folder)
        execution = run(people, host, "small")
        left = [*folder.glob("acme/*"), *folder.glob("acme/.*"), *folder.glob(".staging/*")]
    assert execution.error is not None
    assert execution.error["type"] == "disk_full"
    assert left == []
