"""What was posted, as the value that rules look into."""

from typing import Any

import pytest

from apps.core.errors import AttuneError
from apps.triggers.webhooks.bodies import InvalidBody, InvalidQuery, UnreadableKind, read_body, read_query

_FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("application/json", b'{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        ("application/json; charset=utf-8", b'"text"', "text"),
        ("application/cloudevents+json", b"[]", []),
        ("", b"17", 17),
        ("application/json", b"", None),
        ("anything/else", b"", None),
        (_FORM, b"a=1&b=&c=%C3%A9+x", {"a": "1", "b": "", "c": "é x"}),
        (_FORM, b"a=1&a=2&a=3", {"a": ["1", "2", "3"]}),
        (_FORM, b"payload=%7B%7D", {"payload": "{}"}),
        ("text/plain", "Grüße\n".encode(), "Grüße\n"),
        ("text/plain; charset=UTF-8", b"x", "x"),
    ],
)
def test_a_body_becomes_a_value(kind: str, body: bytes, expected: Any) -> None:
    assert read_body(body, content_type=kind) == expected


def test_a_form_with_json_in_the_field_of_its_scheme_is_that_json() -> None:
    assert read_body(b"payload=%7B%22a%22%3A1%7D", content_type=_FORM, form_field="payload") == {"a": 1}
    assert read_body(b"payload=1&b=2", content_type=_FORM, form_field="payload") == {"payload": "1", "b": "2"}


@pytest.mark.parametrize(
    ("kind", "body", "error"),
    [
        ("application/json", b'{"a": ', InvalidBody),
        ("application/json", b'{"a": NaN}', InvalidBody),
        ("application/json", b'{"a": 1, "a": 2}', InvalidBody),
        ("application/json", b"\xff", InvalidBody),
        ("application/json", b'"\\u0000"', InvalidBody),
        ("application/json", b'"\\ud800"', InvalidBody),
        ("application/json", b"[" * 5000, InvalidBody),
        ("application/json", b"9" * 30, InvalidBody),
        (_FORM, b"a=%00", InvalidBody),
        (_FORM, b"a=%FF", InvalidBody),
        (_FORM, b"\xff=1", InvalidBody),
        (_FORM, b"a&" * 1001, InvalidBody),
        ("text/plain", b"\xff", InvalidBody),
        ("text/plain", b"a\x00b", InvalidBody),
        ("text/plain; charset=latin-1", b"x", UnreadableKind),
        ("multipart/form-data; boundary=x", b"--x--", UnreadableKind),
        ("application/octet-stream", b"x", UnreadableKind),
    ],
)
def test_what_cannot_be_read_is_a_clear_error(kind: str, body: bytes, error: type[AttuneError]) -> None:
    with pytest.raises(error):
        read_body(body, content_type=kind)


def test_a_query_is_read_without_what_is_attunes_own() -> None:
    own = frozenset({"token", "wait"})
    assert read_query(b"token=hush&a=1&wait=true&a=2&b=", without=own) == {"a": ["1", "2"], "b": ""}


@pytest.mark.parametrize("query", [b"a=%00", b"a=%FF", b"\xff", b"a&" * 1001])
def test_a_query_that_cannot_be_read_is_an_error(query: bytes) -> None:
    with pytest.raises(InvalidQuery):
        read_query(query, without=frozenset())
