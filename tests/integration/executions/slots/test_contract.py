"""What every store of the lines must do; the same sentences for the twin in memory and for Valkey."""

from collections.abc import Callable

import pytest

from apps.executions.slots.protocol import MAX_MOVES, Grant, Place, Slots, Snapshot, StaleEpoch, Standing
from tests.slots_world import World, entry, limit, rate
from tests.waiting import wait_for


def enter(world: World, execution: int, number: int, *gates: int, most: int = 1, attempt: int = 1) -> Standing:
    limits = [limit(gate, most) for gate in gates]
    return world.slots.enter(entry(execution, number, *gates, attempt=attempt), limits=limits).standing


def test_the_first_is_granted_and_the_second_waits(world: World) -> None:
    assert enter(world, 11, 1, 7) is Standing.GRANTED
    assert enter(world, 12, 2, 7) is Standing.WAITING
    assert world.slots.places([11, 12]) == {11: Place(1, None, None), 12: Place(1, 7, 1)}


def test_who_leaves_lets_the_next_in_by_the_same_call(world: World) -> None:
    enter(world, 11, 1, 7)
    enter(world, 12, 2, 7)
    enter(world, 13, 3, 7)
    assert world.slots.leave(Grant(11, 1)).granted == (Grant(12, 1),)
    assert world.slots.leave(Grant(12, 1)).granted == (Grant(13, 1),)
    assert world.slots.leave(Grant(13, 1)).granted == ()
    assert world.slots.counts([7])[7].holding == 0


def test_entering_twice_changes_nothing(world: World) -> None:
    enter(world, 11, 1, 7)
    enter(world, 12, 2, 7)
    assert enter(world, 12, 2, 7) is Standing.WAITING
    assert enter(world, 11, 1, 7) is Standing.GRANTED
    assert world.slots.line(7, most=10) == [12]


def test_leaving_twice_lets_nobody_in_twice(world: World) -> None:
    for number in (1, 2, 3):
        enter(world, 10 + number, number, 7)
    world.slots.leave(Grant(11, 1))
    assert world.slots.leave(Grant(11, 1)).granted == ()
    assert world.slots.line(7, most=10) == [13]


def test_an_old_attempt_neither_enters_nor_leaves(world: World) -> None:
    enter(world, 11, 1, 7, attempt=2)
    assert enter(world, 11, 1, 7, attempt=1) is Standing.OUTDATED
    assert world.slots.leave(Grant(11, 1)).granted == ()
    assert [grant.attempt for grant in world.slots.holders(7, most=10)] == [2]


def test_a_newer_attempt_takes_the_old_one_out_of_the_way(world: World) -> None:
    enter(world, 11, 1, 7)
    enter(world, 12, 2, 7)
    entered = world.slots.enter(entry(11, 3, 7, attempt=2), limits=[limit(7, 1)])
    assert entered.standing is Standing.WAITING
    assert entered.granted == (Grant(12, 1),)


def test_the_next_attempt_with_the_old_number_goes_from_its_slot_to_the_head_of_the_line(world: World) -> None:
    enter(world, 11, 1, 7)
    enter(world, 12, 2, 7)
    world.slots.set_limits([limit(7, 0, version=2)], gates=[7])
    entered = world.slots.enter(entry(11, 1, 7, attempt=2), limits=[limit(7, 0, version=2)])
    assert (entered.standing, entered.granted) == (Standing.WAITING, ())
    assert list(world.slots.line(7, most=-1)) == [11, 12]
    assert world.slots.set_limits([limit(7, 1, version=3)], gates=[7]).granted == (Grant(11, 2),)


def test_a_missing_number_is_a_gap_and_nothing_is_entered(world: World) -> None:
    entered = world.slots.enter(entry(13, 3, 7), limits=[limit(7, 1)])
    assert (entered.standing, entered.next_number) == (Standing.GAP, 1)
    assert world.slots.places([13]) == {}


def test_a_gap_is_filled_in_the_order_of_numbers(world: World) -> None:
    outcome = world.slots.enter_many(
        7, entries=[entry(11, 1, 7), entry(13, 3, 7), entry(14, 4, 7)], limits=[limit(7, 1)], through=4
    )
    assert outcome.granted == (Grant(11, 1),)
    assert world.slots.line(7, most=10) == [13, 14]
    assert enter(world, 15, 5, 7) is Standing.WAITING


