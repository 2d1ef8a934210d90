from apps.workers.queues import asked_in, is_range, run_queue


def test_a_queue_tells_whom_it_is_for() -> None:
    assert asked_in(run_queue("gpu-1", "python")) == ("gpu-1", "python", "")
    assert asked_in(run_queue("gpu-1", "python", "3.11")) == ("gpu-1", "python", "3.11")
    assert asked_in(run_queue("default", "python", ">=3.9,<3.12")) == ("default", "python", ">=3.9,<3.12")


def test_nobody_listens_at_a_range() -> None:
    assert is_range(run_queue("default", "python", "==3.13"))
    assert not is_range(run_queue("default", "python", "3.13"))
    assert not is_range(run_queue("default", "python"))
