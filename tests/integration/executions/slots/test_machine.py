"""The random walk on both stores, and the proof that it finds the bugs it is there for."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from apps.core.redis import breaker, connect
from apps.executions.slots import redis_slots
from apps.executions.slots.memory_slots import MemorySlots
from apps.executions.slots.protocol import Entry, Snapshot
from tests.integration.executions.slots.machine import RATE_PATHS, SLOT_PATHS, LinesMachine
from tests.slots_world import CLOCK_KEY, World, memory_world, on_a_stopped_clock, redis_world, remove_slots

_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def walk(
    make_world: Callable[[], World],
    *,
    examples: int,
    break_it: Callable[[Any], Any] = lambda slots: slots,
    paths: Sequence[tuple[int, ...]] = SLOT_PATHS + RATE_PATHS,
) -> None:
    facts = {"make_world": staticmethod(make_world), "break_it": staticmethod(break_it), "paths": paths}
    machine = type("Machine", (LinesMachine,), facts)
    chosen = settings(
        max_examples=examples,
        stateful_step_count=40,
        deadline=None,
        database=None,
        suppress_health_check=_QUIET,
        phases=[Phase.generate],
        derandomize=True,
    )
    run_state_machine_as_test(machine, settings=chosen)


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    honest = redis_slots.source_of
    monkeypatch.setattr(redis_slots, "source_of", lambda name: on_a_stopped_clock(honest(name)))
    yield
    connect(os.environ["REDIS_URL"]).delete(CLOCK_KEY)


def test_the_twin_in_memory_keeps_every_invariant() -> None:
    walk(memory_world, examples=100)


def test_valkey_keeps_every_invariant(stopped_clock: None) -> None:
    breaker.reset()
    walk(lambda: redis_world(os.environ["REDIS_URL"]), examples=25)
    remove_slots(connect(os.environ["REDIS_URL"]))


# --- bugs planted in the twin ---------------------------------------------------------------------


def off_by_one(slots: MemorySlots) -> MemorySlots:
    """Lets in one too many."""
    honest = slots._room
    slots._room = lambda gate: honest(gate) + 1  # type: ignore[method-assign]
    return slots


def late_at_the_tail(slots: MemorySlots) -> MemorySlots:
    """Who comes back stands behind everybody who waits."""
    honest = slots.enter

    def enter(entry: Entry, *, limits: Any) -> Any:
        first = slots.store.gates.get(entry.gates[0].gate)
        if first is not None and entry.execution not in slots.store.standings and entry.number < first.next_number:
            first.next_number, seen = entry.number, first.next_number
            entered = honest(entry, limits=limits)
            first.next_number = seen
            return entered
        return honest(entry, limits=limits)

    slots.enter = enter  # type: ignore[method-assign]
    return slots


def release_without_promote(slots: MemorySlots) -> MemorySlots:
    """Gives the slot back and tells nobody."""
    honest = slots._promote
    leave = slots.leave

    def silent(grant: Any) -> Any:
        slots._promote = lambda gates: honest(())  # type: ignore[method-assign]
        try:
            return leave(grant)
        finally:
            slots._promote = honest  # type: ignore[method-assign]

    slots.leave = silent  # type: ignore[method-assign]
    return slots


def rebuild_that_forgets_grants(slots: MemorySlots) -> MemorySlots:
    """Lets those who run be forgotten, and others take their slots."""
    honest = slots.rebuild

    def rebuild(epoch: int, snapshot: Snapshot) -> None:
        waiting = [entry for entry in snapshot.entries if not entry.holds]
        honest(epoch, Snapshot(snapshot.limits, snapshot.next_numbers, waiting))

    slots.rebuild = rebuild  # type: ignore[method-assign]
    return slots


def leave_of_any_attempt(slots: MemorySlots) -> MemorySlots:
    """A late call about an old attempt throws the new one out."""
    honest = slots.leave

    def leave(grant: Any) -> Any:
        here = slots.store.standings.get(grant.execution)
        return honest(grant if here is None else type(grant)(grant.execution, here.attempt))

    slots.leave = leave  # type: ignore[method-assign]
    return slots


def pass_that_is_forgotten(slots: MemorySlots) -> MemorySlots:
    """Lets a rate forget who has passed it."""
    honest = slots._let_in

    def let_in(execution: int, gate: int, granted: Any) -> Any:
        following = honest(execution, gate, granted)
        slots.store.gates[gate].passed.clear()
        return following

    slots._let_in = let_in  # type: ignore[method-assign]
    return slots


def window_that_is_too_short(slots: MemorySlots) -> MemorySlots:
    """Forgets a pass one moment early."""
    honest = slots._passed_lately
    slots._passed_lately = lambda line, window_ms: honest(line, window_ms - 1)  # type: ignore[method-assign]
    return slots


def alarm_that_is_not_set_again(slots: MemorySlots) -> MemorySlots:
    """A line at a rate goes on once, and then no more."""
    slots._set_alarm = lambda gate: None  # type: ignore[method-assign]
    return slots


def rebuild_that_forgets_passes(slots: MemorySlots) -> MemorySlots:
    honest = slots.rebuild
    slots.rebuild = lambda epoch, snapshot: honest(epoch, replace(snapshot, passes=()))  # type: ignore[method-assign]
    return slots


@pytest.mark.parametrize(
    "bug", [off_by_one, late_at_the_tail, release_without_promote, rebuild_that_forgets_grants, leave_of_any_attempt]
)
def test_the_walk_finds_a_bug_planted_in_the_twin(bug: Callable[[Any], Any]) -> None:
    with pytest.raises((AssertionError, ExceptionGroup)):
        walk(memory_world, examples=3000, break_it=bug, paths=SLOT_PATHS)  # it ends with the first that fails


@pytest.mark.parametrize(
    "bug",
    [pass_that_is_forgotten, window_that_is_too_short, alarm_that_is_not_set_again, rebuild_that_forgets_passes],
)
def test_the_walk_finds_a_bug_planted_in_the_rates_of_the_twin(bug: Callable[[Any], Any]) -> None:
    with pytest.raises((AssertionError, ExceptionGroup)):
        walk(memory_world, examples=300, break_it=bug, paths=RATE_PATHS)


# --- the same bugs planted in the Lua -------------------------------------------------------------

HELD = "        hold_all(execution, attempt, gates)\n    else\n        remember(execution, attempt, number, gates, 0)\n"
LINE = "        stand_in_line(execution, gates[1], 'waiting')"
LATE = "stand_in_line(execution, first, 'returning', number)"
LUA_BUGS = {
    "off by one": ("return limit - redis.call", "return limit + 1 - redis.call"),
    "late at the tail": (LATE, "stand_in_line(execution, first, 'waiting')"),
    "release without promote": ("return promote(take_out(ARGV[3], x))", "take_out(ARGV[3], x) return {{}, {}}"),
    "rebuild that forgets grants": (
        HELD + LINE,
        HELD.replace("        hold_all(execution, attempt, gates)\n", "") + LINE,
    ),
    "leave of any attempt": ("if not x or x.attempt ~= tonumber(ARGV[4])", "if not x"),
}
LUA_BUGS_OF_RATES = {
    "pass that is forgotten": ("redis.call('RPUSH', key('passed', gate), now_ms())", ""),
    "window that is too short": ("now_ms() - window\n", "now_ms() - window + 1\n"),
    "alarm that is not set again": ("if room <= 0 then set_alarm(gate) end", ""),
    "rebuild that forgets passes": (
        "redis.call('RPUSH', key('passed', ARGV[at + 1]), now_ms() - ARGV[at + 2])",
        "",
    ),
}


@pytest.mark.parametrize("bug", [*LUA_BUGS, *LUA_BUGS_OF_RATES])
def test_the_walk_finds_a_bug_planted_in_the_lua(
    bug: str, stopped_clock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, (sound, broken) = redis_slots.source_of, {**LUA_BUGS, **LUA_BUGS_OF_RATES}[bug]
    scripts = ("enter", "enter_many", "leave", "promote", "tick", "load", "activate", "forget")
    assert any(sound in honest(name) for name in scripts)
    monkeypatch.setattr(redis_slots, "source_of", lambda name: honest(name).replace(sound, broken))
    breaker.reset()
    paths = RATE_PATHS if bug in LUA_BUGS_OF_RATES else SLOT_PATHS
    with pytest.raises((AssertionError, ExceptionGroup)):
        walk(lambda: redis_world(os.environ["REDIS_URL"]), examples=300, paths=paths)
