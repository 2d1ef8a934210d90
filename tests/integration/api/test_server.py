"""What a real server answers to what is no request, or none it should take: over TCP, byte by byte."""

import json
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from apps.core.http_protocol import MAX_HEAD_BYTES, BoundedProtocol
from attune.asgi import application
from tests.factories import make_action
from tests.people import People
from tests.waiting import wait_for


@pytest.fixture
def address(people: People) -> Iterator[tuple[str, int]]:
    """Where uvicorn listens, in a thread of this process; with the protocol that the web role uses."""
    make_action()
    config = uvicorn.Config(application, http=BoundedProtocol, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    wait_for(lambda: server.started, what="the server")
    yield listening.getsockname()
    server.should_exit = True
    thread.join(30)
    listening.close()


def tell(address: tuple[str, int], *parts: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to these bytes, after which the server closes; perhaps before all are
    sent."""
    with socket.create_connection(address, timeout=30) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except OSError:
            pass
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionResetError:
            pass
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, body


UPGRADE = (
    b"GET /admin/login/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: aaaaaaaaaaaaaaaaaaaaaa==\r\n\r\n"
)
HEAD = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ([b"hello\r\n\r\n"], 400, "bad_http"),
        ([b"GET / HTTP/9.9\r\n\r\n"], 400, "bad_http"),
        ([b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n"], 400, "bad_http"),
        ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"], 400, "bad_http"),
        ([b"GET / HTTP/1.1\r\nHo st: localhost\r\n\r\n"], 400, "bad_http"),
        ([HEAD + b"Content-Length: x\r\n\r\n"], 400, "bad_http"),
        ([HEAD + b"Content-Length: -1\r\n\r\n"], 400, "bad_http"),
        ([HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"], 400, "bad_http"),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"], 400, "bad_http"),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"], 400, "bad_http"),
        ([HEAD + b"X-Endless: ", *[b"x" * 65536] * (MAX_HEAD_BYTES // 65536)], 431, "headers_too_large"),
        ([b"GET /", *[b"x" * 65536] * (MAX_HEAD_BYTES // 65536)], 431, "headers_too_large"),
        ([b"GET /api/v1/x?" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"], 414,
         "address_too_long"),
        ([HEAD + b"X-Large: " + b"x" * 40_000 + b"\r\n\r\n"], 431, "headers_too_large"),
        ([HEAD + b"".join(b"X-%d: 1\r\n" % number for number in range(200)) + b"\r\n"], 431, "headers_too_large"),
        ([HEAD + b"Content-Length: 99999999\r\n\r\n{"], 413, "body_too_large"),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"10000\r\n" + b" " * 65536 + b"\r\n"] * 17], 413,
         "body_too_large"),
        ([HEAD + b"Content-Length: 2\r\nContent-Encoding: gzip\r\n\r\n{}"], 415, "unsupported_encoding"),
        ([HEAD + b"Content-Length: 2\r\n\r\n{}"], 400, "invalid"),
        ([b"GET /api/v1/executions HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"], 400, "bad_host"),
        ([b"GET /api/v1/executions HTTP/1.1\r\nConnection: close\r\n\r\n"], 400, "bad_host"),
        ([b"PUT /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"], 405,
         "method_not_allowed"),
        ([b"GET /static/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"], 404, "not_found"),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, list) else None,
)  # fmt: skip
def test_every_refusal_is_a_problem_document(
    address: tuple[str, int], sent: list[bytes], status: int, code: str
) -> None:
    got, headers, body = tell(address, *sent)
    assert (got, headers["content-type"]) == (status, "application/problem+json")
    document = json.loads(body)
    assert (document["status"], document["code"]) == (status, code)
    assert document["request_id"] == headers["x-request-id"]
    assert headers["x-content-type-options"] == "nosniff"


def test_two_requests_on_one_connection_get_two_answers(address: tuple[str, int]) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    status, _, rest = tell(address, one + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert (status, rest.count(b"HTTP/1.1 200")) == (200, 1)


def test_who_asks_for_a_websocket_gets_the_page(address: tuple[str, int]) -> None:
    status, headers, _ = tell(address, UPGRADE)
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
