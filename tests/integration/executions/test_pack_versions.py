"""What runs and what waits keeps the version of its pack, whatever becomes of the pack meanwhile: real processes."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from apps.actions.models import Action
from apps.executions.models import Execution
from apps.executions.retention.packs import collect_pack_versions
from apps.executions.run import run_execution
from apps.packs.models import Pack
from apps.packs.services.install import install_pack
from apps.packs.services.remove import remove_pack
from apps.packs.services.rollback import roll_back, version_to_serve
from apps.packs.versions import ensure_unpacked
from apps.workers.host import Host
from tests.asking import ask
from tests.factories import write_pack
from tests.installed import hosted_worker, install_packs
from tests.people import People
from tests.small_disk import small_disk
from tests.waiting import wait_for

ACTION = "name: tell\nruntime: shell\nentry_point: tell.sh\nconcurrency: {limit: 1}\noutput_format: json\n"
#: Says which version it is of, once it is let go on.
CODE = """
touch "{flag}.started"
until [ -e "{flag}" ]; do sleep 0.02; done
echo "{{\\"code\\": \\"{version}\\", \\"file\\": \\"$(cat "$ATTUNE_PACK_DIR/lib/version")\\"}}"
"""


@pytest.fixture
def host(people: People, settings: Settings, tmp_path: Path) -> Iterator[Host]:
    settings.ATTUNE_PACKS_DIR = tmp_path / "packs"
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path / "artifacts"
    install_packs()
    with hosted_worker(tmp_path / "work") as host:
        yield host


def install(folder: Path, version: str) -> str:
    code = CODE.format(flag=folder / "go", version=version)
    files = {"actions/tell.yaml": ACTION, "actions/tell.sh": code, "lib/version": version}
    return install_pack(write_pack(folder / version, version=version, files=files), identity=None).digest


def asked(people: People) -> Execution:
    action = Action.objects.select_related("pack", "version", "definition").get(ref="acme.tell")
    (execution,) = ask(people, action)
    return execution


@contextmanager
def running(execution: Execution, host: Host) -> Iterator[None]:
    def run() -> None:
        try:
            run_execution(execution.pk, execution.attempt, host=host)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(timeout=30)


def result_of(execution: Execution) -> object:
    execution.refresh_from_db()
    assert execution.status == "succeeded", (execution.error, execution.reason)
    return execution.result


def test_a_version_is_kept_through_upgrade_rollback_and_removal(people: People, host: Host, tmp_path: Path) -> None:
    one = install(tmp_path, "1.0.0")
    runs, waits = asked(people), asked(people)
    with running(runs, host):
        wait_for((tmp_path / "go.started").exists, what="the first to start")
        two = install(tmp_path, "2.0.0")
        later = asked(people)
        pack = Pack.objects.select_related("current").get(ref="acme")
        roll_back(people.administrator, pack=pack, version=version_to_serve(pack))
        last = asked(people)
        remove_pack(people.administrator, ref="acme", force=True)
        Pack.objects.filter(ref="acme").update(updated_at=timezone.now() - timedelta(hours=2))
        collect_pack_versions()
        (tmp_path / "go").touch()
    found = [result_of(runs)]
    for execution in (waits, later, last):
        execution.refresh_from_db()
        run_execution(execution.pk, execution.attempt, host=host)
        found.append(result_of(execution))
    assert found == [{"code": version, "file": version} for version in ("1.0.0", "1.0.0", "2.0.0", "1.0.0")]
    assert [item.pack_digest for item in (runs, waits, later, last)] == [one, one, two, one]
    assert collect_pack_versions() == 2
    assert not Pack.objects.filter(ref="acme").exists()


def test_a_packs_folder_that_nobody_may_write_to_changes_nothing(
    people: People, host: Host, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "go").touch()
    with small_disk(tmp_path / "read-only", kib=8192) as folder:
        settings.ATTUNE_PACKS_DIR = folder
        core = Pack.objects.select_related("current").get(ref="core").current
        assert core is not None
        ensure_unpacked("core", core.digest)
        install(tmp_path, "1.0.0")
        assert [path for path in folder.glob("[!.]*/*/**/*") if path.stat().st_mode & 0o222] == []
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        execution = asked(people)
        run_execution(execution.pk, execution.attempt, host=host)
        assert result_of(execution) == {"code": "1.0.0", "file": "1.0.0"}
