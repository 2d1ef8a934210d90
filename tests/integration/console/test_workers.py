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


def test_one_that_takes_nothing_of_its_own_accord_says_why(people: People, visit: Visit) -> None:
    worker = make_worker("full", refusal="unhealthy: disk: 12 MiB are free")
    for address in ("/admin/workers/", f"/admin/workers/{worker.pk}/"):
        assert "unhealthy: disk: 12 MiB are free" in visit(people.owner).get(address).content.decode()
