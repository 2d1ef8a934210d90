from apps.triggers.sensors.backoff import Backoff


def test_each_wait_is_twice_as_long_up_to_the_longest() -> None:
    backoff = Backoff(first_s=1, most_s=10, well_s=60, chance=lambda: 0.0)

    assert [backoff.failed(ran_s=0) for _ in range(6)] == [1, 2, 4, 8, 10, 10]


def test_it_goes_on_for_ever() -> None:
    backoff = Backoff(first_s=1, most_s=300, chance=lambda: 0.0, failures=10**9)

    assert backoff.failed(ran_s=0) == 300


def test_a_process_that_ran_well_begins_anew() -> None:
    backoff = Backoff(first_s=1, most_s=10, well_s=60, chance=lambda: 0.0)
    for _ in range(4):
        backoff.failed(ran_s=1)

    assert backoff.failed(ran_s=60) == 1
    assert backoff.failed(ran_s=1) == 2


def test_chance_makes_a_wait_shorter_by_at_most_its_share() -> None:
    assert Backoff(first_s=8, jitter=0.25, chance=lambda: 1.0).failed(ran_s=0) == 6


def test_success_forgets_failures() -> None:
    backoff = Backoff(first_s=1, chance=lambda: 0.0, failures=5)
    backoff.succeeded()

    assert backoff.failed(ran_s=0) == 1
