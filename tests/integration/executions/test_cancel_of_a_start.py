"""A cancel that comes between the claim of an execution and the start of its process, and around it."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from apps.core.redis import client
from apps.executions.listener import Listener
from apps.executions.models import Execution, History
from apps.executions.run import run_execution
from apps.executions.services.cancel import AlreadyEnded, cancel_execution
from apps.executions.services.request import Wish, request_executions
from apps.executions.states import TERMINAL
from apps.executions.wakeups import CANCEL_CHANNEL
from apps.workers.host import Host
from tests.installed import hosted_worker, install_packs
from tests.people import People
from tests.waiting import is_running, wait_for

#: Repetitions, some of them at once.
TIMES = 200
AT_ONCE = 4


@pytest.fixture
def host(people: People, settings: Settings, tmp_path: Path) -> Iterator[Host]:
    settings.ATTUNE_PACKS_DIR = tmp_path / "packs"
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path / "artifacts"
    settings.ATTUNE_WORK_DIR = tmp_path
    install_packs("oracle")
    with hosted_worker(tmp_path / "work") as host:
        listener = Listener(host, beat=lambda: None)
        listener.start()
        try:
            wait_for(lambda: client().publish(CANCEL_CHANNEL, ""), what="the listener to listen")
            yield host
        finally:
            listener.stop()


@pytest.mark.timeout(600)  # where a run takes long, the delays do
def test_it_is_canceled_or_finished_never_both_and_leaves_no_process(
    people: People, host: Host, tmp_path: Path
) -> None:
    notes, source = tmp_path / "notes", random.Random(20)

    def race(case: tuple[int, float, float]) -> None:
        pk, _, delay_s = case
        runs = threading.Thread(target=run, args=(pk,))
        runs.start()
        time.sleep(delay_s)
        with suppress(AlreadyEnded):
            cancel_execution(people.owner, pk)
        connection.close()  # before it waits: the pool has fewer than there are threads here
        runs.join()

    def run(pk: int) -> None:
        run_execution(pk, 1, host=host)
        connection.close()

    def how_long(pk: int) -> float:
        began = time.monotonic()
        run(pk)
        return time.monotonic() - began

    def asked(n: int, *, seconds: int = 0) -> int:
        wish = Wish(action="oracle.free", parameters={"file": str(notes), "n": n, "seconds": seconds})
        (pk,) = request_executions(people.owner, [wish]).execution_ids
        return pk

    with ThreadPoolExecutor(AT_ONCE) as pool:
        # What takes a fortieth of a second may take one on a busy machine, and no cancel would come after its end.
        longest_s = max(pool.map(how_long, [asked(n) for n in range(TIMES, TIMES + 2 * AT_ONCE)]))
        cases = []
        for n in range(TIMES):
            seconds = source.choice((0, 30))
            # Most within a claim and what follows it, some while it runs; what would run long is always canceled.
            cases.append((asked(n, seconds=seconds), seconds, source.uniform(0, max(0.06, longest_s))))
        list(pool.map(race, cases))

    statuses = dict(Execution.objects.values_list("pk", "status"))
    odd = Execution.objects.exclude(status__in=["canceled", "succeeded"])
    assert [(row.pk, row.status, row.error) for row in odd] == []
    lines = [line.split() for line in notes.read_text().splitlines()] if notes.exists() else []
    started = [int(pk) for what, _, pk, _ in lines if what == "start"]
    ended = [int(pk) for what, _, pk, _ in lines if what == "end"]
    assert len(started) == len(set(started)), "a process was started twice"
    assert {pk for pk, status in statuses.items() if status == "succeeded"} <= set(ended)
    for pk, seconds, _ in cases:
        assert not (seconds and statuses[pk] == "succeeded"), "it was canceled, and ran to its end"
    for pk in statuses:
        ends = [row.status for row in History.objects.filter(execution=pk) if row.status in TERMINAL]
        assert len(ends) == 1, (pk, ends)
    assert host.running_ids == []
    wait_for(lambda: not processes_in(host.work_root), what="the end of all processes")
    assert len(set(statuses.values())) == 2, "the delays met one side only"


def processes_in(folder: Path) -> list[int]:
    """Those that work in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and is_running(int(entry.name)):
            with suppress(OSError):
                if (entry / "cwd").resolve().is_relative_to(folder):
                    found.append(int(entry.name))
    return found