def test_a_gap_is_filled_once_when_two_fill_it(world: World) -> None:
    entries = [entry(11, 1, 7), entry(12, 2, 7)]
    world.slots.enter_many(7, entries=entries, limits=[limit(7, 1)], through=2)
    world.slots.leave(Grant(11, 1))
    world.slots.enter_many(7, entries=entries, limits=[limit(7, 1)], through=2)
    assert world.slots.counts([7])[7].waiting == 0
    assert [grant.execution for grant in world.slots.holders(7, most=10)] == [12]


def test_who_comes_late_is_let_in_before_the_line_by_its_number(world: World) -> None:
    enter(world, 11, 1, 7)
    world.slots.enter_many(7, entries=[entry(14, 4, 7)], limits=[limit(7, 1)], through=4)
    assert enter(world, 13, 3, 7) is Standing.WAITING
    assert enter(world, 12, 2, 7) is Standing.WAITING
    assert world.slots.line(7, most=10) == [12, 13, 14]
    assert world.slots.places([12, 13, 14]) == {12: Place(1, 7, 1), 13: Place(1, 7, 2), 14: Place(1, 7, 3)}
    assert world.slots.leave(Grant(11, 1)).granted == (Grant(12, 1),)


@pytest.mark.parametrize("line", [[*range(100, 160)], [*range(100, 130), 999, *range(130, 159)]])
@pytest.mark.parametrize(("first", "step"), [(0, 1), (20, 1), (0, 2), (0, 59)])
def test_many_positions_are_told_wherever_they_are(world: World, line: list[int], first: int, step: int) -> None:
    entries = [entry(execution, number, 7) for number, execution in enumerate(line, start=1)]
    world.slots.enter_many(7, entries=entries, limits=[limit(7, 0)], through=60)
    wanted = [*line[first::step], 5000]
    places = world.slots.places(wanted)
    assert places == {execution: Place(1, 7, line.index(execution) + 1) for execution in wanted[:-1]}


def test_gates_are_passed_one_after_the_other_keeping_the_inner_slots(world: World) -> None:
    limits = [limit(1, 1), limit(2, 2), limit(9, 2)]
    world.slots.enter(entry(11, 1, 1, 9), limits=limits)
    world.slots.enter(entry(12, 2, 1, 9), limits=limits)
    world.slots.enter(entry(21, 1, 2, 9), limits=limits)
    entered = world.slots.enter(entry(22, 2, 2, 9), limits=limits)
    assert entered.standing is Standing.WAITING
    assert world.slots.places([12, 22]) == {12: Place(1, 1, 1), 22: Place(1, 9, 1)}
    assert world.slots.leave(Grant(11, 1)).granted == (Grant(22, 1),)
    assert world.slots.places([12]) == {12: Place(1, 9, 1)}


def test_leaving_from_the_middle_of_its_way_frees_the_inner_slots(world: World) -> None:
    limits = [limit(1, 1), limit(9, 1)]
    world.slots.enter(entry(21, 1, 9), limits=limits)
    world.slots.enter(entry(11, 1, 1, 9), limits=limits)
    world.slots.enter(entry(12, 2, 1, 9), limits=limits)
    world.slots.leave(Grant(11, 1))
    assert world.slots.line(9, most=10) == [12]
    assert world.slots.line(1, most=10) == []


def test_leaving_from_the_middle_of_a_line_keeps_the_order_of_the_others(world: World) -> None:
    for number in range(1, 6):
        enter(world, 10 + number, number, 7)
    assert world.slots.leave(Grant(13, 1)).granted == ()
    assert world.slots.line(7, most=10) == [12, 14, 15]


def test_a_raised_limit_lets_in_at_once_and_a_lowered_one_keeps_who_is_in(world: World) -> None:
    for number in range(1, 6):
        enter(world, 10 + number, number, 7)
    raised = world.slots.set_limits([limit(7, 3, version=2)], gates=[7])
    assert raised.granted == (Grant(12, 1), Grant(13, 1))
    assert world.slots.set_limits([limit(7, 1, version=3)], gates=[7]).granted == ()
    assert world.slots.counts([7])[7].holding == 3
    assert world.slots.leave(Grant(11, 1)).granted == ()


def test_a_limit_of_zero_pauses_and_none_lets_everybody_in(world: World) -> None:
    assert enter(world, 11, 1, 7, most=0) is Standing.WAITING
    assert enter(world, 12, 2, 7, most=0) is Standing.WAITING
    opened = world.slots.set_limits([limit(7, None, version=2)], gates=[7])
    assert opened.granted == (Grant(11, 1), Grant(12, 1))


