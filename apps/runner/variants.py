"""The forms in which a secret may show up in output: escaped, quoted, encoded, or one line of it."""

import base64
import html
import json
import re
import shlex
from collections.abc import Iterator
from urllib.parse import quote_from_bytes, quote_plus

#: Shorter values are too common to be masked wherever they occur.
MIN_BYTES = 6
#: Words that stand in every other log: a secret that is one of them is masked only where it is a whole value.
_COMMON = frozenset(
    b"0.0.0.0 123456 1234567 12345678 123456789 1234567890 127.0.0.1 admin123 administrator attune changeme default "
    b"development disabled enabled example failed hostname letmein localhost passw0rd passwd password password1 "
    b"password123 postgres private production public qwerty root123 running secret secrets service staging started "
    b"status stopped string succeeded success system testing undefined unknown username version welcome".split()
)

#: Of base64 at offset 0, 1 and 2 in its stream: leading characters that also hold bits of what stands before.
_BASE64_SHARED_HEAD = (0, 2, 3)
_URLSAFE = bytes.maketrans(b"+/", b"-_")
#: Bytes in a line of base64 as `base64` and mail break it, and as PEM does.
_BASE64_LINES = (57, 48)
#: What JavaScript's encodeURIComponent leaves as it is, besides letters, digits and `-_.~`.
_JAVASCRIPT_SAFE = "!'()*"
_HTML_IN_JSON = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&'\u2028\u2029"})


def is_common(secret: bytes) -> bool:
    """Whether masking it everywhere would hide more of a log than the secret: short, a common word, or a ruler."""
    stripped = secret.strip()
    is_ruler = len(set(stripped)) == 1 and not stripped.isalnum()
    return len(stripped) < MIN_BYTES or is_ruler or stripped.lower() in _COMMON


def weakness_of(secret: bytes) -> str | None:
    """What to warn of where such a secret is saved; None for one that is masked wherever it shows up."""
    if not secret or not is_common(secret):
        return None
    if len(secret.strip()) < MIN_BYTES:
        return f"shorter than {MIN_BYTES} bytes, so it is masked in output only where it is a whole value or line"
    return "a common text, so it is masked in output only where it is a whole value or line"


def variants_of(secret: bytes) -> frozenset[bytes]:
    """All forms of one secret that may be masked anywhere; empty for a common one (see `is_common`)."""
    if is_common(secret):
        return frozenset()
    # What a file ends in is part of a secret that was read from it, and programs encode it without.
    wholes = {secret, secret.strip()}
    forms = {secret, *_lines(secret), *(form for whole in wholes for form in _encoded(whole))}
    return frozenset(form for form in forms if not is_common(form))


def _encoded(secret: bytes) -> Iterator[bytes]:
    yield from _hex(secret)
    yield from _base64(secret)
    yield from _url(secret)
    yield from _escaped(secret)


def _lines(secret: bytes) -> Iterator[bytes]:
    for line in secret.splitlines():
        yield line
        yield line.strip()


def _hex(secret: bytes) -> Iterator[bytes]:
    yield secret.hex().encode()
    yield secret.hex().upper().encode()


def _base64(secret: bytes) -> Iterator[bytes]:
    """Whole, the part that is the same whatever stands before and after it, and its lines where it is broken."""
    plain = base64.b64encode(secret).rstrip(b"=")
    yield from _both_alphabets(plain)
    for offset in range(3):
        yield from _both_alphabets(_base64_core(secret, offset))
    for width in _BASE64_LINES:
        if len(secret) > width:
            for start in range(0, len(secret), width):
                yield from _both_alphabets(_base64_core(secret[start : start + width], 0))


def _base64_core(secret: bytes, offset: int) -> bytes:
    """The characters that hold bits of the secret alone when it begins `offset` bytes into a group of three."""
    encoded = base64.b64encode(bytes(offset) + secret).rstrip(b"=")
    # An incomplete last group ends in a character that also holds bits of what follows.
    end = len(encoded) - 1 if (offset + len(secret)) % 3 else len(encoded)
    return encoded[_BASE64_SHARED_HEAD[offset] : end]


def _both_alphabets(encoded: bytes) -> tuple[bytes, bytes]:
    return encoded, encoded.translate(_URLSAFE)


def _url(secret: bytes) -> Iterator[bytes]:
    quoted = [quote_from_bytes(secret, safe=safe) for safe in ("", "/", _JAVASCRIPT_SAFE)]
    for encoded in (*quoted, quote_plus(secret)):
        yield encoded.encode()
        yield re.sub("%..", lambda match: match[0].lower(), encoded).encode()


def _escaped(secret: bytes) -> Iterator[bytes]:
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        yield repr(secret)[2:-1].encode()
        return
    yield from _json(text)
    yield from _python(text)
    yield from _shell(text)
    yield html.escape(text).encode()
    yield html.escape(text, quote=False).encode()


def _json(text: str) -> Iterator[bytes]:
    """With and without `\\u` and `\\/`, as Go and templates of web pages write it, and inside a JSON text again."""
    for is_ascii in (True, False):
        escaped = json.dumps(text, ensure_ascii=is_ascii)[1:-1]
        yield escaped.encode()
        yield escaped.replace("/", "\\/").encode()
        yield escaped.translate(_HTML_IN_JSON).encode()
        yield json.dumps(escaped)[1:-1].encode()
        yield re.sub(r"\\u[0-9a-f]{4}", lambda match: "\\u" + match[0][2:].upper(), escaped).encode()


def _python(text: str) -> Iterator[bytes]:
    """As `repr` shows it in a traceback, as text and as bytes."""
    for shown in (repr(text)[1:-1], ascii(text)[1:-1], repr(text.encode())[2:-1]):
        yield shown.encode()
        yield shown.replace("'", r"\'").encode()


def _shell(text: str) -> Iterator[bytes]:
    """As `shlex.quote` writes it, as `set -x` does, as `printf %q` does, between double quotes, and as SQL and YAML
    double a quote."""
    yield shlex.quote(text).removeprefix("'").removesuffix("'").encode()
    yield text.replace("'", r"'\''").encode()
    yield re.sub(r"([^\w@%+:=./-])", r"\\\1", text, flags=re.ASCII).encode()
    yield re.sub(r'(["\\$`])', r"\\\1", text).encode()
    yield text.replace("'", "''").encode()
    yield from _ansi_c(text)


def _ansi_c(text: str) -> Iterator[bytes]:
    """Between `$'` and `'`, where a shell shows characters that do not print."""
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\", "'": "\\'", "\x1b": "\\E"}
    yield "".join(short.get(character, character) for character in text).encode()
    octal = (f"\\{byte:03o}" if byte < 32 or byte > 126 else chr(byte) for byte in text.encode())
    known = {f"\\{ord(character):03o}": shown for character, shown in short.items()}
    yield "".join(known.get(shown, short.get(shown, shown)) for shown in octal).encode()
