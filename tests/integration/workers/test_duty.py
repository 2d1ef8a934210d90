import pytest

from apps.core.redis import client
from apps.workers.duty import Duty, UnknownWorker, WorkerStopping, set_duty
from apps.workers.services import begin_draining
from apps.workers.wake import CHANNEL
from tests.factories import make_worker
from tests.people import People


@pytest.mark.parametrize(
    ("duty", "status"), [(Duty.CORDON, "cordoned"), (Duty.DRAIN, "draining"), (Duty.UNCORDON, "active")]
)
@pytest.mark.parametrize("before", ["active", "cordoned", "draining"])
def test_every_duty_can_follow_every_other(people: People, before: str, duty: Duty, status: str) -> None:
    worker = make_worker("tom", status=before)
    assert set_duty(people.administrator, "tom", duty).status == status
    assert set_duty(people.administrator, "tom", duty).status == status
    worker.refresh_from_db()
    assert worker.status == status


def test_the_worker_is_woken(people: People) -> None:
    worker = make_worker("tom")
    listening = client().pubsub()  # type: ignore[no-untyped-call]  # redis-py
    listening.subscribe(CHANNEL)
    assert listening.get_message(timeout=5)["type"] == "subscribe"
    set_duty(people.administrator, "tom", Duty.CORDON)
    assert listening.get_message(timeout=5)["data"] == str(worker.pk)
    listening.close()


@pytest.mark.parametrize("status", ["lost", "stopped"])
def test_who_is_gone_is_asked_nothing(people: People, status: str) -> None:
    make_worker("tom", status=status)
    with pytest.raises(UnknownWorker):
        set_duty(people.administrator, "tom", Duty.CORDON)


def test_one_whose_process_ends_cannot_be_called_back(people: People) -> None:
    worker = make_worker("tom")
    begin_draining(worker.pk)
    with pytest.raises(WorkerStopping):
        set_duty(people.administrator, "tom", Duty.UNCORDON)
