"""Tests of an installed pack run on a worker, as an operation."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Identity, Role, RoleAssignment
from apps.core.errors import Forbidden
from apps.executions.pack_tests import operation as pack_tests
from apps.executions.pack_tests.operation import NoWorker, queue_of, request_tests
from apps.executions.pack_tests.plan import NoTests
from apps.executions.retention.packs import collect_pack_versions
from apps.operations.models import Operation
from apps.operations.progress import MAX_LOG_CHARS, Progress
from apps.operations.services import hint, run_operation
from apps.packs.models import Pack, PackVersion
from apps.packs.services.install import install_pack
from apps.packs.services.manage import UnknownPack
from apps.packs.versions import ensure_unpacked
from apps.runner.warden_client import Warden
from apps.runner.workplace import workplace
from apps.runtimes.detect import detect
from apps.runtimes.services import known_runtimes
from apps.workers.capabilities import Capabilities
from apps.workers.host import Host, set_current
from apps.workers.intake import Intake
from apps.workers.models import Worker
from tests.conftest import messages_in
from tests.factories import make_runtimes, make_worker, write_pack
from tests.people import People

FILES = {
    "actions/deploy.yaml": "name: deploy\nruntime: shell\nentry_point: deploy.sh\n",
    "actions/deploy.sh": "echo hello\n",
    "tests/good.sh": 'test -r "$ATTUNE_PACK_DIR/pack.yaml" && echo "ok 1 - a" && echo "ok 2 - b"\n',
    "tests/more.sh": 'echo "ok 1 - c"\n',
}


@pytest.fixture
def pack(people: People, settings: Any, tmp_path: Path) -> Path:
    settings.ATTUNE_PACKS_DIR = tmp_path / "packs"
    make_runtimes("shell", "python")
    folder = write_pack(tmp_path / "acme", files=FILES)
    install_pack(folder, identity=None)
    return folder


def serve(name: str, *runtimes: str) -> Worker:
    worker = make_worker(name)
    queues = [f"{kind}.default.{runtime}" for kind in ("run", "build") for runtime in runtimes]
    Worker.objects.filter(pk=worker.pk).update(queues=queues)
    return worker


@pytest.fixture
def host(pack: Path, tmp_path: Path) -> Iterator[Host]:
    worker = serve("tom", "shell")
    (shell,) = [item for item in known_runtimes() if item.name == "shell"]
    found = Capabilities("default", {"shell": detect(shell, search_path="/usr/bin:/bin").installations})
    warden = Warden(silence_s=600)
    with workplace(tmp_path / "work") as work_root:
        host = Host(worker.pk, worker.name, warden, found, "volume", work_root, Intake([]))
        set_current(host)
        yield host
        set_current(None)
        warden.close()


@pytest.fixture(autouse=True)
def no_files_of_core(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """The core pack's runtimes are rows without files here."""
    core = settings.BASE_DIR / "packs" / "core"

    def unpacked(ref: str, digest: str) -> Path:
        return core if ref == "core" else ensure_unpacked(ref, digest)

    monkeypatch.setattr("apps.workers.host.ensure_unpacked", unpacked)


def ended(operation: Operation) -> Operation:
    run_operation(operation.pk)
    operation.refresh_from_db()
    return operation


def failed(operation: Operation) -> dict[str, Any]:
    """The error of an operation that was run to its end."""
    error = ended(operation).error
    assert isinstance(error, dict)
    return error


def test_the_outcome_counts_and_the_log_tells(people: People, host: Host) -> None:
    operation = ended(request_tests(people.administrator, "acme"))
    assert (operation.kind, operation.subject, operation.status) == ("pack_test", "acme", "succeeded"), operation.error
    outcome = operation.outcome or {}
    assert (outcome["passed"], outcome["failed"], outcome["skipped"]) == (3, 0, 0)
    assert [(row["name"], row["passed"]) for row in outcome["programs"]] == [("tests/good.sh", 2), ("tests/more.sh", 1)]
    assert operation.log == "tests/good.sh\nok 1 - a\nok 2 - b\ntests/more.sh\nok 1 - c\n"
    assert [step["status"] for step in operation.steps] == ["succeeded", "succeeded"]
    assert host.busy_slots == 0


def test_a_failed_test_fails_the_operation_with_the_report(people: People, host: Host, pack: Path) -> None:
    (pack / "tests" / "more.sh").write_text('echo "not ok 1 - c"; exit 1\n')
    (pack / "tests" / "test_it.py").write_text("")
    install_pack(pack, identity=None, force=True)
    error = failed(request_tests(people.administrator, "acme"))
    assert error["code"] == "tests_failed"
    report = error["report"]
    assert (report["passed"], report["failed"]) == (2, 2)
    why = {row["name"]: row["error"] for row in report["programs"]}
    assert why["tests/more.sh"] == "exit code 1"
    assert why["tests/ (Python)"].startswith("this worker has no python")