def test_an_older_version_of_a_limit_is_ignored(world: World) -> None:
    world.slots.set_limits([limit(7, 5, version=4)], gates=[])
    world.slots.set_limits([limit(7, 1, version=3)], gates=[])
    for number in range(1, 6):
        entered = world.slots.enter(entry(10 + number, number, 7), limits=[limit(7, 1, version=3)])
        assert entered.standing is Standing.GRANTED


def test_one_call_lets_in_a_bounded_number_and_says_where_there_is_more(world: World) -> None:
    count = MAX_MOVES + 50
    entries = [entry(1000 + number, number, 7) for number in range(1, count + 1)]
    world.slots.enter_many(7, entries=entries, limits=[limit(7, 0)], through=count)
    outcome = world.slots.set_limits([limit(7, None, version=2)], gates=[7])
    assert (len(outcome.granted), outcome.more) == (MAX_MOVES, (7,))
    rest = world.slots.promote(outcome.more)
    assert (len(rest.granted), rest.more) == (50, ())


def test_an_emptied_store_is_stale_for_every_call(world: World) -> None:
    enter(world, 11, 1, 7)
    world.wipe()
    assert not world.slots.is_current()
    with pytest.raises(StaleEpoch):
        enter(world, 12, 2, 7)
    with pytest.raises(StaleEpoch):
        world.slots.leave(Grant(11, 1))
    with pytest.raises(StaleEpoch):
        world.slots.promote([7])
    nobody_looks(world.slots)


def test_callers_of_an_older_epoch_are_stale(world: World) -> None:
    old = world.open(1)
    world.open(2).rebuild(2, Snapshot())
    assert not world.open(1).is_current()
    assert world.open(2).is_current()
    nobody_looks(old)


def nobody_looks(slots: Slots) -> None:
    """An empty answer would read as a line without anybody."""
    looks: list[Callable[[], object]] = [
        lambda: slots.places([11]),
        lambda: slots.counts([7]),
        lambda: slots.line(7, most=10),
        lambda: slots.holders(7, most=10),
        lambda: slots.everyone(0),
    ]
    for look in looks:
        with pytest.raises(StaleEpoch):
            look()


def test_a_rebuild_makes_the_lines_what_the_snapshot_says(world: World) -> None:
    world.wipe()
    snapshot = Snapshot(
        limits=[limit(7, 2), limit(9, 5)],
        next_numbers={7: 6, 9: 1},
        entries=[entry(11, 1, 7, 9, holds=True), entry(13, 3, 7, 9), entry(14, 4, 7, 9), entry(15, 5, 7, 9)],
    )
    slots = world.open(2)
    slots.rebuild(2, snapshot)
    assert slots.counts([7])[7].holding == 1
    assert slots.counts([9])[9].holding == 1
    assert slots.line(7, most=10) == [13, 14, 15]
    assert slots.promote([7]).granted == (Grant(13, 1),)
    assert slots.enter(entry(16, 6, 7, 9), limits=[]).standing is Standing.WAITING
    assert slots.leave(Grant(11, 1)).granted == (Grant(14, 1),)


def test_everyone_is_told_with_whether_the_gates_are_passed(world: World) -> None:
    for number in range(1, 4):
        enter(world, 10 + number, number, 7, 9)
    cursor = -1
    everyone: list[tuple[Grant, bool]] = []
    while cursor != 0:
        cursor, page = world.slots.everyone(max(cursor, 0))
        everyone += page
    assert dict(everyone) == {Grant(11, 1): True, Grant(12, 1): False, Grant(13, 1): False}


def test_a_forgotten_gate_leaves_nothing_behind(world: World) -> None:
    enter(world, 11, 1, 7)
    world.slots.leave(Grant(11, 1))
    world.slots.forget([7])
    assert enter(world, 12, 1, 7) is Standing.GRANTED


# --- so many in any stretch of time ---------------------------------------------------------------

#: Longer than a test takes, and shorter than it may wait.
LONG_MS, SHORT_MS = 600_000, 50


def enter_rate(world: World, execution: int, number: int, most: int, window_ms: int) -> Standing:
    return world.slots.enter(entry(execution, number, 7), limits=[rate(7, most, window_ms)]).standing


def test_as_many_pass_a_rate_at_once_as_its_window_lets_in(world: World) -> None:
    standings = [enter_rate(world, 10 + number, number, 2, LONG_MS) for number in (1, 2, 3)]
    assert standings == [Standing.GRANTED, Standing.GRANTED, Standing.WAITING]
    assert world.slots.holders(7, most=10) == []


