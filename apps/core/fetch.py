"""Fetches what users name, from this server: the one way out, so that nobody reaches a private service through it.

A name is resolved once, every address it has is looked at, and the connection goes to an address that was looked at;
each redirect is checked the same way. Size and time are limited. Proxies are not used: behind one, nothing of this
could be promised.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from urllib.parse import SplitResult, urljoin, urlsplit

from apps.core.errors import Invalid, Unavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_REDIRECTS = 5
#: For one fetch with all its redirects.
TIMEOUT_S = 120.0
#: Until a connection is made or a server says something more.
_SILENCE_S = 20.0
_CHUNK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~:/?\[\]!$&'()*+,;=%@-]*)?\Z")
_MAX_URL_CHARS = 4096
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PORTS = {"https": 443, "http": 80}


class FetchRefused(Invalid):
    """This address may not be fetched by the server."""

    code = "fetch_refused"


class FetchTooLarge(Invalid):
    """What stands at the address is larger than it may be."""

    code = "fetch_too_large"


class FetchFailed(Unavailable):
    """The address cannot be fetched."""

    code = "fetch_failed"


@dataclass(frozen=True)
class FetchPolicy:
    """What the operator allows beyond the public internet over TLS (`ATTUNE_FETCH_ALLOW`)."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    """May have any address."""
    plain_hosts: frozenset[str] = frozenset()
    """May also be asked without TLS."""

    @classmethod
    def parse(cls, items: Iterable[str]) -> "FetchPolicy":
        """`10.0.0.0/8` (addresses), `git.internal` (a host), `http://mirror.internal` (also without TLS).

        Raises ValueError naming what is none of these.
        """
        networks: list[Network] = []
        hosts: set[str] = set()
        plain: set[str] = set()
        for item in items:
            name = item.removeprefix("http://").lower()
            if name != item.lower():
                plain.add(name)
            try:
                networks.append(ipaddress.ip_network(name))
            except ValueError:
                if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name):
                    raise ValueError(f"{item!r} is no network and no host name, with or without http://") from None
                hosts.add(name)
        return cls(tuple(networks), frozenset(hosts), frozenset(plain))

    def allows(self, address: Address, *, host: str) -> bool:
        """Whether the server may connect to `address`, which `host` stands for."""
        if host.lower() in self.hosts or any(address in network for network in self.networks):
            return True
        return all(_is_public(item) for item in _meant_by(address))


def checked_address(host: str, port: int, policy: FetchPolicy) -> str:
    """An address of `host` that may be connected to. Raises `FetchRefused` when one of them may not: names that stand
    for public and private addresses at once are made to deceive. Raises `FetchFailed` for an unknown name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchFailed(f"The name {host} is not known.") from error
    texts = [str(item[4][0]) for item in found]
    for text in texts:
        if not policy.allows(ipaddress.ip_address(text.partition("%")[0]), host=host):
            said = f"The address {text} is" if host == text else f"{host} is {text}, an address that is"
            raise FetchRefused(f"{said} not public; an administrator can allow it (ATTUNE_FETCH_ALLOW).")
    return texts[0]


def _meant_by(address: Address) -> list[Address]:
    """The address itself, and the IPv4 addresses that reach the same through a gateway or the system."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    embedded: list[Address] = [item for item in inner if item is not None]
    return embedded if address.ipv4_mapped else [address, *embedded]


def _is_public(address: Address) -> bool:
    refused = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not refused and not address.is_link_local and not address.is_private


def fetch(url: str, target: IO[bytes], *, max_bytes: int, policy: FetchPolicy, timeout_s: float = TIMEOUT_S) -> int:
    """Writes what stands at `url` into `target` and returns its size in bytes.

    Raises `FetchRefused`, `FetchTooLarge` and `FetchFailed`; `target` may hold a part of it then.
    """
    deadline = time.monotonic() + timeout_s
    for _ in range(MAX_REDIRECTS + 1):
        parts = _checked_url(url, policy)
        with _answer(parts, policy, deadline) as answer:
            if answer.status in _REDIRECTS and (place := answer.getheader("Location")):
                url = urljoin(url, place)
                continue
            if answer.status != 200:
                raise FetchFailed(f"{parts.hostname} answers {answer.status} to {_shown(parts)}.")
            return _copy(answer, target, parts, max_bytes=max_bytes, deadline=deadline)
    raise FetchFailed(f"More than {MAX_REDIRECTS} redirects, at last to {_shown(parts)}.")


def _checked_url(url: str, policy: FetchPolicy) -> SplitResult:
    if len(url) > _MAX_URL_CHARS or not _URL.match(url.partition("#")[0]):
        raise FetchRefused("Only plain https:// addresses are fetched: no password, no spaces, ASCII only.")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise FetchRefused("The address has no valid host and port.") from error
    if not host:
        raise FetchRefused("The address has no host.")
    if parts.scheme == "http" and host.lower() not in policy.plain_hosts:
        raise FetchRefused(f"{host} is only asked over https; an administrator can allow http (ATTUNE_FETCH_ALLOW).")
    return parts


@contextmanager
def _answer(parts: SplitResult, policy: FetchPolicy, deadline: float) -> Iterator[http.client.HTTPResponse]:
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    address = checked_address(host, port, policy)
    try:
        raw = socket.create_connection((address, port), timeout=max(0.01, min(_SILENCE_S, deadline - time.monotonic())))
        with raw, _cut_off(raw, deadline):
            connection = http.client.HTTPConnection(host, port)
            connection.sock = _encrypted(raw, host) if parts.scheme == "https" else raw
            try:
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request("GET", path, headers={"User-Agent": "attune", "Accept-Encoding": "identity"})
                yield connection.getresponse()
            finally:
                connection.close()
    except ssl.SSLError as error:
        raise FetchFailed(f"{host} cannot be trusted: {error.reason or error}.") from error
    except TimeoutError as error:
        raise FetchFailed(f"{host} takes too long.") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        said = str(error) or type(error).__name__
        what = "takes too long" if time.monotonic() > deadline else f"cannot be read: {said}"
        raise FetchFailed(f"{host} {what}.") from error


def _encrypted(raw: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(raw, server_hostname=host)


@contextmanager
def _cut_off(connection: socket.socket, deadline: float) -> Iterator[None]:
    """Ends the connection at the deadline, whoever reads there: a server may send a byte a second for ever."""
    twin = connection.dup()

    def cut() -> None:
        try:
            twin.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        twin.close()


def _copy(
    answer: http.client.HTTPResponse, target: IO[bytes], parts: SplitResult, *, max_bytes: int, deadline: float
) -> int:
    told = answer.length
    size = 0
    while told is None or told <= max_bytes:
        chunk = answer.read(_CHUNK)
        if not chunk:
            if time.monotonic() > deadline:
                raise FetchFailed(f"{parts.hostname} takes too long.")
            if told is not None and size < told:
                raise FetchFailed(f"{parts.hostname} broke off after {size} of {told} bytes.")
            return size
        size += len(chunk)
        if size > max_bytes:
            break
        target.write(chunk)
    raise FetchTooLarge(f"{_shown(parts)} is larger than {max_bytes} bytes.")


def _shown(parts: SplitResult) -> str:
    """Without the query, which may hold a password."""
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
