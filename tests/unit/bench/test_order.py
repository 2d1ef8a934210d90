"""What is read from rows: the order at a gate, and what the next end costs."""

from datetime import UTC, datetime, timedelta

import pytest

from bench.fanout import cost_after
from bench.gates import out_of_order

_BEGAN = datetime(2026, 11, 22, tzinfo=UTC)


def _row(number: int, started_s: float, ended_s: float) -> dict[str, object]:
    started, ended = (_BEGAN + timedelta(seconds=seconds) for seconds in (started_s, ended_s))
    return {"id": number, "started_at": started.isoformat(), "ended_at": ended.isoformat()}


def test_one_after_the_other_is_in_order_however_the_rows_come() -> None:
    rows = [_row(3, 2.0, 2.9), _row(1, 0.0, 0.9), _row(2, 0.9, 1.5)]
    assert out_of_order(rows) == 0


def test_one_that_overtakes_and_one_that_does_not_wait_are_out_of_order() -> None:
    assert out_of_order([_row(1, 1.0, 2.0), _row(2, 0.0, 1.0)]) == 1
    assert out_of_order([_row(1, 0.0, 1.0), _row(2, 0.5, 2.0), _row(3, 2.0, 3.0)]) == 1


def test_the_cost_of_an_end_is_the_time_to_the_next_over_a_hundred_of_them() -> None:
    slowing = [_row(number, 0.0, number if number <= 500 else 500 + 3 * (number - 500)) for number in range(1, 1_001)]
    assert cost_after(slowing, 10) == pytest.approx(1.0)
    assert cost_after(slowing, 100) == pytest.approx(1.0)
    assert cost_after(slowing, 900) == pytest.approx(3.0)
