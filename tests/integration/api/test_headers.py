"""Headers that tell a browser what a page may do, and which pages of other origins may read the API."""

from typing import Any

import pytest

from tests.asgi import ask
from tests.people import People

PORTAL = "https://portal.example.org"
URL = "/api/v1/executions"
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}


@pytest.mark.parametrize("path", ["/admin/login/", URL, "/healthz", "/nothing"])
def test_every_answer_says_what_a_browser_may_do_with_it(people: People, path: str) -> None:
    headers = ask("GET", path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "server" not in headers


def test_without_a_list_no_origin_is_let_in(people: People) -> None:
    for headers in ({"origin": PORTAL}, {"origin": PORTAL, **PREFLIGHT}, {"origin": "null"}):
        answer = ask("OPTIONS" if len(headers) > 1 else "GET", URL, by=people.owner, headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_listed_origin_may_ask_with_a_token_and_never_with_cookies(people: People, settings: Any) -> None:
    settings.ATTUNE_CORS_ORIGINS = frozenset({PORTAL})
    before = ask("OPTIONS", URL, headers={"origin": PORTAL, **PREFLIGHT})
    assert (before.status, before.headers["access-control-allow-origin"]) == (204, PORTAL)
    assert "Authorization" in before.headers["access-control-allow-headers"]
    answer = ask("GET", URL, by=people.owner, headers={"origin": PORTAL})
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, PORTAL)
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in {**before.headers, **answer.headers}


@pytest.mark.parametrize(
    "origin", ["null", "*", "https://portal.example.org.evil.example", "https://evil.portal.example.org",
               "http://portal.example.org", "https://portal.example.org:444", "HTTPS://PORTAL.EXAMPLE.ORG", ""],
)  # fmt: skip
def test_an_origin_that_only_looks_like_a_listed_one_is_not_let_in(people: People, settings: Any, origin: str) -> None:
    settings.ATTUNE_CORS_ORIGINS = frozenset({PORTAL})
    for method, headers in (("GET", {}), ("OPTIONS", PREFLIGHT)):
        answer = ask(method, URL, by=people.owner, headers={"origin": origin, **headers})
        assert "access-control-allow-origin" not in answer.headers


def test_the_console_is_never_for_pages_of_other_origins(people: People, settings: Any) -> None:
    settings.ATTUNE_CORS_ORIGINS = frozenset({PORTAL})
    assert "access-control-allow-origin" not in ask("GET", "/admin/login/", headers={"origin": PORTAL}).headers
