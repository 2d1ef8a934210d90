"""Judges what came back from Attune, or did not: every failure becomes an error that says what to do."""

import socket
import ssl
from collections.abc import Mapping
from typing import Any, NoReturn

from apps.cli.advice import advice
from apps.cli.config import Connection
from apps.cli.details import details_of
from apps.cli.errors import ApiError, BadConfiguration, Unreachable
from apps.cli.quick_httpx import httpx


def refuse(response: httpx.Response, connection: Connection) -> NoReturn:
    """Raises the error that an answer other than 2xx is."""
    if response.has_redirect_location:
        raise BadConfiguration(f"{connection.url} sends on to {response.headers['Location']}; use that address.")
    facts = _problem(response)
    if facts is None:
        raise _stranger(response, connection)
    if response.status_code in (502, 503, 504):
        hints = [_when_to_try(response, "try again in some seconds"), "how it is: attune doctor"]
        raise Unreachable(str(facts.get("detail") or facts.get("title")), hints=hints)
    raise ApiError(response.status_code, facts, details=details_of(facts), hints=_hints(response, facts, connection))


def _problem(response: httpx.Response) -> dict[str, Any] | None:
    """The problem document that Attune sends; None for whatever else it is."""
    try:
        facts = response.json()
    except ValueError:
        return None
    return facts if isinstance(facts, dict) and "code" in facts else None


def _hints(response: httpx.Response, facts: Mapping[str, Any], connection: Connection) -> list[str]:
    if response.status_code == 401:
        return _how_to_log_in(connection)
    hints = advice(str(facts["code"]), facts)
    if response.status_code == 429:
        hints.insert(0, _when_to_try(response, "try again later"))
    if response.status_code == 403:
        hints.append("what you may do here: attune whoami")
    return hints


def _when_to_try(response: httpx.Response, otherwise: str) -> str:
    """`Retry-After` may also be a date; then it is not read."""
    wait_s = response.headers.get("Retry-After", "")
    return f"try again in {wait_s} s" if wait_s.isascii() and wait_s.isdigit() else otherwise


def _stranger(response: httpx.Response, connection: Connection) -> Unreachable:
    """Something else than Attune answers: another program, or a proxy before it."""
    answer = f"{response.status_code} {response.reason_phrase}".strip()
    if response.status_code == 400 and b"HTTPS port" in response.content:
        secure = connection.url.replace("http://", "https://", 1)
        return Unreachable(f"{connection.url} is spoken to without TLS and wants it.", hints=[f"use {secure}"])
    if response.status_code in (502, 503, 504):
        hints = [_when_to_try(response, "try again in some seconds"), "if it stays so: is Attune's web role up?"]
        return Unreachable(f"A proxy answers at {connection.url}, and no Attune behind it: {answer}.", hints=hints)
    text = f"What answers at {connection.url} is no Attune: {answer} with {_kind(response)} instead of JSON."
    return Unreachable(text, hints=_which_address(connection))


def _kind(response: httpx.Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0] or "something else"


def _which_address(connection: Connection) -> list[str]:
    source = f", from {connection.url_from}" if connection.url_from else ""
    return [f"is the address right ({connection.url}{source})? A proxy that wants a log-in answers like this too"]


def json_of(response: httpx.Response, connection: Connection) -> Any:
    """The value in an answer; None for an empty one. Raises `Unreachable` where something else than Attune answers."""
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError as error:
        text = f"What answers at {connection.url} is no Attune: it sends {_kind(response)} instead of JSON."
        raise Unreachable(text, hints=_which_address(connection)) from error


def unreachable(error: httpx.RequestError, connection: Connection, *, is_change: bool) -> Unreachable:
    """`is_change` says that the request asked for a change, which may have arrived all the same."""
    url, why = connection.url, _why(error)
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return Unreachable(f"No Attune answers at {url}: {why}.", hints=_how_to_connect(error, connection))
    if isinstance(error, httpx.RemoteProtocolError) and "illegal status line" in why:
        secure = url.replace("http://", "https://", 1)
        return Unreachable(f"What answers at {url} does not speak HTTP.", hints=[f"does it want TLS? Use {secure}"])
    hints = ["it may have been accepted all the same: look before you ask again"] if is_change else []
    return Unreachable(f"The connection to {url} broke: {why}.", hints=[*hints, "how it is: attune doctor"])


def _how_to_connect(error: httpx.RequestError, connection: Connection) -> list[str]:
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _about_certificate(cause.verify_code)
    if isinstance(cause, ssl.SSLError):
        plain = connection.url.replace("https://", "http://", 1)
        return [f"does it speak TLS at all? Without: {plain}"] if cause.reason == "WRONG_VERSION_NUMBER" else []
    source = f" ({connection.url_from} says {connection.url})" if connection.url_from else ""
    if isinstance(cause, socket.gaierror):
        return [f"is the name right?{source}"]
    if isinstance(error, httpx.ConnectTimeout):
        return [f"is the address right{source}, and does a firewall let you through?"]
    return ["is it up? On this machine: script/up --detach", "another one is meant? --url, --profile or ATTUNE_URL"]


def _about_certificate(verify_code: int) -> list[str]:
    """By OpenSSL's number for what is wrong with it (`openssl verify`, X509_V_ERR_…)."""
    if verify_code in (9, 10):
        return ["its certificate is not valid at this time: renew it, or set this machine's clock"]
    if verify_code in (62, 64):
        return ["its certificate is for another name: use the name that stands in it"]
    return ["a certificate authority of your own: SSL_CERT_FILE=/path/to/ca.pem"]


def _why(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it took too long"
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({cause.verify_message})"
    if isinstance(cause, OSError) and cause.strerror and not isinstance(cause, ssl.SSLError):
        return cause.strerror.lower()
    return str(cause) or type(error).__name__


def _cause(error: BaseException) -> BaseException:
    """The innermost one is the system's own: `connection refused` reads better than what is wrapped around it."""
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return error


def _how_to_log_in(connection: Connection) -> list[str]:
    hints = []
    if connection.token_from:
        hints.append(
            f"the token comes from {connection.token_from}: it may have expired, be revoked or be of another Attune"
        )
    if connection.withheld_from:
        hints.append(f"the profile's token is only sent to {connection.withheld_from}, not to {connection.url}")
    return [
        *hints,
        "whoever has a token makes one for you: attune token create NAME",
        f"then export ATTUNE_TOKEN, or write it to {connection.config}; script/attune brings its own",
    ]
