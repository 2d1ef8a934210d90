"""The supervisor with small programs in the places of roles: order, restarts, stops, what is left."""

import io
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from apps.standalone.child import Program
from apps.standalone.errors import StandaloneError, StartFailedError, StopRequestedError
from apps.standalone.processes import ProcessId
from apps.standalone.records import Records
from apps.standalone.report import Report
from apps.standalone.rotation import rotate
from apps.standalone.stop_requests import StopRequests
from apps.standalone.strays import end_strays
from apps.standalone.supervisor import Backoff, Supervisor
from tests.integration.standalone.waiting import wait_until

#: Notes its start, waits for TERM, notes its end. Whoever reads of its start may send TERM at once.
OBEDIENT = "trap 'echo -$0 >> events; exit' TERM; echo +$0 >> events; while :; do sleep 0.02; done"

#: Never more than a moment between restarts, so that a test can wait for several.
quick = partial(Backoff, first_s=0.01, longest_s=0.05)


class Stage:
    """A supervisor in a folder of its own, and what its programs did there."""

    def __init__(self, folder: Path, requests: StopRequests) -> None:
        self.folder = folder
        self.said = io.StringIO()
        self.records = Records(folder / "run")
        report = Report(self.said, log=folder / "supervisor.log")
        self.supervisor = Supervisor(self.records, report=report, requests=requests, backoff=quick)

    def program(self, name: str, script: str = OBEDIENT, **settings: Any) -> Program:
        return Program(
            name=name,
            cwd=self.folder,
            log=self.folder / f"{name}.log",
            **{
                "argv": ("/bin/sh", "-c", script, name),
                "is_ready": lambda: f"+{name}" in self.events(),
                **settings,
            },
        )

    def events(self) -> list[str]:
        try:
            return (self.folder / "events").read_text().split()
        except FileNotFoundError:
            return []

    def recorded(self) -> list[str]:
        return [record.name for record in self.records.running()]

    def pid(self, name: str) -> int:
        return next(record.process.pid for record in self.records.all() if record.name == name)

    def watch_until(self, condition: Callable[[], object]) -> None:
        """Watch until the condition holds, then ask for a stop by signal, as a terminal would."""

        def ask() -> None:
            try:
                wait_until(condition, what="the condition to stop watching")
                held.append(True)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

        held: list[bool] = []
        asker = threading.Thread(target=ask)
        asker.start()
        self.supervisor.watch()
        asker.join()
        assert held, self.said.getvalue()


@pytest.fixture
def requests() -> Iterator[StopRequests]:
    with StopRequests() as entered:
        yield entered


@pytest.fixture
def stage(tmp_path: Path, requests: StopRequests) -> Iterator[Stage]:
    stage = Stage(tmp_path, requests)
    with stage.supervisor:
        yield stage


def test_groups_start_one_after_the_other_and_stop_in_reverse(stage: Stage) -> None:
    stage.supervisor.start([stage.program("database")], deadline_s=30)
    stage.supervisor.start([stage.program("worker"), stage.program("web")], deadline_s=30)
    assert stage.events()[0] == "+database"
    assert stage.recorded() == ["web", "worker", "database"]
    stage.supervisor.stop()
    assert stage.events()[3:] == ["-web", "-worker", "-database"]
    assert stage.records.all() == []


def test_programs_that_need_not_be_waited_for_are_stopped_with_the_one_before(stage: Stage) -> None:
    wait_for_other = "touch $0.told; until test -e $1.told; do sleep 0.02; done; echo -$0 >> events; exit"
    script = f"trap '{wait_for_other}' TERM; echo +$0 >> events; while :; do sleep 0.02; done"
    scheduler = stage.program("scheduler", argv=("/bin/sh", "-c", script, "scheduler", "web"))
    web = stage.program("web", argv=("/bin/sh", "-c", script, "web", "scheduler"), is_waited_for=False)
    stage.supervisor.start([stage.program("worker"), scheduler, web], deadline_s=30)
    stage.supervisor.stop()
    assert sorted(stage.events()[3:5]) == ["-scheduler", "-web"]
    assert stage.events()[5:] == ["-worker"]


def test_a_program_that_ends_during_the_start_fails_it_and_its_log_is_shown(stage: Stage) -> None:
    stage.supervisor.start([stage.program("database")], deadline_s=30)
    bad = stage.program("web", "echo no such module; exit 1")
    with pytest.raises(StartFailedError, match=r"(?s)web ended \(exit code 1\).*no such module"):
        stage.supervisor.start([bad], deadline_s=30)
    stage.supervisor.stop()
    assert stage.events() == ["+database", "-database"]


def test_an_earlier_program_that_ends_meanwhile_fails_the_start_too(stage: Stage) -> None:
    stage.supervisor.start([stage.program("database")], deadline_s=30)
    web = stage.program("web", is_ready=lambda: os.kill(stage.pid("database"), signal.SIGKILL))
    with pytest.raises(StartFailedError, match=r"database ended \(killed by SIGKILL\)"):
        stage.supervisor.start([web], deadline_s=30)


