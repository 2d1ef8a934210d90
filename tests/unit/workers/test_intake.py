from collections.abc import Callable

from apps.workers.intake import Intake


class Consumer:
    """Notes what Celery's consumer would be told, in its own thread."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def add_task_queue(self, queue: str) -> None:
        self.told.append(("add", queue))

    def cancel_task_queue(self, queue: str) -> None:
        self.told.append(("cancel", queue))

    def call_soon(self, change: Callable[[str], None], queue: str) -> None:
        change(queue)


def test_closing_and_opening_tell_the_consumer_once_for_each_queue() -> None:
    intake, consumer = Intake(["one", "two"]), Consumer()
    intake.attach(consumer)
    for change in (intake.close, intake.close, intake.open, intake.open):
        change()
    assert consumer.told == [("cancel", "one"), ("cancel", "two"), ("add", "one"), ("add", "two")]


def test_a_consumer_that_comes_while_it_is_closed_is_told_at_once() -> None:
    intake, consumer = Intake(["one"]), Consumer()
    intake.close()
    intake.attach(consumer)
    assert consumer.told == [("cancel", "one")]


def test_a_stop_is_for_good() -> None:
    intake, consumer = Intake(["one"]), Consumer()
    intake.attach(consumer)
    intake.close()
    intake.stop()
    intake.open()
    assert not intake.is_open
    assert ("add", "one") not in consumer.told


def test_queues_come_and_go_while_it_is_open() -> None:
    declared: list[str] = []
    intake, consumer = Intake(["one", "two"], declare=declared.append), Consumer()
    intake.serve(["one", "two", "three"])
    assert declared == ["three"]
    intake.attach(consumer)
    assert consumer.told == [("add", "three")], "it begins with the others"
    intake.serve(["two", "three", "four"])
    assert consumer.told[1:] == [("add", "four"), ("cancel", "one")]


def test_queues_that_come_while_it_is_closed_are_listened_to_once_it_is_open() -> None:
    intake, consumer = Intake(["one"]), Consumer()
    intake.attach(consumer)
    intake.close()
    intake.serve(["one", "two"])
    assert consumer.told == [("cancel", "one")]
    intake.open()
    assert consumer.told[1:] == [("add", "one"), ("add", "two")]
