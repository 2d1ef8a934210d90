"""The page of one execution: who sees it, what it says, and that nothing in it becomes markup."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.actions.models import Action
from apps.executions.artifacts import keep_artifact
from apps.executions.files import MAX_RESULT_BYTES, artifacts_folder
from apps.executions.models import Execution, Pin
from apps.executions.states import Status
from apps.executions.transitions import transition
from tests.asking import ask
from tests.factories import make_action, make_execution, make_worker
from tests.integration.console.conftest import Visit
from tests.people import People
from tests.running import claimed, end
from tests.statements import statements_in

TABS = ("overview", "log", "attempts", "children", "artifacts")
MARKUP = "<img src=x onerror=alert(1)>"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;"
CANARY = "canary-7f3a9c"


@pytest.fixture
def one_at_a_time(people: People) -> Action:
    return make_action("alone", concurrency={"limit": 1})


def path_of(execution: Execution, tab: str = "overview") -> str:
    return f"/admin/executions/{execution.pk}/?tab={tab}"


def make_owned(people: People, **fields: object) -> Execution:
    return make_execution(requested_by_id=people.owner.pk, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("tab", TABS)
def test_the_owner_and_administrators_see_it_and_nobody_else(people: People, visit: Visit, tab: str) -> None:
    execution = make_owned(people)
    assert visit(people.owner).get(path_of(execution, tab)).status_code == HTTPStatus.OK
    assert visit(people.administrator).get(path_of(execution, tab)).status_code == HTTPStatus.OK
    assert visit(people.teammate).get(path_of(execution, tab)).status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("number", ["0", "999999", "9" * 30])
def test_one_that_does_not_exist_is_not_found(people: People, visit: Visit, number: str) -> None:
    assert visit(people.owner).get(f"/admin/executions/{number}/").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("status", list(Status))
def test_every_tab_shows_an_execution_in_every_state(people: People, visit: Visit, tab: str, status: Status) -> None:
    execution = make_owned(people, status=status)
    page = visit(people.owner).get(path_of(execution, tab))
    assert page.status_code == HTTPStatus.OK
    assert status.value in page.content.decode()


def test_one_in_line_says_where_it_stands(people: People, visit: Visit, one_at_a_time: Action) -> None:
    *_, third = ask(people, one_at_a_time, count=3)
    page = visit(people.owner).get(path_of(third)).content.decode()
    assert "position 2 at demo.alone, where 1 of 1 run" in page
    assert f"/admin/gates/{third.gate_id}/" in page
    assert "<dt>Position</dt><dd>2 of 2</dd>" in page


def test_cancel_is_offered_as_long_as_it_can_be_done(people: People, visit: Visit) -> None:
    running, ended = make_owned(people, status=Status.RUNNING), make_owned(people, status=Status.SUCCEEDED)
    assert "/cancel/" in visit(people.owner).get(path_of(running)).content.decode()
    assert "/cancel/" not in visit(people.owner).get(path_of(ended)).content.decode()


def test_canceling_comes_back_with_what_was_done(people: People, visit: Visit) -> None:
    (execution,) = ask(people)
    page = visit(people.owner).post(f"/admin/executions/{execution.pk}/cancel/", follow=True)
    assert page.redirect_chain == [(f"/admin/executions/{execution.pk}/", HTTPStatus.FOUND)]
    assert f"Execution {execution.pk} is canceled." in page.content.decode()
    assert "canceled by owner" in page.content.decode()


def test_canceling_what_has_ended_says_so(people: People, visit: Visit) -> None:
    execution = make_owned(people, status=Status.SUCCEEDED)
    origin = {"HTTP_REFERER": f"http://testserver/admin/executions/{execution.pk}/"}
    page = visit(people.owner).post(f"/admin/executions/{execution.pk}/cancel/", follow=True, **origin)  # type: ignore[arg-type]
    assert f"Execution {execution.pk} has ended: succeeded." in page.content.decode()


def test_a_teammate_cannot_cancel_it(people: People, visit: Visit) -> None:
    (execution,) = ask(people)
    visit(people.teammate).post(f"/admin/executions/{execution.pk}/cancel/")
    execution.refresh_from_db()
    assert execution.status == Status.SCHEDULED


def test_nothing_that_an_action_or_a_user_says_becomes_markup(people: People, visit: Visit) -> None:
    action = make_action("evil", parameters={MARKUP: {"type": "string"}, "text": {"type": "string"}})
    execution = make_owned(
        people, action=action, status=Status.FAILED, parameters={"text": MARKUP, MARKUP: "x"}, labels={MARKUP: MARKUP},
        result={MARKUP: [MARKUP]}, error={"type": MARKUP, "message": MARKUP, "traceback": MARKUP},
        reason={"code": MARKUP, "text": MARKUP}, signal=MARKUP[:20],
    )  # fmt: skip
    keep_artifact(execution.pk, 1, f"{MARKUP}.txt", b"x")
    for tab in TABS:
        page = visit(people.owner).get(path_of(execution, tab)).content.decode()
        assert "<img src=x" not in page, tab
    assert ESCAPED in visit(people.owner).get(path_of(execution)).content.decode()
    artifacts = visit(people.owner).get(path_of(execution, "artifacts")).content.decode()
    assert f"/api/v1/executions/{execution.pk}/artifacts/1/%3Cimg%20src%3Dx" in artifacts


@pytest.mark.parametrize("tab", TABS)
def test_a_secret_parameter_is_in_no_tab(people: People, visit: Visit, tab: str) -> None:
    action = make_action("login", parameters={"password": {"type": "string", "secret": True}})
    (execution,) = ask(people, action, parameters={"password": CANARY})
    page = visit(people.owner).get(path_of(execution, tab)).content.decode()
    assert CANARY not in page
    if tab == "overview":
        assert "password" in page
        assert "***" in page


def test_the_history_tells_states_with_reasons_and_how_long_they_lasted(people: People, visit: Visit) -> None:
    worker = make_worker("worker-7")
    (execution,) = ask(people)
    transition(execution.pk, Status.RUNNING, expected={Status.SCHEDULED}, attempt=1, changes={"worker_id": worker.pk})
    reason = {"code": "canceled", "text": "somebody wanted it so"}
    transition(execution.pk, Status.CANCELING, expected={Status.RUNNING}, attempt=1, reason=reason)
    page = visit(people.owner).get(path_of(execution)).content.decode()
    assert page.index("scheduled</span>") < page.index("running</span>")
    assert "somebody wanted it so" in page
    assert "worker-7" in page


def test_a_large_result_is_named_and_not_loaded(people: People, visit: Visit) -> None:
    folded = {"artifact": "result.json", "size_bytes": MAX_RESULT_BYTES + 1}
    execution = make_owned(people, status=Status.SUCCEEDED, result=folded)
    keep_artifact(execution.pk, 1, "result.json", b"[" + b" " * MAX_RESULT_BYTES + b"]")
    page = visit(people.owner).get(path_of(execution)).content.decode()
    assert f'data-tree-from="/api/v1/executions/{execution.pk}/result"' in page
    assert "result.json" in page
    assert len(page) < 100_000


def test_artifacts_of_all_attempts_are_listed_with_their_sizes(people: People, visit: Visit) -> None:
    execution = make_owned(people, status=Status.SUCCEEDED, attempt=2)
    keep_artifact(execution.pk, 1, "first.txt", b"12345")
    folder = artifacts_folder(execution.pk, 2) / "deep"
    folder.mkdir(parents=True)
    (folder / "second.txt").write_bytes(b"x" * 1500)
    page = visit(people.owner).get(path_of(execution, "artifacts")).content.decode()
    assert "first.txt" in page
    assert f'href="/api/v1/executions/{execution.pk}/artifacts/2/deep/second.txt"' in page
    assert "1.5 KB" in page


@pytest.mark.parametrize(("asked", "shown"), [("", 3), ("2", 2), ("9", 3), ("0", 3), ("-1", 3), ("x", 3), ("٣", 3)])
def test_the_log_is_of_the_attempt_asked_for(people: People, visit: Visit, asked: str, shown: int) -> None:
    execution = make_owned(people, status=Status.RUNNING, attempt=3, max_attempts=3)
    page = visit(people.owner).get(path_of(execution, "log") + f"&attempt={asked}").content.decode()
    assert f'data-log="/api/v1/executions/{execution.pk}/logs?attempt={shown}"' in page
    assert "<noscript>" in page


def test_children_are_only_those_one_may_see(people: People, visit: Visit) -> None:
    parent = make_owned(people)
    own = make_owned(people, action=make_action("own_child"), parent_id=parent.pk)
    make_execution(make_action("strange_child"), requested_by_id=people.teammate.pk, parent_id=parent.pk)
    page = visit(people.owner).get(path_of(parent, "children")).content.decode()
    assert str(own.pk) in page
    assert "demo.own_child" in page
    assert "demo.strange_child" not in page


@pytest.mark.parametrize("tab", TABS)
def test_the_number_of_queries_does_not_grow(people: People, visit: Visit, tab: str) -> None:
    counts = []
    for size in (1, 30):
        execution = make_owned(people, status=Status.RUNNING)
        for _ in range(size):
            make_owned(people, parent_id=execution.pk)
            transition(execution.pk, Status.CANCELING, expected={Status.RUNNING}, attempt=1)
            Execution.objects.filter(pk=execution.pk).update(status=Status.RUNNING)
        client = visit(people.owner)
        with CaptureQueriesContext(connection) as captured:
            client.get(path_of(execution, tab))
        counts.append(statements_in(captured))
    assert counts[0] == counts[1] <= 6


@pytest.fixture(autouse=True)
def _artifacts(settings: Any, tmp_path: Path) -> None:
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path


def test_attempts_that_were_cut_off_are_told_in_plain_words(people: People, visit: Visit) -> None:
    execution = make_owned(people, status=Status.RUNNING, attempt=4, retries=1, losses=1, max_attempts=3)
    client = visit(people.owner)
    attempts = client.get(path_of(execution, "attempts")).content.decode()
    assert (
        "It was lost with its worker or process 1 of at most 3 times, interrupted by stopping workers 1 time"
        in attempts
    )
    assert "attempt 4, try 2 of 3" in client.get(path_of(execution)).content.decode()
    assert "attempt 4, try 2 of 3" in client.get("/admin/executions/").content.decode()


def test_it_is_pinned_with_a_reason_and_let_go_again(people: People, visit: Visit) -> None:
    execution, owner = make_owned(people), visit(people.owner)
    answer = owner.post(f"/admin/executions/{execution.pk}/pin/", {"reason": MARKUP})
    assert answer.status_code == HTTPStatus.FOUND
    page = owner.get(path_of(execution)).content.decode()
    assert "Pinned by owner" in page
    assert ESCAPED in page
    assert MARKUP not in page
    assert ESCAPED in owner.get("/admin/executions/?pinned=true").content.decode()
    owner.post(f"/admin/executions/{execution.pk}/pin/", {"let_go": "1"})
    assert "Pinned by" not in owner.get(path_of(execution)).content.decode()
    assert "No execution fits" in owner.get("/admin/executions/?pinned=true").content.decode()


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "two\nlines"])
def test_a_pin_without_a_reason_is_refused(people: People, visit: Visit, reason: str) -> None:
    execution, owner = make_owned(people), visit(people.owner)
    owner.post(f"/admin/executions/{execution.pk}/pin/", {"reason": reason})
    page = owner.get(path_of(execution)).content.decode()
    assert "Say why it is to be kept" in page
    assert "Pinned by" not in page


def test_others_can_neither_pin_nor_let_go(people: People, visit: Visit) -> None:
    execution = make_owned(people)
    for fields in ({"reason": "mine"}, {"let_go": "1"}):
        visit(people.teammate).post(f"/admin/executions/{execution.pk}/pin/", fields)
    assert not Pin.objects.exists()


def test_logs_and_artifacts_that_were_removed_say_so(people: People, visit: Visit) -> None:
    at = "2026-01-31T12:00Z"
    execution = make_owned(people, status=Status.FAILED, logs_removed_at=at, artifacts_removed_at=at)
    owner = visit(people.owner)
    for tab, text in (("log", "logs are kept 7 days"), ("artifacts", "artifacts are kept 30 days")):
        page = owner.get(path_of(execution, tab)).content.decode()
        assert "removed on 2026-01-31 12:00 UTC" in page
        assert text in page
        assert "data-log=" not in page


def test_an_attempt_whose_log_could_not_be_written_says_so(people: People, visit: Visit) -> None:
    (execution,) = ask(people)
    claim = claimed(execution, make_worker())
    end(claim, facts={"logs": {"failed": True}})
    page = visit(people.owner).get(path_of(execution, "attempts")).content.decode()
    assert "its log could not be written to its end" in page
