import pytest

from apps.core import body_limit
from tests.asgi import ask
from tests.factories import make_action
from tests.people import People

URL = "/api/v1/executions"
JSON = {"content-type": "application/json"}
MEBIBYTE = 1024 * 1024


def test_a_body_in_chunks_without_a_length_is_read_like_any_other(people: People) -> None:
    make_action()
    chunks = [b'{"action":', b' "demo.', b'deploy"}']
    answer = ask("POST", URL, by=people.owner, headers=JSON, chunks=chunks)
    assert (answer.status, answer.json()["action"]) == (201, "demo.deploy")


def test_a_body_whose_length_is_told_wrong_is_read_as_it_came(people: People) -> None:
    make_action()
    headers = {**JSON, "content-length": "3"}
    answer = ask("POST", URL, by=people.owner, headers=headers, chunks=[b'{"action": "demo.deploy"}'])
    assert answer.status == 201


@pytest.mark.parametrize(
    ("headers", "chunks"),
    [
        ({}, [b" " * 100_000] * 11),
        ({"content-length": str(MEBIBYTE + 1)}, [b""]),
        ({"content-length": "9" * 5_000}, [b""]),
        ({"content-length": "5"}, [b" " * (MEBIBYTE + 1)]),
        ({"transfer-encoding": "chunked"}, [b" " * MEBIBYTE, b" "]),
    ],
)
def test_more_than_a_mebibyte_is_413_however_it_comes(
    people: People, headers: dict[str, str], chunks: list[bytes]
) -> None:
    given = {**JSON, "x-request-id": "request-0001", **headers}
    answer = ask("POST", URL, by=people.owner, headers=given, chunks=chunks)
    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["request_id"]) == ("body_too_large", "request-0001")
    assert answer.headers["x-request-id"] == "request-0001"


def test_a_body_that_never_ends_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "BODY_S", 0.05)
    answer = ask("POST", "/api/v1/webhooks/deploy", headers=JSON, chunks=[])
    assert (answer.status, answer.json()["code"]) == (408, "body_too_slow")


def test_exactly_a_mebibyte_is_read(people: People) -> None:
    make_action()
    body = b'{"action": "demo.deploy"}'
    answer = ask("POST", URL, by=people.owner, headers=JSON, chunks=[body, b" " * (MEBIBYTE - len(body))])
    assert answer.status == 201


def test_a_large_body_of_a_stranger_is_cut_off_too() -> None:
    assert ask("POST", "/api/v1/auth/login", headers=JSON, chunks=[b"x" * MEBIBYTE, b"x"]).status == 413


@pytest.mark.parametrize(
    ("headers", "query", "status", "code"),
    [
        ({}, b"q=" + b"x" * 9_000, 414, "address_too_long"),
        ({"x-large": "x" * 33_000}, b"", 431, "headers_too_large"),
        ({f"x-{number}": "1" for number in range(101)}, b"", 431, "headers_too_large"),
        ({"content-encoding": "gzip"}, b"", 415, "unsupported_encoding"),
        ({"content-encoding": "identity"}, b"", 200, None),
    ],
)
def test_an_address_headers_or_a_packed_body_beyond_the_limits_are_refused(
    people: People, headers: dict[str, str], query: bytes, status: int, code: str | None
) -> None:
    answer = ask("GET", URL, by=people.owner, headers=headers, query=query)
    assert (answer.status, answer.json().get("code")) == (status, code)
    assert answer.headers["x-content-type-options"] == "nosniff"
