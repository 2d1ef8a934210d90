"""An HTTP server in a thread that answers what a test told it to, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """`path` is without the query; `query` has the values of each name."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Answer:
    """`body` is JSON unless it is bytes. `is_cut` breaks the connection before the promised end."""

    body: Any = None
    status: int = 200
    content_type: str = "application/json"
    is_cut: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def as_bytes(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


Reply = Answer | Callable[[Asked], Answer]


@dataclass
class Canned:
    """`on` takes the answers in order; the last one is given again and again. `date` is the server's clock, in HTTP's
    format; the real one without."""

    url: str = ""
    date: str | None = None
    asked: list[Asked] = field(default_factory=list)
    _replies: dict[tuple[str, str], list[Reply]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, method: str, path: str, *replies: Reply | Any) -> None:
        """A reply that is no `Answer` is the JSON of a 200."""
        wrapped = [reply if isinstance(reply, Answer) or callable(reply) else Answer(reply) for reply in replies]
        self._replies[method, path] = wrapped

    def bodies(self, method: str, path: str) -> list[Any]:
        return [one.body for one in self.asked if (one.method, one.path) == (method, path)]

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            replies = self._replies.get((asked.method, asked.path))
            if not replies:
                return problem(404, "not_found", f"There is nothing at {asked.path}.")
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
        return reply if isinstance(reply, Answer) else reply(asked)


def problem(status: int, code: str, detail: str, **facts: Any) -> Answer:
    body = {"type": "about:blank", "title": "T", "status": status, "code": code, "detail": detail, **facts}
    return Answer(body, status, "application/problem+json")


def page(*rows: Any, following: str | None = None) -> dict[str, Any]:
    return {"results": list(rows), "next": following}


@contextmanager
def serving() -> Iterator[Canned]:
    canned = Canned()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Tests read what was asked, not a log."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            return canned.date or super().date_time_string(timestamp)

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_json = self.headers.get("Content-Type", "").startswith("application/json")
            body = (json.loads(data) if is_json else data) if data else None
            answer = canned.answer(
                Asked(self.command, parts.path, parse_qs(parts.query), dict(self.headers.items()), body)
            )
            content = answer.as_bytes()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(content) + (1 if answer.is_cut else 0)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = self.close_connection or answer.is_cut

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server looks for these names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    canned.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield canned
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
