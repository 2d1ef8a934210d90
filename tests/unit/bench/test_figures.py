"""What was measured, against its floor and its budget."""

import pytest

from bench.figures import Budget, Figure, at_least, at_least_of, at_most, at_most_of, milliseconds, percentile


def _figure(*values: float, floors: tuple[float, ...] = (), budget: Budget | None = None) -> Figure:
    return Figure(name="runs", unit="/s", values=values, floors=floors, budget=budget)


def test_a_figure_is_the_median_of_its_rounds_between_the_least_and_the_most() -> None:
    figure = _figure(90, 20, 70)
    assert (figure.value, figure.least, figure.most) == (70, 20, 90)


def test_of_two_rounds_the_median_lies_between_them() -> None:
    assert _figure(10, 20).value == 15


def test_the_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    figure = _figure(10, 40, 90, floors=(20, 50, 100))
    assert figure.ratio == 0.8
    assert figure.floor == 50


def test_without_a_floor_there_is_no_ratio() -> None:
    assert _figure(10).floor is None
    assert _figure(10).ratio is None


def test_rounds_without_their_floor_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="zip"):
        _ = _figure(10, 20, floors=(5,)).ratio


def test_a_percentile_is_told_in_milliseconds_with_the_extremes_of_all_samples() -> None:
    figure = milliseconds("latency", 50, [0.030, 0.010, 0.020], [0.002, 0.001, 0.004])
    assert (figure.value, figure.floor, figure.ratio) == (20, 2, 10)
    assert (figure.least, figure.most) == (10, 30)


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 50), (95, 95), (99.5, 100), (100, 100)])
def test_a_percentile_is_the_nearest_rank(percent: float, expected: int) -> None:
    assert percentile(range(1, 101), percent) == expected


@pytest.mark.parametrize(
    ("budget", "verdict"),
    [
        (None, ""),
        (at_most(10), "met"),
        (at_most(9), "missed"),
        (at_least(10, "/s"), "met"),
        (at_least(11, "/s"), "missed"),
        (at_least_of(0.5, "bare"), "met"),
        (at_least_of(0.6, "bare"), "missed"),
        (at_most_of(0.5, "bare"), "met"),
        (at_most_of(0.4, "bare"), "missed"),
    ],
)
def test_a_budget_is_met_or_missed(budget: Budget | None, verdict: str) -> None:
    assert _figure(10, floors=(20,), budget=budget).verdict == verdict


def test_a_budget_of_a_floor_is_missed_where_there_is_no_floor() -> None:
    assert _figure(10, budget=at_least_of(0.5, "bare")).verdict == "missed"
    assert _figure(10, budget=at_most_of(0.5, "bare")).verdict == "missed"
