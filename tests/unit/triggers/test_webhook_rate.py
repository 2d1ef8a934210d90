"""How a process counts by itself while Redis is away."""

from apps.triggers.webhooks.rate import OwnCount


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_at_once_and_then_evenly() -> None:
    clock = Clock()
    count = OwnCount(clock)
    assert [count.take("a", 6) for _ in range(6)] == [0.0] * 6
    assert count.take("a", 6) == 10.0
    clock.now += 10
    assert count.take("a", 6) == 0.0
    assert count.take("a", 6) == 10.0


def test_webhooks_are_counted_apart() -> None:
    count = OwnCount(Clock())
    assert count.take("a", 1) == 0.0
    assert count.take("a", 1) > 0
    assert count.take("b", 1) == 0.0
