"""Schemes by which a sender signs what it posts, as a table: another one is another entry. Pure; knows no database."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

#: Seconds by which the clock of a sender may differ from ours, either way.
TOLERANCE_S = 300
_HEX = re.compile(r"[0-9a-fA-F]{64}\Z")
#: Seconds since 1970; with decimals, so that the same body may be sent twice within a second.
_TIMESTAMP = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?\Z", re.ASCII)


class Mistake(StrEnum):
    """Why a signature does not count; for the log, never for the sender."""

    NO_SIGNATURE = "no_signature"
    NO_TIMESTAMP = "no_timestamp"
    WRONG_SIGNATURE = "wrong_signature"
    OLD_SIGNATURE = "old_signature"


@dataclass(frozen=True)
class Scheme:
    """HMAC-SHA256 in hexadecimal, in the header `signature` after `prefix`, of `text(timestamp, body)`.

    `timestamp` is the header with the moment of signing, which makes a signature good for `TOLERANCE_S` and one
    delivery; without, the same body has the same signature for ever. `form_field`: a form has its JSON in this field.
    """

    signature: str
    prefix: str
    text: Callable[[bytes, bytes], bytes]
    timestamp: str | None = None
    form_field: str | None = None


SCHEMES: Mapping[str, Scheme] = {
    "hmac": Scheme(
        "X-Attune-Signature", "v1=", lambda timestamp, body: timestamp + b"." + body, timestamp="X-Attune-Timestamp"
    ),
    "github": Scheme("X-Hub-Signature-256", "sha256=", lambda _, body: body, form_field="payload"),
}


def sign(scheme: Scheme, secret: bytes, body: bytes, *, timestamp: str = "") -> str:
    """The signature as the header has it."""
    digest = hmac.new(secret, scheme.text(timestamp.encode(), body), hashlib.sha256)
    return scheme.prefix + digest.hexdigest()


def mistake(
    scheme: Scheme, secrets: Sequence[bytes], *, headers: Mapping[str, str], body: bytes, now: float
) -> Mistake | None:
    """What is wrong with the signature in `headers`, or None. Each secret is tried, whichever of them fits."""
    given, timestamp = headers.get(scheme.signature, ""), headers.get(scheme.timestamp or "", "")
    if scheme.timestamp is not None and not _TIMESTAMP.match(timestamp):
        return Mistake.NO_TIMESTAMP if given else Mistake.NO_SIGNATURE
    if not given.startswith(scheme.prefix) or not _HEX.match(given[len(scheme.prefix) :]):
        return Mistake.WRONG_SIGNATURE if given else Mistake.NO_SIGNATURE
    shown = (scheme.prefix + given[len(scheme.prefix) :].lower()).encode()
    right = [hmac.compare_digest(sign(scheme, key, body, timestamp=timestamp).encode(), shown) for key in secrets]
    if not any(right):
        return Mistake.WRONG_SIGNATURE
    if scheme.timestamp is not None and abs(now - float(timestamp)) > TOLERANCE_S:
        return Mistake.OLD_SIGNATURE
    return None


def is_one_of(given: str, secrets: Sequence[bytes]) -> bool:
    """Whether a token that was shown is one of `secrets`, in the time it takes to compare with each."""
    shown = given.encode("utf-8", "surrogatepass")
    right = [hmac.compare_digest(shown, secret) for secret in secrets]
    return any(right)


def fingerprint(scheme: Scheme, headers: Mapping[str, str]) -> bytes | None:
    """What tells a signed delivery from every other one, without being its signature; None where the scheme signs no
    moment: there the same body may well be another delivery."""
    if scheme.timestamp is None:
        return None
    return hashlib.sha256(headers[scheme.signature].lower().encode()).digest()