def test_a_program_that_is_never_ready_fails_the_start(stage: Stage) -> None:
    with pytest.raises(StartFailedError, match=r"web was not ready after 0 s. Its log: .*web\.log"):
        stage.supervisor.start([stage.program("web", is_ready=lambda: False)], deadline_s=0.1)


def test_a_stop_asked_for_during_the_start_ends_it(stage: Stage) -> None:
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(StopRequestedError):
        stage.supervisor.start([stage.program("web", is_ready=lambda: False)], deadline_s=30)


def test_a_program_that_dies_is_started_again_and_the_others_stay(stage: Stage) -> None:
    stage.supervisor.start([stage.program("database"), stage.program("worker")], deadline_s=30)
    database, first = stage.pid("database"), stage.pid("worker")
    os.kill(first, signal.SIGKILL)
    stage.watch_until(lambda: stage.events().count("+worker") == 2)
    assert (stage.pid("database"), stage.pid("worker") != first) == (database, True)
    assert "worker ended (killed by SIGKILL). Next start in 0.01 s" in stage.said.getvalue()
    assert "worker was started again." in stage.said.getvalue()


def test_a_program_that_keeps_dying_is_never_given_up(stage: Stage) -> None:
    script = "echo +$0 >> events; until test -e started; do sleep 0.02; done"
    stage.supervisor.start([stage.program("worker", script)], deadline_s=30)
    (stage.folder / "started").touch()  # from here on it ends as soon as it is started
    stage.watch_until(lambda: stage.events().count("+worker") >= 8)
    assert "Next start in 0.05 s" in stage.said.getvalue()


def test_a_program_that_cannot_even_be_started_is_tried_again(stage: Stage) -> None:
    attempts = []

    def refuse_twice() -> None:
        attempts.append(1)
        if len(attempts) in {2, 3}:
            raise StandaloneError("the data are gone")

    stage.supervisor.start([stage.program("database", prepare=refuse_twice)], deadline_s=30)
    os.kill(stage.pid("database"), signal.SIGKILL)
    stage.watch_until(lambda: stage.events().count("+database") == 2)
    assert stage.said.getvalue().count("database cannot be started: the data are gone") == 2


def test_a_program_that_is_waiting_for_its_next_start_does_not_hold_up_the_stop(stage: Stage) -> None:
    stage.supervisor.start([stage.program("web")], deadline_s=30)
    os.kill(stage.pid("web"), signal.SIGKILL)
    stage.watch_until(lambda: True)
    stage.supervisor.stop()
    assert stage.records.all() == []


def test_logs_are_moved_aside_while_programs_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.standalone.supervisor.rotate", partial(rotate, max_bytes=10))
    chatty = stage.program("web", f"echo 0123456789; {OBEDIENT}")
    stage.supervisor.start([chatty], deadline_s=30)
    stage.watch_until((stage.folder / "web.log.1").exists)
    assert (stage.folder / "web.log.1").read_text() == "0123456789\n"


def test_a_second_request_cuts_the_wait_for_a_stubborn_program_short(stage: Stage, requests: StopRequests) -> None:
    stubborn = stage.program(
        "worker", "trap '' TERM; echo +$0 >> events; while :; do sleep 0.02; done",
        stop_signals=((signal.SIGTERM, 600.0),),
    )  # fmt: skip
    stage.supervisor.start([stage.program("database"), stubborn], deadline_s=30)
    stage.watch_until(lambda: True)

    def insist() -> None:
        wait_until(lambda: "stopping worker" in stage.said.getvalue(), what="it is waited for")
        os.kill(os.getpid(), signal.SIGINT)

    insisting = threading.Thread(target=insist)
    insisting.start()
    stage.supervisor.stop()
    insisting.join()
    assert requests.count == 2
    assert stage.events()[-1] == "-database"  # it still had its own time to stop


def test_what_escapes_from_a_program_is_ended_and_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.standalone.supervisor.end_strays", partial(end_strays, grace_s=0.1))
    script = f"setsid sleep 600 & echo $! > escaped; {OBEDIENT}"
    stage.supervisor.start([stage.program("worker", script)], deadline_s=30)
    escaped = int((stage.folder / "escaped").read_text())
    stage.supervisor.stop()
    assert ProcessId.of(escaped) is None
    assert f"killing process {escaped}, which was left over: sleep" in stage.said.getvalue()


def test_a_hangup_counts_as_a_request_unless_nohup_asked_otherwise() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with StopRequests() as requests:
            os.kill(os.getpid(), signal.SIGHUP)
            requests.wait(30)
            assert requests.count == 1
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with StopRequests() as requests:
            os.kill(os.getpid(), signal.SIGHUP)
            assert requests.count == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_wait_ends_when_a_child_ends(requests: StopRequests) -> None:
    with subprocess.Popen(["true"]):
        requests.wait(600)
