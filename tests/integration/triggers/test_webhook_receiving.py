"""What is posted to a webhook: who may, what becomes an event, what is refused, and what the log says of it."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Identity
from apps.accounts.services.tokens import issue_token
from apps.triggers.models import Event, SignedDelivery, TriggerType, Webhook, WebhookDelivery, WebhookSecret
from apps.triggers.services.event_rows import Recorded
from apps.triggers.webhooks import log, rate
from apps.triggers.webhooks import receive as receiving
from apps.triggers.webhooks.proof import Call, NotProven
from apps.triggers.webhooks.receive import receive
from apps.triggers.webhooks.services import DEFAULT_GRACE, ensure_webhooks, rotate_secret
from tests.asgi import ask
from tests.database_trouble import another_session
from tests.integration.triggers.conftest import JSON, SECRET, Make, deliver, post, signed
from tests.people import People, make_identity
from tests.statements import commits_in, words_of
from tests.threads import race

MEBIBYTE = 1024 * 1024
#: What everybody hears who proves nothing.
UNPROVEN = "There is no such webhook, or the request does not prove that it may post to it."


def logged() -> tuple[str, str, int]:
    row = WebhookDelivery.objects.latest("id")
    return row.outcome, row.reason, row.status


def test_a_signed_delivery_is_an_event_with_its_payload(make: Make) -> None:
    make("github/pushes", headers=["X-Priority"])
    body = b'{"host": "db1", "load": 2.5}'
    headers = {**JSON, **signed(body), "x-priority": "high", "cookie": "a=b", "x-attune-delivery": "d-1"}
    answer = ask("POST", "/api/v1/webhooks/github/pushes", headers=headers, query=b"env=prod", chunks=[body])
    assert answer.status == 202
    event = Event.objects.get()
    assert answer.json() == {"event": event.pk, "repeated": False, "execution": None}
    assert event.payload == {
        "url": "github/pushes",
        "method": "POST",
        "headers": {"Content-Type": "application/json", "X-Attune-Delivery": "d-1", "X-Priority": "high"},
        "query": {"env": "prod"},
        "body": {"host": "db1", "load": 2.5},
        "delivery": "d-1",
    }
    assert (event.type_ref, event.parameters, event.source, event.source_ref) == (
        "core.webhook", {"url": "github/pushes"}, "webhook", "github/pushes",
    )  # fmt: skip
    row = WebhookDelivery.objects.get()
    assert (row.outcome, row.reason, row.status, row.event_id) == ("accepted", "", 202, event.pk)
    assert (row.delivery_id, row.address, row.size) == ("d-1", "127.0.0.1", len(body))


def test_a_webhook_that_there_is_not_costs_the_database_what_one_does_whose_secret_is_not_known(make: Make) -> None:
    make("deploy")
    asked = []
    for url in ("deploy", "nowhere"):
        headers = {name.title(): value for name, value in signed(b"{}", secret="whs_of-somebody-else").items()}
        with CaptureQueriesContext(connection) as captured, pytest.raises(NotProven):
            receive(Call(url=url, headers=headers, body=b"{}"))
        asked.append([query["sql"].partition(" WHERE ")[0].partition("SELECT id, 'refused'")[0] for query in captured])
    assert asked[0] == asked[1]
    assert WebhookDelivery.objects.count() == 1


def test_a_delivery_is_one_transaction_without_savepoints(make: Make) -> None:
    make("deploy")
    headers = {name.title(): value for name, value in {**JSON, **signed(b"{}")}.items()}
    with CaptureQueriesContext(connection) as captured:
        receive(Call(url="deploy", headers=headers, body=b"{}"))
    assert commits_in(captured) == 1
    assert "SAVEPOINT" not in words_of(captured)


def test_a_delivery_with_a_token_costs_three_statements(make: Make) -> None:
    """Who it is, what it may say, and the event with its line in the log."""
    make("deploy", authentication="token")
    with CaptureQueriesContext(connection) as captured:
        receive(Call(url="deploy", headers={**JSON, "X-Attune-Token": SECRET}, body=b"{}"))
    assert len(captured) == 3
    assert commits_in(captured) == 1
    assert logged() == ("accepted", "", 202)


def test_a_signature_of_github_is_taken_by_its_name(make: Make) -> None:
    make("push", authentication="github")
    body = b'{"ref": "refs/heads/main"}'
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    answer = post("push", body, X_Hub_Signature_256=signature, X_GitHub_Event="push", X_GitHub_Delivery="72d3162e")
    assert answer.status == 202
    payload = Event.objects.get().payload
    assert (payload["headers"]["X-Github-Event"], payload["delivery"]) == ("push", "72d3162e")
    assert SECRET not in str(payload)
    assert signature not in str(payload)
    again = post("push", body, X_Hub_Signature_256=signature, X_GitHub_Event="push", X_GitHub_Delivery="72d3162e")
    assert (again.status, again.json()["event"], again.json()["repeated"]) == (200, answer.json()["event"], True)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "no_signature"),
        ({"x-attune-signature": "v1=" + "0" * 64}, "no_timestamp"),
        (signed(b"{}", secret="whs_of-somebody-else"), "wrong_signature"),
        (signed(b'{"other": 1}'), "wrong_signature"),
        (signed(b"{}", at=str(int(time.time()) - 3600)), "old_signature"),
        ({"x-attune-token": SECRET}, "no_signature"),
    ],
)
def test_without_a_true_and_fresh_signature_it_is_refused(make: Make, headers: Mapping[str, str], reason: str) -> None:
    make()
    answer = post("deploy", headers=headers)
    assert (answer.status, answer.json()["detail"]) == (401, UNPROVEN)
    assert logged() == ("refused", reason, 401)
    assert not Event.objects.exists()


@pytest.mark.parametrize("authentication", ["token", "hmac", "github"])
def test_the_log_tells_of_a_webhook_without_a_secret(core_webhook: TriggerType, authentication: str) -> None:
    ensure_webhooks(["deploy"])
    Webhook.objects.update(authentication=authentication)
    headers = {**signed(b"{}"), "x-attune-token": SECRET, "x-hub-signature-256": "sha256=" + "0" * 64}
    assert post("deploy", headers=headers).status == 401
    assert logged() == ("refused", "no_secret", 401)


def test_a_stranger_cannot_tell_a_webhook_from_none(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    make()
    make("closed", is_enabled=False)
    told = []
    with caplog.at_level("INFO"):
        for url in ("deploy", "closed", "nowhere", "nowhere/at/all"):
            answer = post(url, b"not json", X_Request_Id="request-0001", Idempotency_Key="x" * 300)
            headers = {name: value for name, value in answer.headers.items() if name != "date"}
            told.append((answer.status, answer.json(), headers))
    assert told[0][0] == 401
    assert told == [told[0]] * 4
    assert "webhook nowhere: refused from 127.0.0.1: unknown_webhook" in caplog.text
    assert "webhook deploy: refused from 127.0.0.1: no_signature" in caplog.text


def test_a_replayed_signature_is_the_same_event_whatever_it_is_called(make: Make) -> None:
    make()
    headers = signed(b"{}")
    first = post("deploy", headers=headers)
    answers = [post("deploy", headers=headers), post("deploy", headers=headers, X_Attune_Delivery="another")]
    assert [(answer.status, answer.json()["event"]) for answer in answers] == [(200, first.json()["event"])] * 2
    assert Event.objects.count() == 1
    assert logged() == ("repeated", "", 200)
    assert bytes(SignedDelivery.objects.get().fingerprint).hex() not in headers["x-attune-signature"]


def test_the_same_delivery_again_is_the_same_event_however_it_is_signed(make: Make) -> None:
    make()
    make("other")
    first = deliver("deploy", Idempotency_Key="build-17")
    again = deliver("deploy", Idempotency_Key="build-17")
    assert (first.status, again.status, again.json()["event"]) == (202, 200, first.json()["event"])
    assert deliver("other", Idempotency_Key="build-17").status == 202
    assert Event.objects.count() == 2


def test_one_delivery_sent_many_times_at_once_is_one_event(make: Make) -> None:
    make()
    headers = signed(b"{}")
    answers = race(6, lambda _: post("deploy", headers=headers))
    assert sorted(answer.status for answer in answers) == [200] * 5 + [202]
    assert len({answer.json()["event"] for answer in answers}) == 1
    assert Event.objects.count() == 1


def test_two_secrets_count_while_one_takes_the_place_of_the_other(make: Make, people: People) -> None:
    webhook = make()
    new = rotate_secret(webhook, by=people.administrator).secret
    assert post("deploy", headers=signed(b"{}")).status == 202
    assert post("deploy", headers=signed(b"{}", secret=new)).status == 202
    webhook.secrets.filter(ends_at__isnull=False).update(ends_at=timezone.now() - timedelta(seconds=1))
    assert post("deploy", headers=signed(b"{}")).status == 401
    assert post("deploy", headers=signed(b"{}", secret=new)).status == 202


def test_a_token_of_the_webhook_comes_in_a_header_or_the_query(make: Make) -> None:
    make(authentication="token")
    assert post("deploy", X_Attune_Token=SECRET).status == 202
    assert post("deploy", query=f"token={SECRET}&a=1".encode()).status == 202
    assert Event.objects.latest("id").payload["query"] == {"a": "1"}
    assert SECRET not in str(list(Event.objects.values()))
    for answer, reason in (
        (post("deploy", X_Attune_Token=SECRET + "x"), "wrong_token"),
        (post("deploy", query=b"token=guess"), "wrong_token"),
        (post("deploy"), "no_token"),
        (post("deploy", Authorization="Bearer att_guess_guess"), "wrong_token"),
        (post("deploy", Authorization="Basic x"), "no_token"),
    ):
        assert (answer.status, answer.json()["detail"]) == (401, UNPROVEN), reason
    assert list(WebhookDelivery.objects.filter(outcome="refused").order_by("id").values_list("reason", flat=True)) == [
        "wrong_token", "wrong_token", "no_token", "wrong_token", "no_token",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("grants", "status"),
    [
        (("event.send",), 202),
        (("event.send@ref:deploy",), 202),
        (("event.send@ref:core.webhook",), 202),
        (("event.send@pack:core",), 202),
        (("event.send@ref:other",), 401),
        (("webhook.view",), 401),
    ],
)
def test_an_api_token_counts_where_its_owner_may_send_events(make: Make, grants: tuple[str, ...], status: int) -> None:
    make(authentication="token")
    sender = make_identity("sender", role="sender", grants=grants)
    answer = post("deploy", Authorization=f"Bearer {issue_token(sender, name='t').text}")
    assert answer.status == status
    if status == 202:
        assert Event.objects.get().sent_by == sender
    else:
        assert logged() == ("refused", "may_not_send", 401)


def test_an_api_token_does_not_stand_for_a_signature(make: Make, people: People) -> None:
    make()
    token = issue_token(people.administrator, name="t").text
    assert post("deploy", Authorization=f"Bearer {token}").status == 401


def test_a_session_of_the_console_proves_nothing_here(make: Make, people: People) -> None:
    from django.test import Client

    make(authentication="token")
    browser = Client()
    browser.force_login(people.administrator)
    assert browser.post("/api/v1/webhooks/deploy", "{}", content_type="application/json").status_code == 401


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("application/json", b"[1, 2]", [1, 2]),
        ("application/x-www-form-urlencoded", b"a=1&b=x+y&b=z", {"a": "1", "b": ["x y", "z"]}),
        ("text/plain", "Grüße".encode(), "Grüße"),
        ("application/json", b"", None),
    ],
)
def test_json_forms_and_text_are_read(make: Make, kind: str, body: bytes, expected: object) -> None:
    make()
    assert deliver("deploy", body, Content_Type=kind).status == 202
    assert Event.objects.get().payload["body"] == expected


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("application/json", b'{"a": ', 400, "invalid_body"),
        ("application/json", b'{"a": "\\u0000"}', 400, "invalid_body"),
        ("application/json", b"[" * 100_000, 400, "invalid_body"),
        ("application/x-www-form-urlencoded", b"a=%FF", 400, "invalid_body"),
        ("multipart/form-data; boundary=x", b"--x--", 415, "unreadable_kind"),
        ("application/octet-stream", b"\x00", 415, "unreadable_kind"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_clear_error(
    make: Make, kind: str, body: bytes, status: int, code: str
) -> None:
    make()
    answer = deliver("deploy", body, Content_Type=kind)
    assert (answer.status, answer.json()["code"]) == (status, code)
    assert logged() == ("refused", code, status)
    assert not Event.objects.exists()


def test_a_payload_too_large_to_keep_is_refused(make: Make) -> None:
    make()
    answer = deliver("deploy", b"\x01" * 300_000, Content_Type="text/plain")  # six times as long in JSON
    assert (answer.status, answer.json()["errors"][0]["code"]) == (400, "too_large")
    assert deliver("deploy", b'"' + b"x" * (MEBIBYTE - 2000) + b'"').status == 202


@pytest.mark.parametrize(
    "query", [b"a=%00", b"a=%FF", b"wait=perhaps", b"wait=true&wait_s=-1", b"wait_s=x", b"wait_s=nan"]
)
def test_a_query_that_cannot_be_read_is_a_clear_error(make: Make, query: bytes) -> None:
    make()
    answer = ask("POST", "/api/v1/webhooks/deploy", headers={**JSON, **signed(b"{}")}, query=query, chunks=[b"{}"])
    assert answer.status == 400
    assert not Event.objects.exists()


def test_a_name_of_a_delivery_that_is_none_is_refused(make: Make) -> None:
    make()
    answer = deliver("deploy", Idempotency_Key="x" * 300)
    assert (answer.status, answer.json()["code"]) == (400, "invalid_delivery")


@pytest.mark.parametrize("chunks", [[b"x" * MEBIBYTE] * 10, [b" " * 65536] * 10_000], ids=["10 MB", "never ending"])
def test_too_large_a_body_is_cut_off_before_it_is_read_to_its_end(make: Make, chunks: list[bytes]) -> None:
    make()
    answer = ask("POST", "/api/v1/webhooks/deploy", headers=JSON, chunks=chunks)
    assert (answer.status, answer.json()["code"]) == (413, "body_too_large")
    assert not WebhookDelivery.objects.exists()


def test_a_webhook_that_is_switched_off_says_so_to_who_proves_something(make: Make) -> None:
    make(is_enabled=False)
    answer = deliver("deploy")
    assert (answer.status, answer.json()["code"]) == (403, "webhook_disabled")
    assert logged() == ("refused", "webhook_disabled", 403)
    assert post("deploy").status == 401


@pytest.fixture
def removed_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody removes the webhook after a delivery has proven itself, before it is written down."""
    as_ever = receiving._record

    def too_late(webhook: Webhook, *rest: Any) -> Recorded:
        Webhook.objects.filter(pk=webhook.pk).delete()
        return as_ever(webhook, *rest)

    monkeypatch.setattr(receiving, "_record", too_late)


