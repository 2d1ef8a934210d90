"""What no client should send, sent to everything: every answer is a problem document, none is a 500."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.api import urls
from apps.executions.models import Execution
from tests.asgi import ask
from tests.factories import make_action, make_execution, make_gate, make_worker
from tests.people import People

STEPS = [
    "%00", "a%00b", "%EF%BC%91", "-0", "..", "%2e%2e", "%ff", "%ED%A0%80", "9" * 30, "9" * 5_000, "1e3", "%0a", "1%0a",
    "%20", "+1", "'", "%25", "0x1", "1", "demo", "demo.deploy", "null",
]  # fmt: skip
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
#: HEAD is answered as GET is, the others are refused at every address alike: a few steps do.
OTHER_METHODS = ("HEAD", "OPTIONS", "TRACE", "PURGE")
BODIES: list[bytes] = [
    b"", b"null", b"[]", b"5", b'"x"', b"{", b"{}", b"\xff\xfe", b'{"a":1,"a":2}', b'{"enabled":true,"limit":1}',
    b'{"\\u0000":1}', b'{"name":"\\u0000"}', b'{"name":"\\ud800"}', b'{"limit":1e400}', b'{"limit":NaN}',
    b'{"limit":' + b"9" * 5_000 + b"}", b"[" * 100_000, b'{"a":' * 70 + b"1" + b"}" * 70, b"\xef\xbb\xbf{}",
]  # fmt: skip
QUERIES = [
    "q=%00", "q=%ff", "%ff=%fe", "fields=%00", "fields=__class__", "action=%00", "status=%00", "label=%00:1", "label=:",
    "label=a:%ED%A0%80", "gate=999999999999999999", "parent=0", "requested_by=%00", "trace_id=%00", "worker=%00",
    "since=0001-01-01T00:00:00%2B23:59", "until=9999-12-31T23:59:59-23:59", "since=2020-13-45T00:00:00Z", "=", "&&&",
    "since=2020-01-01", "format=xml", "format=json", "policy=0", "pack=%00", "runtime=%00", "pool=%00", "offset=%00",
    "kind=%00", "subject=%00", "scope=%00", "q=" + "x" * 5_000, "attempt=%00",
]  # fmt: skip


@pytest.fixture
def attacker(people: People) -> APIClient:
    """An administrator whom revoked tokens do not stop, and who sees a 500 as an answer."""
    action = make_action(parameters={"host": {"type": "string"}}, concurrency={"limit": 1})
    make_execution(action, requested_by_id=people.administrator.pk)
    make_worker()
    make_gate()
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(people.administrator)
    return client


def addresses() -> Iterator[str]:
    for pattern in urls.urlpatterns:
        text = re.sub(r"<text:\w+>|\(\?P<[^)]*\)", "{}", str(pattern.pattern)).strip("^\\Z")
        # Logging in and out has tests of its own, and the document takes long to make.
        if text not in ("auth/login", "auth/logout", "schema"):
            yield "/api/v1/" + text


def filled(address: str, execution: int) -> str:
    """The address of something that exists, where that can be known."""
    ref = "demo.deploy" if "/actions/" in address else "demo" if "/packs/" in address else str(execution)
    return address.replace("/logs/{}", "/logs/stdout").replace("{}", ref)


def send(client: APIClient, method: str, url: str, body: bytes, *, kind: str = "application/json") -> Any:
    return client.generic(method, url, body, content_type=kind)  # type: ignore[arg-type]  # bytes work


@pytest.mark.timeout(300)
def test_no_step_of_an_address_is_a_bug(attacker: APIClient) -> None:
    bugs = []
    for address in addresses():
        for number, step in enumerate(STEPS if "{}" in address else [""]):
            url = address.replace("{}", step)
            for method in METHODS + OTHER_METHODS if number < 2 else METHODS:
                answer = send(attacker, method, url, b"{}")
                if answer.status_code >= 500 or (answer.status_code >= 400 and "json" not in answer["Content-Type"]):
                    bugs.append((method, url, answer.status_code))
    assert bugs == []


def test_no_body_is_a_bug(attacker: APIClient) -> None:
    pk = Execution.objects.get().pk
    bugs = []
    for address in addresses():
        url = filled(address, pk)
        for method in ("POST", "PUT", "PATCH"):
            for body in BODIES:
                answer = send(attacker, method, url, body)
                if answer.status_code >= 500:
                    bugs.append((method, url, body[:40], answer.status_code))
    assert bugs == []


def test_no_query_is_a_bug(attacker: APIClient) -> None:
    pk = Execution.objects.get().pk
    bugs = []
    for address in addresses():
        url = filled(address, pk)
        for query in QUERIES:
            answer = attacker.get(f"{url}?{query}")
            if answer.status_code >= 500:
                bugs.append((url, query, answer.status_code))
            answer.close()
    assert bugs == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("", 415), (";", 415), ("text/plain", 415), ("a/b/c", 415), ("multipart/form-data", 415),
        ("multipart/form-data; boundary=x", 415), ("application/x-www-form-urlencoded", 415),
        ("application/json; charset=utf-8", 201), ("application/json", 201), ("APPLICATION/JSON", 201),
    ],
)  # fmt: skip
def test_a_body_is_json_or_415(attacker: APIClient, kind: str, status: int) -> None:
    raw = '{"action": "demo.deploy"}'
    answer = attacker.generic("POST", "/api/v1/executions", raw, content_type=kind)
    assert answer.status_code == status


def test_a_body_in_another_encoding_is_400(attacker: APIClient) -> None:
    raw = '{"action": "demo.deploy"}'.encode("utf-16")
    kind = "application/json; charset=utf-16"
    answer = send(attacker, "POST", "/api/v1/executions", raw, kind=kind)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")


def test_a_mebibyte_of_keys_or_of_empty_wishes_is_refused_before_it_is_work(attacker: APIClient) -> None:
    keys = "{" + ",".join(f'"{number:x}":1' for number in range(90_000)) + ',"0":1}'
    answer = attacker.generic("POST", "/api/v1/auth/login", keys, content_type="application/json")
    assert (answer.status_code, "twice" in answer.json()["detail"]) == (400, True)
    wishes = '{"executions": [' + ",".join(["{}"] * 340_000) + "]}"
    answer = attacker.generic("POST", "/api/v1/executions/batch", wishes, content_type="application/json")
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/executions"]


def test_bytes_that_are_no_text_in_query_path_and_headers_are_no_bug(people: People) -> None:
    make_action()
    answer = ask("GET", "/api/v1/executions", by=people.owner, query=b"q=\xff\xfe&cursor=\x00")
    assert answer.status == 400
    for headers in ({"x-request-id": "\xff" * 20}, {"accept": "\xff"}, {"accept-language": "\xff"},
                    {"cookie": "\xff=\xff"}, {"host": "evil.example"}, {"host": "\xff"}):  # fmt: skip
        answer = ask("GET", "/api/v1/executions", by=people.owner, headers=headers)
        assert answer.status in (200, 400), headers
        assert "evil" not in answer.body.decode(errors="replace")
    assert ask("GET", "/api/v1/actions/\x00", by=people.owner).status == 404
    assert ask("GET", "/nothing/\udc00".encode("utf-8", "replace").decode(), by=people.owner).status == 404


def test_a_number_text_or_flag_of_another_kind_is_not_guessed_at(attacker: APIClient) -> None:
    for field, value in (("wait_s", "5"), ("wait_s", "nan"), ("wait_s", True), ("action", 5), ("labels", {"a": 5}),
                         ("labels", {"a": True}), ("not_before", 5), ("not_before", True)):  # fmt: skip
        body = {"action": "demo.deploy", field: value}
        answer = attacker.post("/api/v1/executions", body, format="json")
        assert answer.status_code == 400, body
        assert answer.json()["errors"][0]["pointer"].startswith(f"/{field}"), body


def test_what_is_done_without_a_body_takes_none(attacker: APIClient) -> None:
    pk = Execution.objects.get().pk
    answer = attacker.post(f"/api/v1/executions/{pk}/cancel", {"force": True}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/force")
    assert attacker.post(f"/api/v1/executions/{pk}/cancel").status_code == 202


def test_an_unknown_address_is_a_problem_document(attacker: APIClient) -> None:
    for url in ("/api/v1/", "/api/v1/nothing", "/api/v2/executions", "/api/v1/executions/", "/api/v1//executions"):
        answer = attacker.get(url)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json"), url
