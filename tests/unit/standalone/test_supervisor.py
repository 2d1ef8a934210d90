"""How long a program that keeps ending waits for its next start."""

from apps.standalone.supervisor import Backoff


def test_the_wait_doubles_up_to_a_limit_and_never_ends() -> None:
    backoff = Backoff(first_s=1, longest_s=10)
    assert [backoff.next_delay(ran_s=0) for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    assert {backoff.next_delay(ran_s=0) for _ in range(2000)} == {10}


def test_a_healthy_minute_is_forgiven_everything_before() -> None:
    backoff = Backoff(first_s=1, longest_s=10)
    for _ in range(5):
        backoff.next_delay(ran_s=59.9)
    assert backoff.next_delay(ran_s=60) == 1
    assert backoff.next_delay(ran_s=0) == 2
