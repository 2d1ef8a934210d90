import io
import ipaddress
import socket
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from apps.core.fetch import FetchFailed, FetchPolicy, FetchRefused, FetchTooLarge, fetch
from tests.integration.core.web import Replies, make_certificate, reply, silent_server, web

_MANY_HEADERS = b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000
HERE = FetchPolicy.parse(["http://127.0.0.1"])


def got(url: str, *, policy: FetchPolicy = HERE, max_bytes: int = 10_000, timeout_s: float = 20) -> bytes:
    target = io.BytesIO()
    assert fetch(url, target, max_bytes=max_bytes, policy=policy, timeout_s=timeout_s) == len(target.getvalue())
    return target.getvalue()


def test_what_stands_there_is_fetched() -> None:
    def in_chunks(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    with web({"/a": reply(b"hello"), "/b?x=1": reply(b"query"), "/c": in_chunks}) as port:
        assert got(f"http://127.0.0.1:{port}/a") == b"hello"
        assert got(f"http://127.0.0.1:{port}/b?x=1") == b"query"
        assert got(f"http://127.0.0.1:{port}/c") == b"abcde"
        with pytest.raises(FetchFailed, match="answers 404"):
            got(f"http://127.0.0.1:{port}/none")


def test_each_redirect_is_checked() -> None:
    replies: Replies = {"/end": reply(b"end"), "/round": reply(b"", 302, Location="/round")}
    places = {
        "up": "/end",
        "away": "http://10.0.0.1/x",
        "file": "file:///etc/passwd",
        "meta": "https://169.254.169.254/",
    }
    replies |= {f"/{name}": reply(b"", 307, Location=place) for name, place in places.items()}
    with web(replies) as port:
        assert got(f"http://127.0.0.1:{port}/up") == b"end"
        for name in ("away", "file", "meta"):
            with pytest.raises(FetchRefused):
                got(f"http://127.0.0.1:{port}/{name}")
        with pytest.raises(FetchFailed, match="More than 5 redirects"):
            got(f"http://127.0.0.1:{port}/round")


def test_more_than_may_be_is_refused_whatever_was_told() -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x" * 10_000)

    replies: Replies = {"/told": reply(b"x", told=10**12), "/untold": endless, "/just": reply(b"x" * 10_000)}
    with web(replies) as port:
        assert len(got(f"http://127.0.0.1:{port}/just")) == 10_000
        for name in ("told", "untold"):
            with pytest.raises(FetchTooLarge):
                got(f"http://127.0.0.1:{port}/{name}")


def test_what_broke_off_is_not_taken_for_the_whole() -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        reply(b"half", told=1_000)(handler)
        handler.close_connection = True

    with web({"/a": cut}) as port, pytest.raises(FetchFailed, match="broke off after 4 of 1000 bytes"):
        got(f"http://127.0.0.1:{port}/a")


@pytest.mark.parametrize("say", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
def test_a_server_that_falls_silent_is_left_at_the_deadline(say: bytes) -> None:
    with silent_server(say) as port, pytest.raises(FetchFailed, match=r"takes too long|broke off"):
        got(f"http://127.0.0.1:{port}/a", timeout_s=0.3)


@pytest.mark.parametrize("say", [b"nonsense\r\n\r\n", _MANY_HEADERS, b"HTTP/1.1 999\r\n\r\n"])
def test_an_answer_that_is_none_is_told(say: bytes) -> None:
    with silent_server(say) as port, pytest.raises(FetchFailed):
        got(f"http://127.0.0.1:{port}/a", timeout_s=1)


def test_without_tls_only_where_an_administrator_allows_it() -> None:
    with web({"/a": reply(b"x")}) as port:
        with pytest.raises(FetchRefused, match="over https"):
            got(f"http://127.0.0.1:{port}/a", policy=FetchPolicy.parse(["127.0.0.0/8"]))
        with pytest.raises(FetchRefused, match="not public"):
            got(f"https://127.0.0.1:{port}/a", policy=FetchPolicy())


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """Names and what they resolve to, one list per look-up; the last stays."""
    known: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *rest: Any, **options: Any) -> Any:
        if host not in known:
            return real(host, port, *rest, **options)
        found = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def test_the_connection_goes_to_the_address_that_was_checked(
    addresses: dict[str, list[list[str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path, "packs.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    policy = FetchPolicy.parse(["127.0.0.0/8"])
    addresses["packs.example"] = [["127.0.0.1"], ["127.0.0.99"]]  # a second look-up would lead elsewhere
    addresses["other.example"] = [["127.0.0.1"]]
    with web({"/a": reply(b"over TLS")}, certificate=certificate) as port:
        assert got(f"https://packs.example:{port}/a", policy=policy) == b"over TLS"
        with pytest.raises(FetchFailed, match="cannot be trusted"):
            got(f"https://other.example:{port}/a", policy=policy)
        monkeypatch.delenv("SSL_CERT_FILE")
        addresses["packs.example"] = [["127.0.0.1"]]
        with pytest.raises(FetchFailed, match="cannot be trusted"):
            got(f"https://packs.example:{port}/a", policy=policy)


def test_a_name_with_one_private_address_is_refused(addresses: dict[str, list[list[str]]]) -> None:
    addresses["both.example"] = [["93.184.216.34", "10.0.0.1"]]
    with pytest.raises(FetchRefused, match=r"10\.0\.0\.1"):
        got("https://both.example/a", policy=FetchPolicy())
    assert FetchPolicy.parse(["both.example"]).allows(ipaddress.ip_address("10.0.0.1"), host="BOTH.example")


def test_no_thread_is_left_behind() -> None:
    before = set(threading.enumerate())
    with web({"/a": reply(b"x")}) as port:
        got(f"http://127.0.0.1:{port}/a")
    assert set(threading.enumerate()) <= before  # one of somebody else may have ended meanwhile


@pytest.mark.parametrize("item", ["10.0.0.0/99", "https://host", "a b", "http://", "", "host:80", "*"])
def test_what_cannot_be_allowed_is_refused(item: str) -> None:
    with pytest.raises(ValueError, match="no network and no host name"):
        FetchPolicy.parse([item])
