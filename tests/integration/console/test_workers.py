import pytest
from django.test import Client

from apps.executions.states import Status
from tests.factories import make_action, make_execution, make_worker
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, look, statements_of
from tests.people import People

LIST = "/admin/workers/"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def administrator(people: People, visit: Visit) -> Client:
    return visit(people.administrator)


def test_a_list_shows_who_lives_and_what_it_runs(administrator: Client, people: People, visit: Visit) -> None:
    worker = make_worker("busy", slots=8, labels={"zone": EVIL})
    make_worker("past", status="lost")
    for _ in range(5):
        make_execution(status=Status.RUNNING, worker=worker, requested_by_id=people.owner.pk)
    text = look(administrator, LIST)
    assert "5 of 8" in text
    assert "and more" in text
    assert EVIL not in text
    assert "past" not in text
    assert "past" in look(administrator, f"{LIST}?show=all")
    stranger = look(visit(people.teammate), LIST)
    assert "5 of 8" in stranger, "slots are counted for all"
    assert "demo.deploy" not in stranger, "what somebody else runs is not named"


def test_the_list_asks_the_same_however_many_there_are(administrator: Client) -> None:
    make_worker("w0")
    before = statements_of(administrator, LIST)
    action = make_action()
    for number in range(1, 6):
        make_execution(action, status=Status.RUNNING, worker=make_worker(f"w{number}"))
    assert statements_of(administrator, LIST) == before <= MOST_STATEMENTS


def test_a_page_tells_host_capabilities_and_earlier_runs(administrator: Client, people: People, visit: Visit) -> None:
    make_worker("w1", status="lost")
    worker = make_worker(
        "w1",
        host="host-7",
        runtimes={"python": [{"version": "3.12.1", "interpreter": "/usr/bin/python3"}]},
        missing_runtimes={"node": EVIL},
    )
    make_execution(status=Status.RUNNING, worker=worker, requested_by_id=people.owner.pk)
    text = look(administrator, f"{LIST}{worker.pk}/")
    for told in ("host-7", "3.12.1", "missing:", "lost", "1 of 10 in use", "demo.deploy"):
        assert told in text, told
    assert EVIL not in text
    assert "1 execution of others" in look(visit(people.teammate), f"{LIST}{worker.pk}/")
    assert statements_of(administrator, f"{LIST}{worker.pk}/") <= MOST_STATEMENTS


def test_an_empty_fleet_and_unknown_workers_say_so(administrator: Client) -> None:
    assert "No worker is alive" in look(administrator, LIST)
    look(administrator, f"{LIST}77/", status=404)
    look(administrator, f"{LIST}{'9' * 30}/", status=404)
    assert administrator.post(LIST).status_code == 405
    assert Client().get(LIST).headers["Location"].startswith("/admin/login/")


@pytest.mark.parametrize(
    ("duty", "status", "told"),
    [
        ("cordon", "cordoned", "w1 takes nothing new."),
        ("drain", "draining", "w1 takes nothing new and is emptied."),
        ("uncordon", "active", "w1 takes work again."),
    ],
)
def test_administrators_take_a_worker_out_of_service_and_back(
    administrator: Client, duty: str, status: str, told: str
) -> None:
    worker = make_worker("w1", status="cordoned" if duty == "uncordon" else "active")
    address = f"{LIST}{worker.pk}/"
    for page in (LIST, address):
        assert f'name="duty" value="{duty}" data-confirm="' in look(administrator, page)
    done = administrator.post(f"{address}duty/", {"duty": duty}, headers={"Referer": f"http://testserver{address}"})
    assert (done.status_code, done.headers["Location"]) == (302, f"http://testserver{address}")
    worker.refresh_from_db()
    assert worker.status == status
    assert told in look(administrator, address)


def test_only_administrators_have_the_buttons(people: People, visit: Visit) -> None:
    worker = make_worker("w1")
    plain = visit(people.owner)
    for page in (LIST, f"{LIST}{worker.pk}/"):
        assert 'name="duty"' not in look(plain, page)
    plain.post(f"{LIST}{worker.pk}/duty/", {"duty": "cordon"})
    worker.refresh_from_db()
    assert worker.status == "active"


def test_nothing_is_asked_of_a_worker_that_stops_or_is_gone(administrator: Client) -> None:
    stopping = make_worker("w1", status="draining", is_stopping=True)
    gone = make_worker("w2", status="lost")
    text = look(administrator, f"{LIST}?show=all")
    assert 'name="duty"' not in text
    assert "stops" in text
    for worker, why in ((stopping, "is stopping"), (gone, "has ended")):
        administrator.post(f"{LIST}{worker.pk}/duty/", {"duty": "uncordon"})
        assert why in look(administrator, LIST)
    administrator.post(f"{LIST}{stopping.pk}/duty/", {"duty": "dance"})
    assert "cordon, uncordon or drain" in look(administrator, LIST)


def test_a_worker_that_refuses_work_says_why(administrator: Client) -> None:
    worker = make_worker("w1", refusal=EVIL)
    for page in (LIST, f"{LIST}{worker.pk}/"):
        text = look(administrator, page)
        assert "takes nothing: &lt;script" in text
        assert EVIL not in text


def test_one_that_takes_nothing_of_its_own_accord_says_why(people: People, visit: Visit) -> None:
    worker = make_worker("full", refusal="unhealthy: disk: 12 MiB are free")
    for address in ("/admin/workers/", f"/admin/workers/{worker.pk}/"):
        assert "unhealthy: disk: 12 MiB are free" in visit(people.owner).get(address).content.decode()
