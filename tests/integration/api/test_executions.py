import threading
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from apps.api.executions import views
from apps.api.executions.serializers import ExecutionSerializer
from apps.api.webhooks import waiting
from apps.core import asgi_handler
from apps.executions.due import bring_on_due
from apps.executions.models import Execution, Gate
from apps.executions.policies.loss import CutOff
from apps.executions.services.lost import end_lost
from apps.executions.states import Status
from apps.workers.models import Worker
from tests.factories import make_action, make_execution, make_worker
from tests.people import People
from tests.running import claimed, end

URL = "/api/v1/executions"


def post(client: APIClient, body: dict[str, Any], **headers: str) -> Any:
    return client.post(URL, body, format="json", **headers)  # type: ignore[arg-type]  # headers are free


def post_raw(client: APIClient, body: bytes, *, content_type: str) -> Any:
    return client.generic("POST", URL, body, content_type=content_type)  # type: ignore[arg-type]  # bytes work


def pointers(answer: Any) -> dict[str, str]:
    return {item["pointer"]: item["code"] for item in answer.json()["errors"]}


def test_a_request_answers_201_with_the_execution(owner: APIClient) -> None:
    make_action(parameters={"host": {"type": "string", "default": "web"}})
    answer = post(owner, {"action": "demo.deploy", "labels": {"team": "ops"}})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["status"], body["parameters"], body["labels"]) == ("scheduled", {"host": "web"}, {"team": "ops"})
    assert body["requested_by"] == "owner"
    assert owner.get(f"{URL}/{body['id']}").json()["id"] == body["id"]


