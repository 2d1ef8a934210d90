"""Clients that post one request after the other, each as fast as it is answered.

They take as little of the machine as they can, since they share it with what they measure.
"""

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection

import httpx

from bench.broken import Broken

_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Post:
    """What is posted. `path` is below the API's address; `expected` is the status of the answer."""

    path: str
    body: object
    expected: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Accepted:
    count: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


def flood(api: httpx.URL, post: Post, *, clients: int, seconds: float) -> Accepted:
    """Raises `Broken` when an answer is another than expected."""
    with ThreadPoolExecutor(clients) as pool:
        started = time.perf_counter()
        counts = list(pool.map(lambda _: _client(api, post, until=started + seconds), range(clients)))
        return Accepted(sum(counts), time.perf_counter() - started)


def _client(api: httpx.URL, post: Post, *, until: float) -> int:
    connection = HTTPConnection(api.host, api.port, timeout=_TIMEOUT_S)
    path = api.path.rstrip("/") + post.path
    body = json.dumps(post.body).encode()
    headers = {"Content-Type": "application/json", **post.headers}
    count = 0
    try:
        while time.perf_counter() < until:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != post.expected:
                raise Broken(f"POST {path}: {answer.status} {text[:500]!r}")
            count += 1
    finally:
        connection.close()
    return count
