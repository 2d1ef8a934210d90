import threading

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.services.tokens import issue_token
from apps.core.errors import Conflict
from apps.core.types import JsonObject
from apps.operations import kinds
from apps.operations.models import Operation
from apps.operations.progress import Progress
from apps.operations.services import DEAD_AFTER, HandedOver, request_operation, run_operation, sweep_operations
from tests.asgi import ask
from tests.conftest import messages_in
from tests.people import People

URL = "/api/v1/operations"


@pytest.fixture(autouse=True)
def handler(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(told: JsonObject, progress: Progress) -> JsonObject:
        progress.step("begin", percent=10)
        progress.log("süß\u2028and\x1b[1mbold")
        if "fail" in told:
            raise Conflict(told["fail"])
        return {"told": told}

    monkeypatch.setattr(kinds, "_handlers", dict(kinds._handlers))
    monkeypatch.setattr(kinds, "_queues", dict(kinds._queues))
    kinds.register("test.work", work)


def make(people: People, **told: object) -> Operation:
    return request_operation(people.owner, kind="test.work", subject="thing", operation_input=dict(told))


def test_an_operation_tells_how_far_it_is_and_how_it_ended(owner: APIClient, people: People) -> None:
    good, bad = make(people, n=1), make(people, fail="no room")
    assert owner.get(f"{URL}/{good.pk}").json()["status"] == "pending"
    for operation in (good, bad):
        run_operation(operation.pk)
    shown = owner.get(f"{URL}/{good.pk}").json()
    assert (shown["status"], shown["outcome"], shown["error"]) == ("succeeded", {"told": {"n": 1}}, None)
    shown = owner.get(f"{URL}/{bad.pk}?fields=status,error,steps").json()
    assert (shown["status"], shown["error"]) == ("failed", {"code": "conflict", "detail": "no room"})
    assert [step["status"] for step in shown["steps"]] == ["failed"]
    assert [item["id"] for item in owner.get(URL, {"status": "failed,running"}).json()["results"]] == [bad.pk]
    assert [item["id"] for item in owner.get(URL, {"kind": "test.work"}).json()["results"]] == [bad.pk, good.pk]


def test_an_operation_runs_once_however_often_it_is_hinted(owner: APIClient, people: People) -> None:
    operation = make(people)
    run_operation(operation.pk)
    run_operation(operation.pk)
    assert owner.get(f"{URL}/{operation.pk}/log").content.decode() == "begin\nsüß\u2028and\x1b[1mbold\n"


def test_an_operation_that_is_handed_over_goes_on_in_another_queue(
    owner: APIClient, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(told: JsonObject, progress: Progress) -> JsonObject:
        progress.step("second" if "rest" in told else "first", percent=50)
        if "rest" not in told:
            progress.about("what was found")
            raise HandedOver({**told, "rest": 1})
        return told

    kinds.register("test.work", work, queue_of=lambda told: "elsewhere" if "rest" in told else kinds.CONTROL)
    operation = make(people, n=1)
    run_operation(operation.pk)
    assert owner.get(f"{URL}/{operation.pk}").json()["status"] == "pending"
    assert messages_in("elsewhere") == 1
    begun_at = Operation.objects.get().started_at
    run_operation(operation.pk)
    shown = owner.get(f"{URL}/{operation.pk}").json()
    assert (shown["status"], shown["outcome"], shown["subject"]) == ("succeeded", {"n": 1, "rest": 1}, "what was found")
    assert [(step["name"], step["status"]) for step in shown["steps"]] == [
        ("first", "succeeded"), ("second", "succeeded"),
    ]  # fmt: skip
    assert Operation.objects.get().started_at == begun_at


def test_an_operation_whose_runner_died_has_no_step_that_runs(people: People) -> None:
    operation, alive = make(people), make(people)
    step = {"name": "begin", "status": "running", "started_at": "2026-11-22T00:00:00+00:00", "ended_at": None}
    Operation.objects.update(status="running", steps=[{**step, "status": "succeeded"}, step], alive_at=timezone.now())
    Operation.objects.filter(pk=operation.pk).update(alive_at=timezone.now() - 2 * DEAD_AFTER)
    sweep_operations()
    operation.refresh_from_db()
    assert (operation.status, (operation.error or {})["code"]) == ("failed", "interrupted")
    assert [item["status"] for item in operation.steps] == ["succeeded", "failed"]
    assert Operation.objects.get(pk=alive.pk).status == "running"


def test_a_bug_in_a_handler_ends_the_operation_without_its_traceback(
    owner: APIClient, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(told: JsonObject, progress: Progress) -> JsonObject:
        raise KeyError("swordfish")

    monkeypatch.setitem(kinds._handlers, "test.work", work)
    operation = make(people)
    with pytest.raises(KeyError):
        run_operation(operation.pk)
    answer = owner.get(f"{URL}/{operation.pk}")
    assert (answer.json()["status"], answer.json()["error"]["code"]) == ("failed", "internal_error")
    assert b"swordfish" not in answer.content


def test_the_owner_sees_it_a_teammate_does_not_an_administrator_does(
    owner: APIClient, teammate: APIClient, administrator: APIClient, stranger: APIClient, people: People
) -> None:
    operation = make(people)
    clients = (owner, teammate, administrator, stranger)
    for address in (f"{URL}/{operation.pk}", f"{URL}/{operation.pk}/log"):
        assert [client.get(address).status_code for client in clients] == [200, 404, 200, 401]
    assert [len(client.get(URL).json()["results"]) for client in clients[:3]] == [1, 0, 1]


def test_a_log_is_followed_to_the_end_and_from_where_a_reader_was(people: People) -> None:
    operation = make(people)
    run_operation(operation.pk)
    address = f"{URL}/{operation.pk}/log"
    answer = ask("GET", address, by=people.owner, query=b"follow=true", headers={"accept": "text/event-stream"})
    assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream")
    (log, told, data), end = answer.events()
    assert (log, data) == ("log", {"offset": 0, "text": "begin\nsüß\u2028and\x1b[1mbold\n"})
    assert end == ("end", told, {"status": "succeeded"})
    again = ask("GET", address, by=people.owner, query=b"follow=true", headers={"last-event-id": "6"}).events()
    assert again[0][2]["text"].startswith("süß")
    for last in ("x", "-1", "\xb9", "9" * 30):
        answer = ask("GET", address, by=people.owner, query=b"follow=true", headers={"last-event-id": last})
        assert answer.status == 400, last


def test_a_log_is_followed_while_the_operation_runs(people: People) -> None:
    operation = make(people)
    headers = {"authorization": f"Bearer {issue_token(people.owner, name='reader').text}"}
    answers: list[str] = []

    def read() -> None:
        events = ask("GET", f"{URL}/{operation.pk}/log", query=b"follow=true", headers=headers).events()
        answers.extend(data.get("text", name) for name, _, data in events)

    reader = threading.Thread(target=read)
    reader.start()
    run_operation(operation.pk)
    reader.join(timeout=60)
    assert "".join(answers) == "begin\nsüß\u2028and\x1b[1mbold\nend"