def test_where_too_many_wait_already_the_next_one_is_answered_at_once(
    owner: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_action()
    monkeypatch.setattr(views, "_places", full := threading.BoundedSemaphore(1))
    with full:
        answer = post(owner, {"action": "demo.deploy", "wait_s": 60})  # nobody runs it: it would take the whole minute
    assert (answer.status_code, answer.json()["status"]) == (201, "scheduled")
    assert full.acquire(blocking=False)


def test_who_waits_leaves_threads_to_all_others() -> None:
    assert views.MOST_WAITING + waiting.MOST_WAITING <= asgi_handler.MOST_THREADS - 100


def test_the_answer_has_exactly_the_documented_fields(owner: APIClient) -> None:
    make_action()
    body = post(owner, {"action": "demo.deploy"}).json()
    assert list(body) == list(ExecutionSerializer().fields)


def test_secret_parameters_read_as_stars_everywhere(owner: APIClient) -> None:
    make_action(parameters={"token": {"type": "string", "secret": True}, "host": {"type": "string"}})
    answer = post(owner, {"action": "demo.deploy", "parameters": {"token": "swordfish", "host": "a"}})
    assert answer.json()["parameters"] == {"host": "a", "token": "***"}
    pk = answer.json()["id"]
    for path in ("", f"/{pk}", f"/{pk}/history", f"/{pk}/attempts"):
        assert b"swordfish" not in owner.get(URL + path).content


def test_an_unknown_action_is_404_and_a_disabled_one_409(owner: APIClient, administrator: APIClient) -> None:
    assert post(owner, {"action": "demo.nothing"}).json()["code"] == "unknown_action"
    make_action()
    administrator.patch("/api/v1/actions/demo.deploy", {"enabled": False}, format="json")
    answer = post(owner, {"action": "demo.deploy"})
    assert (answer.status_code, answer.json()["code"]) == (409, "action_disabled")
    administrator.patch("/api/v1/actions/demo.deploy", {"enabled": None}, format="json")
    administrator.patch("/api/v1/packs/demo", {"enabled": False}, format="json")
    answer = post(owner, {"action": "demo.deploy"})
    assert (answer.status_code, answer.json()["code"]) == (409, "pack_disabled")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"/action": "required"}),
        ({"action": "demo.deploy", "status": "succeeded"}, {"/status": "unknown_field"}),
        (
            {"action": "demo.deploy", "requested_by": 1, "id": 5},
            {"/id": "unknown_field", "/requested_by": "unknown_field"},
        ),
        ({"action": 5, "parameters": []}, {"/action": "invalid", "/parameters": "wrong_type"}),
        ({"action": "demo.deploy", "parameters": "x"}, {"/parameters": "wrong_type"}),
        ({"action": "demo.deploy", "labels": {"a": ["b"]}}, {"/labels/a": "invalid"}),
        ({"action": "demo.deploy", "wait_s": 61}, {"/wait_s": "max_value"}),
        ({"action": "demo.deploy", "wait_s": -1}, {"/wait_s": "min_value"}),
        ({"action": "demo.deploy", "not_before": "tomorrow"}, {"/not_before": "invalid"}),
        ({"action": "demo.deploy", "not_before": "9999-01-01T00:00:00Z"}, {"/not_before": "too_late"}),
        ({"action": "demo.deploy", "parameters": {"x": "y" * 70_000}}, {"/parameters": "too_large"}),
        ({"action": "a" * 300}, {"/action": "max_length"}),
    ],
)
def test_a_malformed_request_is_400_and_names_each_field(
    owner: APIClient, body: dict[str, Any], expected: dict[str, str]
) -> None:
    make_action()
    answer = post(owner, body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert pointers(answer) == expected
    assert not Execution.objects.exists()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"{", "not the JSON"),
        (b'{"action": "a", "action": "b"}', "twice"),
        (b'{"action": "demo.deploy", "parameters": {"x": NaN}}', "NaN"),
        (b'{"action": "demo.deploy", "parameters": {"x": 1e999}}', "finite"),
        (b'{"action": "demo.deploy", "parameters": {"x": 9223372036854775808}}', "64 bits"),
        (b'{"action": "demo.deploy", "parameters": {"x": "\\u0000"}}', "NUL"),
        (b'{"action": "demo.deploy", "parameters": {"x": "\\ud800"}}', "surrogate"),
        (b'{"action": "demo.deploy", "parameters": {"x": ' + b"[" * 70 + b"]" * 70 + b"}}", "deeper"),
        (b"[" * 20_000, "deeper"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_a_body_that_is_not_the_json_attune_takes_is_400(owner: APIClient, raw: bytes, said: str) -> None:
    answer = post_raw(owner, raw, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")
    assert said in answer.json()["detail"]


def test_a_body_that_is_no_object_is_400(owner: APIClient) -> None:
    for raw in (b"[]", b"5", b'"x"', b"null"):
        answer = post_raw(owner, raw, content_type="application/json")
        assert answer.status_code == 400, raw


def test_another_media_type_is_415(owner: APIClient) -> None:
    answer = post_raw(owner, b"<x/>", content_type="text/xml")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_body_over_a_mebibyte_is_413(owner: APIClient) -> None:
    raw = b'{"action": "demo.deploy", "labels": {"x": "' + b"y" * 1024 * 1024 + b'"}}'
    answer = post_raw(owner, raw, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_batch_answers_in_its_order_or_with_pointers_into_it(owner: APIClient) -> None:
    make_action(parameters={"n": {"type": "integer"}}, concurrency={"limit": 1})
    wishes = [{"action": "demo.deploy", "parameters": {"n": n}} for n in range(10)]
    answer = owner.post(f"{URL}/batch", {"executions": wishes}, format="json")
    assert answer.status_code == 201
    assert [item["parameters"]["n"] for item in answer.json()["results"]] == list(range(10))
    wishes[7]["parameters"] = {"n": "x"}
    answer = owner.post(f"{URL}/batch", {"executions": wishes}, format="json")
    assert (answer.status_code, pointers(answer)) == (400, {"/executions/7/parameters/n": "wrong_type"})
    assert Execution.objects.count() == 10


@pytest.mark.parametrize("wishes", [[], [{}], [{"action": "demo.deploy"}] * 501, "x", [5], None])
def test_a_batch_of_nothing_too_much_or_nonsense_is_400(owner: APIClient, wishes: object) -> None:
    make_action()
    assert owner.post(f"{URL}/batch", {"executions": wishes}, format="json").status_code == 400


def test_the_same_idempotency_key_is_the_same_execution_and_with_another_body_422(owner: APIClient) -> None:
    make_action(parameters={"n": {"type": "integer"}})
    first = post(owner, {"action": "demo.deploy", "parameters": {"n": 1}}, HTTP_IDEMPOTENCY_KEY="k")
    again = post(owner, {"parameters": {"n": 1}, "action": "demo.deploy"}, HTTP_IDEMPOTENCY_KEY="k")
    other = post(owner, {"action": "demo.deploy", "parameters": {"n": 2}}, HTTP_IDEMPOTENCY_KEY="k")
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 422)
    assert first.json()["id"] == again.json()["id"]
    assert other.json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_malformed_idempotency_key_is_400(owner: APIClient, key: str) -> None:
    make_action()
    assert post(owner, {"action": "demo.deploy"}, HTTP_IDEMPOTENCY_KEY=key).status_code == 400


def test_a_full_line_is_429_with_retry_after(owner: APIClient) -> None:
    make_action(concurrency={"limit": 1, "max_waiting": 0})
    post(owner, {"action": "demo.deploy"})
    answer = post(owner, {"action": "demo.deploy"})
    assert (answer.status_code, answer.json()["code"]) == (429, "line_full")
    assert int(answer["Retry-After"]) > 0


def test_who_waits_in_line_sees_position_holders_and_reason(owner: APIClient) -> None:
    make_action(concurrency={"limit": 1})
    ids = [post(owner, {"action": "demo.deploy"}).json()["id"] for _ in range(3)]
    body = owner.get(f"{URL}/{ids[2]}").json()
    assert (body["status"], body["reason"]["code"], body["reason"]["position"]) == ("delayed", "waiting_for_slot", 2)
    assert "position 2 at demo.deploy, where 1 of 1 run" in body["reason"]["text"]
    assert (body["gates"][0]["waiting"], body["gates"][0]["holding"]) == (2, 1)


def test_who_waits_for_a_worker_sees_which(owner: APIClient) -> None:
    make_action()
    pk = post(owner, {"action": "demo.deploy"}).json()["id"]
    reason = owner.get(f"{URL}/{pk}").json()["reason"]
    assert (reason["code"], reason["queue"]) == ("no_worker", "run.default.shell")
    make_worker(slots=4)
    reason = owner.get(f"{URL}/{pk}").json()["reason"]
    assert (reason["code"], reason["slots"], reason["busy"]) == ("waiting_for_worker", 4, 0)


def test_a_paused_line_says_that_it_is_paused(owner: APIClient) -> None:
    make_action(concurrency={"limit": 0})
    pk = post(owner, {"action": "demo.deploy"}).json()["id"]
    assert owner.get(f"{URL}/{pk}").json()["reason"]["code"] == "paused_by_limit"


def test_the_owner_sees_it_a_teammate_does_not_an_administrator_does_a_stranger_must_log_in(
    owner: APIClient, teammate: APIClient, administrator: APIClient, stranger: APIClient
) -> None:
    make_action()
    pk = post(owner, {"action": "demo.deploy"}).json()["id"]
    for path in (
        f"/{pk}",
        f"/{pk}/result",
        f"/{pk}/history",
        f"/{pk}/attempts",
        f"/{pk}/children",
        f"/{pk}/logs",
        f"/{pk}/logs/stdout",
        f"/{pk}/artifacts",
    ):
        codes = [client.get(URL + path).status_code for client in (owner, teammate, administrator, stranger)]
        assert codes == [200, 404, 200, 401], path
    for verb in ("cancel", "rerun"):
        assert teammate.post(f"{URL}/{pk}/{verb}", {}, format="json").status_code == 404
    lists = [len(client.get(URL).json()["results"]) for client in (owner, teammate, administrator)]
    assert lists == [1, 0, 1]


def test_cancel_is_202_twice_while_it_runs_and_409_when_it_has_ended(owner: APIClient) -> None:
    make_action()
    pk = post(owner, {"action": "demo.deploy"}).json()["id"]
    held = claimed(Execution.objects.get(pk=pk), make_worker())
    assert [owner.post(f"{URL}/{pk}/cancel").status_code for _ in range(2)] == [202, 202]
    end(held, Status.CANCELED)
    answer = owner.post(f"{URL}/{pk}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_ended")


def test_rerun_takes_edits_and_keeps_secrets(owner: APIClient) -> None:
    make_action(parameters={"n": {"type": "integer"}, "token": {"type": "string", "secret": True, "required": True}})
    pk = post(owner, {"action": "demo.deploy", "parameters": {"n": 1, "token": "swordfish"}}).json()["id"]
    answer = owner.post(f"{URL}/{pk}/rerun", {"parameters": {"n": 2}}, format="json")
    assert (answer.status_code, answer.json()["parameters"]) == (201, {"n": 2, "token": "***"})
    assert answer.json()["rerun_of"] == pk
    answer = owner.post(f"{URL}/{pk}/rerun", {"parameters": {"n": "x"}}, format="json")
    assert (answer.status_code, pointers(answer)) == (400, {"/parameters/n": "wrong_type"})


def test_attempts_and_history_tell_the_story(owner: APIClient) -> None:
    make_action(retry={"max_attempts": 2, "backoff": "constant", "delay_s": 0})
    pk = post(owner, {"action": "demo.deploy"}).json()["id"]
    execution, worker = Execution.objects.get(pk=pk), make_worker("tom")
    end(claimed(execution, worker), Status.FAILED, error={"type": "exit_code", "message": "no"}, exit_code=3)
    bring_on_due()
    end(claimed(execution, worker), exit_code=0)
    attempts = owner.get(f"{URL}/{pk}/attempts").json()["results"]
    assert [(item["attempt"], item["status"], item["exit_code"]) for item in attempts] == [
        (1, "failed", 3),
        (2, "succeeded", 0),
    ]
    history = owner.get(f"{URL}/{pk}/history").json()["results"]
    assert [(item["status"], item["attempt"]) for item in history] == [
        ("scheduled", 1),
        ("running", 1),
        ("requested", 1),
        ("scheduled", 2),
        ("running", 2),
        ("succeeded", 2),
    ]
    assert history[1]["worker"] == "tom"


def test_pages_follow_each_other_newest_first(owner: APIClient, people: People) -> None:
    action = make_action()
    for _ in range(7):
        make_execution(action, requested_by_id=people.owner.pk)
    seen: list[int] = []
    cursor = ""
    while True:
        page = owner.get(f"{URL}?limit=3{cursor}").json()
        seen += [item["id"] for item in page["results"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == sorted(Execution.objects.values_list("pk", flat=True), reverse=True)


@pytest.mark.parametrize("limit", ["0", "501", "-1", "x", "1.5", "", "\u0663", "99999999999"])
def test_a_limit_that_is_none_is_400(owner: APIClient, limit: str) -> None:
    answer = owner.get(URL, {"limit": limit})
    assert (answer.status_code, pointers(answer)) == (400, {"/limit": "invalid_limit"})


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "",
        "e30",
        "bnVsbA",
        "eyJhZnRlciI6IFtdfQ",
        "eyJhZnRlciI6IHRydWV9",
        "é",
        "eyJhZnRlciI6MWU5OX0",
        "eyJhZnRlciI6OTk5OTk5OTk5OTk5OTk5OTk5OTl9",
    ],
)
def test_a_cursor_that_is_none_is_400(owner: APIClient, cursor: str) -> None:
    answer = owner.get(URL, {"cursor": cursor})
    assert (answer.status_code, pointers(answer)) == (400, {"/cursor": "invalid_cursor"})


def test_filters_narrow_the_list_and_unknown_ones_are_named(owner: APIClient, people: People) -> None:
    action, other = make_action(), make_action("other", pack="second")
    failed = make_execution(action, status=Status.FAILED, requested_by_id=people.owner.pk, labels={"a": "1", "b": "2"})
    make_execution(other, requested_by_id=people.owner.pk, labels={"a": "1"})

    def found(**query: str | list[str]) -> list[int]:
        return [item["id"] for item in owner.get(URL, query).json()["results"]]

    assert found(status="failed,timeout") == [failed.pk]
    assert found(action="demo.deploy") == found(pack="demo") == [failed.pk]
    assert found(label=["a:1", "b:2"]) == [failed.pk]
    assert len(found(label="a:1")) == 2
    assert found(since="2999-01-01T00:00:00Z") == []
    assert found(trace_id=str(failed.trace_id)) == [failed.pk]
    answer = owner.get(URL, {"colour": "red", "status": "odd", "since": "noon", "trace_id": "x"})
    assert answer.status_code == 400
    assert pointers(answer) == {
        "/colour": "unknown_parameter",
        "/status": "invalid_filter",
        "/since": "invalid_filter",
        "/trace_id": "invalid_filter",
    }


def test_fields_reduce_the_answer_and_unknown_ones_are_named(owner: APIClient) -> None:
    make_action()
    pk = post(owner, {"action": "demo.deploy"}).json()["id"]
    assert owner.get(f"{URL}/{pk}?fields=id,status").json() == {"id": pk, "status": "scheduled"}
    assert pointers(owner.get(f"{URL}?fields=id,colour")) == {"/fields": "unknown_field"}


@pytest.mark.parametrize("pk", ["0", "999999", "x", "-1", "9" * 19, "9" * 5000, "\u0661"])
def test_an_id_that_is_none_is_404(owner: APIClient, pk: str) -> None:
    assert owner.get(f"{URL}/{pk}").status_code == 404


def test_the_number_of_queries_does_not_depend_on_how_many_are_listed(
    owner: APIClient, people: People, django_assert_max_num_queries: Any
) -> None:
    action = make_action(parameters={"host": {"type": "string"}}, concurrency={"limit": 1, "key": "{{ host }}"})
    for index in range(6):
        for _ in range(3):
            post(owner, {"action": action.ref, "parameters": {"host": f"h{index}"}})
    with django_assert_max_num_queries(8):
        assert len(owner.get(URL).json()["results"]) == 18


def test_a_page_tells_of_each_what_its_own_address_tells(owner: APIClient, people: People) -> None:
    secret = {"type": "string", "secret": True}
    make_action("line", concurrency={"limit": 1})
    make_action("deploy", parameters={"token": secret, "host": {"type": "string"}})
    make_action("login", parameters={"password": secret})
    for _ in range(3):
        post(owner, {"action": "demo.line"})
    for action, parameters in (
        ("demo.deploy", {"token": "swordfish", "host": "a"}),
        ("demo.deploy", {"host": "b"}),
        ("demo.login", {"password": "swordfish"}),
    ):
        post(owner, {"action": action, "parameters": parameters})
    me = people.owner.pk
    pinned = make_execution(status=Status.FAILED, worker=make_worker("tom"), error={"type": "odd"}, requested_by_id=me)
    owner.post(f"{URL}/{pinned.pk}/pin", {"reason": "the audit"})
    make_execution(
        status=Status.SUCCEEDED, worker=make_worker("ann"), result=[1], labels={"a": "1"}, requested_by_id=me
    )
    rows = owner.get(URL).json()["results"]
    assert rows == [owner.get(f"{URL}/{row['id']}").json() for row in rows]
    assert [row["parameters"] for row in rows[2:5]] == [
        {"password": "***"},
        {"host": "b"},
        {"host": "a", "token": "***"},
    ]
    assert [row["gates"][0]["position"] for row in rows[5:7]] == [2, 1]
    assert [(row["worker"], row["requested_by"]) for row in rows[:2]] == [("ann", "owner"), ("tom", "owner")]
    assert [(row["pinned"] or {}).get("by") for row in rows[:3]] == [None, "owner", None]


def test_the_newest_at_a_gate_can_be_walked_to_without_sorting_its_line(owner: APIClient) -> None:
    make_action(concurrency={"limit": 1})
    post(owner, {"action": "demo.deploy"})
    newest = Execution.objects.filter(gate=Gate.objects.get()).order_by("-pk")[:101]
    other_ways = ("enable_seqscan", "enable_bitmapscan", "enable_sort")
    own = ("id", "gate_id", "number")
    columns = ", ".join(f'"{field.column}"' for field in Execution._meta.fields if field.column not in own)
    with connection.cursor() as cursor:
        # Most are at no gate: where all were at one when they were counted, its index is no gain.
        cursor.execute(
            f"INSERT INTO executions_execution ({columns}) SELECT {columns}"
            " FROM executions_execution, generate_series(1, 2000)"
        )
        cursor.execute("ANALYZE executions_execution")
        for way in other_ways:
            cursor.execute(f"SET {way} = off")
        try:
            plan = newest.values("pk").explain()
        finally:
            for way in other_ways:
                cursor.execute(f"RESET {way}")
    assert "Backward using execution_gate" in plan
    assert "Sort" not in plan


def test_an_attempt_that_was_lost_or_cut_off_says_why_and_uses_up_no_try(owner: APIClient) -> None:
    make_action()
    pk = post(owner, {"action": "demo.deploy"}).json()["id"]
    execution, gone, stopping = Execution.objects.get(pk=pk), make_worker("tom"), make_worker("ann")
    claimed(execution, gone)
    Worker.objects.filter(pk=gone.pk).update(status="lost")
    end_lost()
    bring_on_due()
    reason = {"code": "interrupted", "text": "the worker was stopped"}
    end(
        claimed(execution, stopping),
        Status.ABANDONED,
        reason=reason,
        cut_off=CutOff.INTERRUPTED,
        facts={"ended": "abandoned"},
    )
    attempts = owner.get(f"{URL}/{pk}/attempts").json()["results"]
    assert [(item["attempt"], item["status"], (item["reason"] or {}).get("code")) for item in attempts] == [
        (1, "abandoned", "worker_lost"),
        (2, "abandoned", "interrupted"),
        (3, "requested", None),
    ]
    assert attempts[0]["ended_at"] is not None
    told = owner.get(f"{URL}/{pk}").json()
    assert (told["attempt"], told["retries"], told["losses"]) == (3, 0, 1)