def test_who_leaves_makes_no_room_at_a_rate(world: World) -> None:
    enter_rate(world, 11, 1, 1, LONG_MS)
    enter_rate(world, 12, 2, 1, LONG_MS)
    assert world.slots.leave(Grant(11, 1)).granted == ()
    assert list(world.slots.line(7, most=-1)) == [12]


def test_a_tick_lets_in_when_the_window_has_moved_on_and_says_when_the_next_is_due(world: World) -> None:
    for number in (1, 2, 3):
        enter_rate(world, 10 + number, number, 0, SHORT_MS)  # nobody, however long it takes until all stand there
    assert world.slots.set_limits([rate(7, 1, SHORT_MS, version=2)], gates=[7]).granted == (Grant(11, 1),)
    passed: list[int] = []

    def next_one() -> bool:
        ticked = world.slots.tick()
        passed.extend(grant.execution for grant in ticked.granted)
        assert ticked.next_due_ms is None or 0 <= ticked.next_due_ms <= SHORT_MS
        return len(passed) == 2 and ticked.next_due_ms is None

    wait_for(next_one, what="both that wait")
    assert passed == [12, 13]


def test_nobody_waits_for_a_tick_where_nobody_waits(world: World) -> None:
    enter_rate(world, 11, 1, 1, LONG_MS)
    assert world.slots.tick().next_due_ms is None
    enter_rate(world, 12, 2, 1, LONG_MS)
    due = world.slots.tick().next_due_ms
    assert due is not None
    assert 0 < due <= LONG_MS


def test_a_rate_of_zero_pauses_and_a_higher_one_lets_in_at_once(world: World) -> None:
    assert enter_rate(world, 11, 1, 0, LONG_MS) is Standing.WAITING
    assert world.slots.tick().next_due_ms is None
    assert world.slots.set_limits([rate(7, 1, LONG_MS, version=2)], gates=[7]).granted == (Grant(11, 1),)


def test_a_lowered_rate_waits_until_enough_have_fallen_out_of_the_window(world: World) -> None:
    for number in (1, 2, 3):
        enter_rate(world, 10 + number, number, 3, LONG_MS)
    world.slots.set_limits([rate(7, 1, LONG_MS, version=2)], gates=[7])
    assert world.slots.enter(entry(14, 4, 7), limits=[]).standing is Standing.WAITING


def test_another_window_holds_for_those_who_are_still_remembered(world: World) -> None:
    enter_rate(world, 11, 1, 1, LONG_MS)
    enter_rate(world, 12, 2, 1, LONG_MS)
    assert world.slots.set_limits([rate(7, 1, 2 * LONG_MS, version=2)], gates=[7]).granted == ()
    due = world.slots.tick().next_due_ms
    assert due is not None
    assert due > LONG_MS
    world.slots.set_limits([rate(7, 1, 1, version=3)], gates=[7])
    wait_for(lambda: world.slots.promote([7]).granted or world.slots.places([12])[12].gate is None, what="its turn")


def test_a_rate_is_passed_on_the_way_to_a_slot_that_is_kept(world: World) -> None:
    limits = [limit(7, 1), rate(8, 5, LONG_MS)]
    assert world.slots.enter(entry(11, 1, 7, 8), limits=limits).standing is Standing.GRANTED
    assert [grant.execution for grant in world.slots.holders(7, most=10)] == [11]
    assert world.slots.holders(8, most=10) == []


def test_a_rebuild_remembers_who_passed_lately(world: World) -> None:
    snapshot = Snapshot(
        limits=[rate(7, 2, LONG_MS)],
        next_numbers={7: 3},
        entries=[entry(11, 1, 7, holds=True), entry(12, 2, 7)],
        passes=[(7, LONG_MS + 1000), (7, 2000), (7, 1000)],
    )
    world.slots.rebuild(2, snapshot)
    slots = world.open(2)
    assert slots.promote([7]).granted == ()
    assert slots.set_limits([rate(7, 3, LONG_MS, version=2)], gates=[7]).granted == (Grant(12, 1),)


def test_a_forgotten_rate_leaves_nothing_behind(world: World) -> None:
    enter_rate(world, 11, 1, 1, LONG_MS)
    world.slots.leave(Grant(11, 1))
    world.slots.forget([7])
    assert enter_rate(world, 12, 1, 1, LONG_MS) is Standing.GRANTED