def test_a_line_without_an_end_is_kept_only_as_far_as_the_log_goes(
    people: People, host: Host, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pack / "tests" / "more.sh").write_text("head -c 3000000 /dev/zero | tr '\\0' x; echo the end\n")
    install_pack(pack, identity=None, force=True)
    sizes: list[int] = []
    monkeypatch.setattr(Progress, "log", lambda self, line: sizes.append(len(line)))
    assert ended(request_tests(people.administrator, "acme")).status == "succeeded"
    assert max(sizes) <= MAX_LOG_CHARS


def test_it_waits_for_a_worker_that_has_its_runtimes(people: People, pack: Path) -> None:
    with pytest.raises(NoWorker, match="No active worker has shell"):
        request_tests(people.administrator, "acme")
    serve("python_only", "python")
    assert queue_of({"runtimes": {"shell": ""}}) is None
    serve("both", "python", "shell")
    assert queue_of({"runtimes": {"shell": "", "python": ""}}) == "build.default.shell", "the rarer one"
    assert queue_of({"runtimes": {}}) is not None
    operation = request_tests(people.administrator, "acme")
    assert messages_in("build.default.shell") == 1
    Worker.objects.all().update(status=Worker.Status.LOST)
    hint(operation.pk)
    assert messages_in("control") == 0


def test_a_range_of_versions_leads_to_the_queue_of_a_version(people: People, pack: Path) -> None:
    old, new = serve("old", "python"), serve("new", "python")
    for worker, version in ((old, "3.9.18"), (new, "3.11.7")):
        runtimes = {"python": [{"version": version, "interpreter": "/usr/bin/python3"}]}
        Worker.objects.filter(pk=worker.pk).update(runtimes=runtimes)
    assert queue_of({"runtimes": {"python": ">=3.10"}}) == "run.default.python-3.11"
    assert queue_of({"runtimes": {"python": ">=3.11.4"}}) == "run.default.python-3.11.7"
    assert queue_of({"runtimes": {"python": ">=3.12"}}) is None


def test_a_pack_without_tests_and_an_unknown_one_are_told_at_once(people: People, pack: Path, tmp_path: Path) -> None:
    install_pack(write_pack(tmp_path / "bare", ref="bare"), identity=None)
    with pytest.raises(NoTests):
        request_tests(people.administrator, "bare")
    with pytest.raises(UnknownPack):
        request_tests(people.administrator, "nothing")


def test_a_version_that_was_removed_meanwhile_is_said_to_be_gone(people: People, host: Host, pack: Path) -> None:
    operation = request_tests(people.administrator, "acme")
    write_pack(pack, version="2.0.0", files=FILES)
    install_pack(pack, identity=None)
    PackVersion.objects.filter(version="1.0.0").delete()
    error = failed(operation)
    assert error["code"] == "no_such_version"
    assert "was removed meanwhile; ask again to test what serves now" in error["detail"]


def test_a_version_is_kept_while_its_tests_are_to_end(people: People, host: Host, settings: Any, pack: Path) -> None:
    settings.ATTUNE_RETENTION_PACK_VERSIONS = 1
    operation = request_tests(people.administrator, "acme")
    write_pack(pack, version="2.0.0", files=FILES)
    install_pack(pack, identity=None)
    Pack.objects.update(updated_at=timezone.now() - timedelta(days=1))
    assert collect_pack_versions() == 0
    assert ended(operation).status == "succeeded", operation.error
    assert collect_pack_versions() == 1


def test_only_who_may_manage_the_pack_runs_its_tests(people: People, host: Host) -> None:
    seeing = Role.objects.create(name="seeing", grants=["pack.view"])
    RoleAssignment.objects.create(identity=people.owner, role=seeing)
    owner = Identity.objects.get(pk=people.owner.pk)
    with pytest.raises(Forbidden):
        request_tests(owner, "acme")
    Role.objects.filter(pk=seeing.pk).update(grants=["pack.view", "pack.manage@pack:acme"])
    operation = request_tests(Identity.objects.get(pk=owner.pk), "acme")
    Role.objects.filter(pk=seeing.pk).update(grants=["pack.view"])
    assert failed(operation)["code"] == "forbidden"


def test_a_worker_that_stops_stops_the_tests(people: People, host: Host, pack: Path) -> None:
    (pack / "tests" / "good.sh").write_text("echo begun\nsleep 600\n")
    install_pack(pack, identity=None, force=True)
    operation = request_tests(people.administrator, "acme")
    real = pack_tests._Told.output

    def stopping(told: Any, chunk: Any) -> None:
        host.stop_builds()
        real(told, chunk)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pack_tests._Told, "output", stopping)
        report = failed(operation)["report"]
    assert [row["error"] for row in report["programs"]] == ["it was stopped", "it was stopped"]
