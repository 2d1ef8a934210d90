"""What a worker makes of its status, beat by beat."""

from types import SimpleNamespace
from typing import Any

import pytest

from apps.executions import member as members
from apps.executions.member import Member
from apps.workers.intake import Intake


class _Connection:
    """The tables fit the code."""

    def execute(self, *_: object) -> Any:
        return SimpleNamespace(fetchone=lambda: (1, 1))


@pytest.fixture
def stopped() -> list[int]:
    return []


@pytest.fixture
def builds_stopped() -> list[str]:
    return []


@pytest.fixture
def member(monkeypatch: pytest.MonkeyPatch, settings: Any, stopped: list[int], builds_stopped: list[str]) -> Member:
    """Of a worker that runs execution 7 for ever."""
    settings.ATTUNE_DRAIN_S = 0.3
    monkeypatch.setattr(members, "look_after_claims", lambda *_: None)
    host: Any = SimpleNamespace(
        name="w1",
        running_ids=[7],
        busy_slots=1,
        stop_builds=lambda: builds_stopped.append("stopped"),
        worker_id=1,
        hints_heard=0,
        intake=Intake([]),
        warden=SimpleNamespace(beat=lambda: None),
        stop=lambda execution_id, _: stopped.append(execution_id),
    )
    registration: Any = SimpleNamespace(slots=1)
    disk: Any = SimpleNamespace(complaint=lambda: "")
    made = Member(host, registration, disk)
    monkeypatch.setattr(made._watchdog, "look", lambda: False)
    return made


@pytest.mark.parametrize(("status", "is_interrupted"), [("draining", True), ("cordoned", False), ("active", False)])
def test_a_drain_that_became_something_else_interrupts_nothing(
    member: Member, stopped: list[int], status: str, is_interrupted: bool
) -> None:
    connection: Any = _Connection()
    member.after_beat(connection, "draining")
    member.after_beat(connection, status)
    drain = member._drain._thread
    assert drain is not None
    drain.join()
    assert stopped == ([7] if is_interrupted else [])


def test_a_beat_that_was_under_way_when_the_process_was_told_to_end_calls_nothing_off(
    member: Member, stopped: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(_Connection):
        def execute(self, *given: object) -> Any:
            member.stop()
            return super().execute(*given)

    monkeypatch.setattr(members, "begin_draining", lambda _: None)
    monkeypatch.setattr(members, "connection", SimpleNamespace(close=lambda: None))
    connection: Any = Interrupted()
    member.after_beat(connection, "active")
    drain = member._drain._thread
    assert drain is not None
    drain.join()
    assert stopped == [7]


def test_a_build_ends_with_the_patience_too(member: Member, builds_stopped: list[str]) -> None:
    connection: Any = _Connection()
    member.after_beat(connection, "draining")
    drain = member._drain._thread
    assert drain is not None
    drain.join()
    assert builds_stopped == ["stopped"]