@pytest.mark.parametrize("authentication", ["hmac", "token"])
def test_a_webhook_that_is_removed_while_a_delivery_is_taken_is_one_that_there_is_not(
    make: Make, removed_meanwhile: None, authentication: str
) -> None:
    make(authentication=authentication)
    answer = post("deploy", headers=signed(b"{}"), X_Attune_Token=SECRET)
    assert (answer.status, answer.json()["detail"]) == (401, UNPROVEN)
    assert not Event.objects.exists()


@pytest.mark.parametrize("authentication", ["hmac", "token"])
def test_nor_is_it_there_for_a_delivery_that_comes_again(
    make: Make, request: pytest.FixtureRequest, authentication: str
) -> None:
    make(authentication=authentication)
    headers = {**signed(b"{}"), "x-attune-token": SECRET, "idempotency-key": "d-1"}
    assert post("deploy", headers=headers).status == 202
    request.getfixturevalue("removed_meanwhile")
    assert post("deploy", headers=headers).status == 401


def test_a_refusal_by_a_webhook_that_is_removed_meanwhile_is_one_all_the_same(make: Make) -> None:
    make()

    def removes(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if "'refused'" in sql:
            with another_session() as other:
                other.execute("DELETE FROM triggers_webhooksecret")
                other.execute("DELETE FROM triggers_webhook")
                other.commit()
        return result

    with connection.execute_wrapper(removes), pytest.raises(NotProven):
        receive(Call(url="deploy", headers={}, body=b"{}"))
    assert not WebhookDelivery.objects.exists()


def test_a_rate_lets_a_minutes_worth_through_and_says_when_to_come_again(make: Make) -> None:
    webhook = make(rate_per_minute=3)
    answers = [deliver("deploy") for _ in range(5)]
    assert [answer.status for answer in answers] == [202, 202, 202, 429, 429]
    assert answers[3].json()["code"] == "webhook_rate_reached"
    assert 1 <= int(answers[3].headers["retry-after"]) <= 20
    assert logged() == ("refused", "webhook_rate_reached", 429)
    # Whoever proves nothing neither uses it up nor learns that it is.
    assert post("deploy").status == 401
    assert rate.wait_s(str(webhook.pk), per_minute=3) > 0


def test_strangers_do_not_use_up_the_rate_of_a_webhook(make: Make) -> None:
    make(rate_per_minute=1)
    assert {post("deploy").status for _ in range(3)} == {401}
    assert deliver("deploy").status == 202


def test_without_redis_each_process_counts_for_itself(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.core.redis import breaker

    make(rate_per_minute=2)
    monkeypatch.setattr(rate, "own", rate.OwnCount())
    monkeypatch.setattr(type(breaker), "is_open", True)
    assert [deliver("deploy").status for _ in range(3)] == [202, 202, 429]


def test_a_flood_of_refusals_is_no_flood_of_rows(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "REFUSALS_PER_MINUTE", 5)
    make()
    assert {post("deploy").status for _ in range(12)} == {401}
    assert WebhookDelivery.objects.count() == 5
    assert deliver("deploy").status == 202
    assert WebhookDelivery.objects.count() == 6


def test_neither_body_nor_proof_stands_in_the_log(make: Make) -> None:
    make(authentication="token")
    post("deploy", b'{"canary": "of-the-body"}', X_Attune_Token=SECRET)
    post("deploy", b'{"canary": "of-the-body"}', X_Attune_Token="canary-guess")
    kept = str(list(WebhookDelivery.objects.values()))
    assert "canary" not in kept
    assert SECRET not in kept


def test_the_secret_before_goes_at_once_where_that_is_asked_for(make: Make, people: People) -> None:
    webhook = make()
    rotate_secret(webhook, by=people.administrator, grace=timedelta(0))
    assert deliver("deploy").status == 401
    assert WebhookSecret.objects.filter(webhook=webhook).count() == 1


def test_at_most_two_secrets_are_kept(make: Make, people: People) -> None:
    webhook = make()
    newer = [rotate_secret(webhook, by=people.administrator, grace=DEFAULT_GRACE).secret for _ in range(3)]
    assert WebhookSecret.objects.filter(webhook=webhook).count() == 2
    told = [post("deploy", headers=signed(b"{}", secret=secret)).status for secret in (SECRET, *newer)]
    assert told == [401, 401, 202, 202]


def test_a_webhook_made_anew_knows_no_deliveries_of_the_one_before(make: Make) -> None:
    make()
    assert deliver("deploy", Idempotency_Key="1").status == 202
    Webhook.objects.all().delete()
    make()
    assert deliver("deploy", Idempotency_Key="1").status == 202


def test_an_identity_that_was_switched_off_sends_nothing(make: Make) -> None:
    make(authentication="token")
    sender = make_identity("sender", role="sender", grants=("event.send",))
    token = issue_token(sender, name="t").text
    Identity.objects.filter(pk=sender.pk).update(is_active=False)
    assert post("deploy", Authorization=f"Bearer {token}").status == 401
