"""Judges what came back from Attune, or did not: every failure becomes an error that says what to do."""

import ssl
from collections.abc import Mapping
from typing import Any, NoReturn

from apps.cli.advice import advice
from apps.cli.config import Connection
from apps.cli.errors import ApiError, BadConfiguration, Detail, Unreachable
from apps.cli.quick_httpx import httpx


def refuse(response: httpx.Response, connection: Connection) -> NoReturn:
    """Raises the error that an answer other than 2xx is."""
    if response.has_redirect_location:
        raise BadConfiguration(f"{connection.url} sends on to {response.headers['Location']}; use that address.")
    try:
        facts = response.json()
    except ValueError:
        facts = None
    if not isinstance(facts, dict) or "code" not in facts:
        facts = {"title": f"{connection.url} answers {response.status_code} {response.reason_phrase}."}
    if response.status_code in (502, 503, 504):
        hints = ["try again in some seconds; how it is: attune status"]
        raise Unreachable(str(facts.get("detail") or facts["title"]), hints=hints)
    is_stranger = response.status_code == 401
    hints = _how_to_log_in(connection) if is_stranger else advice(str(facts.get("code")), facts)
    raise ApiError(response.status_code, facts, details=details_of(facts), hints=hints)


def json_of(response: httpx.Response, connection: Connection) -> Any:
    """The value in an answer; None for an empty one. Raises `Unreachable` where something else than Attune answers."""
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError as error:
        kind = response.headers.get("Content-Type", "something else")
        text = f"What answers at {connection.url} is no Attune: it sends {kind} instead of JSON."
        raise Unreachable(text) from error


def unreachable(error: httpx.RequestError, connection: Connection, *, is_change: bool) -> Unreachable:
    """`is_change` says that the request asked for a change, which may have arrived all the same."""
    url, why = connection.url, _why(error)
    if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        hints = ["it may have been accepted all the same: look before you ask again"] if is_change else []
        return Unreachable(f"The connection to {url} broke: {why}.", hints=hints)
    hints = ["is it up? On this machine: script/up --detach", "another one is meant? --url, --profile or ATTUNE_URL"]
    if "certificate" in why:
        hints = ["a certificate authority of your own: SSL_CERT_FILE=/path/to/ca.pem"]
    return Unreachable(f"No Attune answers at {url}: {why}.", hints=hints)


def details_of(facts: Mapping[str, Any]) -> list[Detail]:
    """The `errors` of a problem document, or of an operation's error, but for those that only repeat it."""
    return [_detail(item) for item in facts.get("errors") or () if item.get("detail") != facts.get("detail")]


def _detail(item: Mapping[str, Any]) -> Detail:
    if "file" not in item:
        return Detail(_dotted(item.get("pointer", "")), str(item.get("detail", "")))
    place = f"{item['file']}:{item['line']}" if item.get("line") else str(item["file"])
    hint = f" ({item['hint']})" if item.get("hint") else ""
    return Detail(place, f"{item['detail']}{hint}")


def _dotted(pointer: str) -> str:
    """A JSON pointer as it is read aloud: `/parameters/count` is `parameters.count`."""
    return ".".join(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def _why(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it took too long"
    # The innermost cause is the system's own: `connection refused` reads better than what is wrapped around it.
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    if isinstance(cause, OSError) and cause.strerror and not isinstance(cause, ssl.SSLError):
        return cause.strerror.lower()
    return str(cause) or type(error).__name__


def _how_to_log_in(connection: Connection) -> list[str]:
    return [
        "whoever has a token makes one for you: attune token create NAME",
        f"then export ATTUNE_TOKEN, or write it to {connection.config}; script/attune brings its own",
    ]
