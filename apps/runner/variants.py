"""The forms in which a secret may show up in output: escaped, quoted, encoded, or one line of it."""

import base64
import json
import re
import shlex
from collections.abc import Iterator
from urllib.parse import quote_from_bytes, quote_plus

#: Shorter values are too common to be masked wherever they occur.
MIN_BYTES = 6

#: Of base64 at offset 0, 1 and 2 in its stream: leading characters that also hold bits of what stands before.
_BASE64_SHARED_HEAD = (0, 2, 3)
_URLSAFE = bytes.maketrans(b"+/", b"-_")


def variants_of(secret: bytes) -> frozenset[bytes]:
    """All forms of one secret that are long enough to be masked anywhere; empty for a short secret."""
    if len(secret) < MIN_BYTES:
        return frozenset()
    forms = {secret, *_lines(secret), *_hex(secret), *_base64(secret), *_url(secret), *_escaped(secret)}
    return frozenset(form for form in forms if len(form) >= MIN_BYTES)


def _lines(secret: bytes) -> Iterator[bytes]:
    for line in secret.splitlines():
        yield line
        yield line.strip()


def _hex(secret: bytes) -> Iterator[bytes]:
    yield secret.hex().encode()
    yield secret.hex().upper().encode()


def _base64(secret: bytes) -> Iterator[bytes]:
    """Whole, and the part that is the same whatever stands before and after it. Not broken into lines."""
    plain = base64.b64encode(secret).rstrip(b"=")
    yield from (plain, plain.translate(_URLSAFE))
    for offset, shared_head in enumerate(_BASE64_SHARED_HEAD):
        encoded = base64.b64encode(bytes(offset) + secret).rstrip(b"=")
        # An incomplete last group ends in a character that also holds bits of what follows.
        end = len(encoded) - 1 if (offset + len(secret)) % 3 else len(encoded)
        core = encoded[shared_head:end]
        yield from (core, core.translate(_URLSAFE))


def _url(secret: bytes) -> Iterator[bytes]:
    for encoded in (quote_from_bytes(secret, safe=""), quote_from_bytes(secret), quote_plus(secret)):
        yield encoded.encode()
        yield re.sub("%..", lambda match: match[0].lower(), encoded).encode()


def _escaped(secret: bytes) -> Iterator[bytes]:
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        return
    yield from _json(text)
    yield from _shell(text)


def _json(text: str) -> Iterator[bytes]:
    for is_ascii in (True, False):
        escaped = json.dumps(text, ensure_ascii=is_ascii)[1:-1]
        yield escaped.encode()
        yield escaped.replace("/", "\\/").encode()


def _shell(text: str) -> Iterator[bytes]:
    """As `shlex.quote` writes it, as `set -x` does, and as `printf %q` does."""
    yield shlex.quote(text).removeprefix("'").removesuffix("'").encode()
    yield text.replace("'", r"'\''").encode()
    yield re.sub(r"([^\w@%+:=./-])", r"\\\1", text, flags=re.ASCII).encode()
