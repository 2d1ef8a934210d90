"""Speaks HTTP with Attune: JSON in and out, lists page by page, and streams."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import quote, urlsplit
from urllib.request import getproxies

from apps.cli.answers import json_of, refuse, unreachable
from apps.cli.config import Connection
from apps.cli.errors import BadConfiguration, UsageError
from apps.cli.quick_httpx import httpx


@dataclass(frozen=True)
class Patience:
    """Seconds for looking a name up and making a connection, and of silence until an answer is given up."""

    connect_s: float
    answer_s: float


USUAL = Patience(connect_s=10.0, answer_s=60.0)
#: The most that the API puts on a page.
PAGE = 500


class Api:
    """One Attune. Paths are given in parts (`"actions", ref, "schema"`), so that a ref cannot leave its place.

    Every call may raise `Unreachable`, `ApiError` and `BadConfiguration`. Use it in a `with`, or call `close`.
    """

    def __init__(self, connection: Connection, *, patience: Patience = USUAL) -> None:
        self.connection = connection
        self._patience = patience
        headers = {"User-Agent": "attune-cli", "Accept": "application/json"}
        if connection.token:
            headers["Authorization"] = f"Bearer {connection.token}"
        self._client = httpx.Client(
            base_url=connection.url, headers=headers, verify=_trust(connection.url), timeout=self._timeout()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def get(self, *path: object, **query: object) -> Any:
        return json_of(self.fetch(*path, **query), self.connection)

    def fetch(self, *path: object, **query: object) -> httpx.Response:
        """The whole answer, for what stands in its headers or is no JSON."""
        return self._request("GET", _api(path), params=_query(query))

    def post(
        self, *path: object, body: object = None, headers: Mapping[str, str] | None = None, extra_s: float = 0
    ) -> Any:
        """`extra_s` is how much later than usual the answer may come, because the request asks to wait."""
        timeout = self._timeout(self._patience.answer_s + extra_s)
        return json_of(self._request("POST", _api(path), json=body, headers=headers, timeout=timeout), self.connection)

    def put(self, *path: object, body: object) -> Any:
        return json_of(self._request("PUT", _api(path), json=body), self.connection)

    def upload(self, *path: object, file: IO[bytes], **query: object) -> Any:
        """Sends the file as it is read."""
        headers = {"Content-Type": "application/octet-stream"}
        settings = {"params": _query(query), "content": file, "headers": headers}
        return json_of(self._request("POST", _api(path), **settings), self.connection)

    def patch(self, *path: object, body: object) -> Any:
        return json_of(self._request("PATCH", _api(path), json=body), self.connection)

    def delete(self, *path: object, **query: object) -> Any:
        """What the answer says; None for one without content."""
        answer = self._request("DELETE", _api(path), params=_query(query))
        return json_of(answer, self.connection) if answer.content else None

    def items(self, *path: object, most: int | None = None, **query: object) -> Iterator[dict[str, Any]]:
        """The rows of a list, a page at a time as they are taken; at most `most`."""
        cursor, left = None, most
        while left is None or left > 0:
            page = self.get(*path, **query, limit=PAGE if left is None else min(left, PAGE), cursor=cursor)
            yield from page["results"]
            cursor = page["next"]
            if cursor is None:
                return
            left = None if left is None else left - len(page["results"])

    def readiness(self) -> dict[str, Any]:
        """What `/readyz` says, also when it says no."""
        return self.readiness_answer()[0]

    def readiness_answer(self) -> tuple[dict[str, Any], httpx.Response]:
        """The same, with the whole answer."""
        with self._failures(is_change=False):
            response = self._client.get("/readyz")
        facts = json_of(response, self.connection) if response.status_code in (200, 503) else None
        if not isinstance(facts, dict) or "status" not in facts:
            refuse(response, self.connection)
        return facts, response

    @contextmanager
    def stream(
        self,
        *path: object,
        headers: Mapping[str, str] | None = None,
        silence_s: float = USUAL.answer_s,
        **query: object,
    ) -> Iterator[Iterator[bytes]]:
        """An answer's bytes as they come. A break, and silence for `silence_s`, raise `Unreachable` while they are
        read."""
        timeout = self._timeout(silence_s)
        with (
            self._failures(is_change=False),
            self._client.stream("GET", _api(path), params=_query(query), headers=headers, timeout=timeout) as response,
        ):
            if not response.is_success:
                response.read()
                refuse(response, self.connection)
            yield response.iter_bytes()

    def _request(self, method: str, path: str, **settings: Any) -> httpx.Response:
        with self._failures(is_change=method != "GET"):
            response = self._client.request(method, path, **settings)
        if not response.is_success:
            refuse(response, self.connection)
        return response

    def _timeout(self, answer_s: float | None = None) -> httpx.Timeout:
        return httpx.Timeout(answer_s or self._patience.answer_s, connect=self._patience.connect_s)

    @contextmanager
    def _failures(self, *, is_change: bool) -> Iterator[None]:
        """httpx's errors as ours."""
        try:
            yield
        except httpx.RequestError as error:
            raise unreachable(error, self.connection, is_change=is_change) from error
        except httpx.InvalidURL as error:
            raise BadConfiguration(f"{self.connection.url} is no address: {error}.") from error


def _api(path: tuple[object, ...]) -> str:
    parts = [str(part) for part in path]
    for part in parts:
        if part in ("", ".", ".."):  # what a client or a server on the way would take as another address
            raise UsageError(f"{part!r} is no name.")
    return "/api/v1/" + "/".join(quote(part, safe="") for part in parts)


def _query(values: Mapping[str, object]) -> httpx.QueryParams:
    """Lists repeat their name, None is left out, booleans are JSON's."""
    pairs: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in values.items():
        for item in value if isinstance(value, list | tuple) else (value,):
            if item is not None:
                pairs.append((name, str(item).lower() if isinstance(item, bool) else str(item)))
    return httpx.QueryParams(pairs)


def _trust(url: str) -> ssl.SSLContext:
    """The certificates that this machine trusts, as for its other programs; SSL_CERT_FILE and SSL_CERT_DIR override.

    Loading them takes 25 ms; where nothing will be encrypted they are left out, and nothing would be trusted.
    """
    if urlsplit(url).scheme == "https" or getproxies():
        return ssl.create_default_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
