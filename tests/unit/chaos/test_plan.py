"""From a seed to a plan."""

from itertools import pairwise

from chaos.plan import KINDS, LARGE_CHARS, MIX, FaultKind, make_plan


def test_the_same_seed_makes_the_same_plan_and_another_one_another() -> None:
    assert make_plan(7, seconds=60) == make_plan(7, seconds=60)
    assert make_plan(7, seconds=60).orders != make_plan(8, seconds=60).orders
    assert make_plan(7, seconds=60).faults != make_plan(8, seconds=60).faults


def test_at_least_ten_are_asked_for_in_a_second() -> None:
    assert len(make_plan(1, seconds=60).orders) >= 600


def test_orders_and_faults_come_by_time_and_within_it() -> None:
    plan = make_plan(3, seconds=120)
    for moments in ([order.at_s for order in plan.orders], [fault.at_s for fault in plan.faults]):
        assert moments == sorted(moments)
        assert 0 <= moments[0] <= moments[-1] <= 120


def test_faults_come_every_five_to_twenty_seconds() -> None:
    moments = [fault.at_s for fault in make_plan(3, seconds=1800).faults]
    gaps = [after - before for before, after in pairwise(moments)]
    assert min(gaps) >= 4.999
    assert max(gaps) <= 20.001


def test_every_kind_of_fault_comes_before_one_comes_again() -> None:
    faults = make_plan(5, seconds=3600).faults
    first_round = [fault.kind for fault in faults[: len(FaultKind)]]
    assert sorted(first_round) == sorted(FaultKind)


def test_every_action_is_asked_for_even_in_a_short_run() -> None:
    assert {order.action for order in make_plan(1, seconds=10).orders} == set(KINDS)


def test_large_parameters_and_cancels_are_part_of_it() -> None:
    orders = make_plan(1, seconds=60).orders
    assert {order.chars for order in orders} == {0, LARGE_CHARS}
    assert any(order.cancel_after_s is not None for order in orders)
    assert all(order.cancel_after_s is not None for order in orders if order.action == "stubborn")


def test_a_plan_may_be_without_faults() -> None:
    assert make_plan(1, seconds=60, mix=MIX[:1], faults=()).faults == ()
