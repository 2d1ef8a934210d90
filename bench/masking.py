"""How fast output is searched for secrets, as the runner does it: in chunks, in one process, without an Attune."""

import base64
import hashlib
import time
from collections.abc import Iterator

from apps.runner.redact import Masker
from bench.figures import Figure, at_least
from bench.stage import Stage

#: As much as the runner reads from a pipe at a time.
_CHUNK_BYTES = 64 * 1024
_LINE = b'2026-01-01T00:00:00Z INFO host=web-17 took 12.5 ms: status 200 {"id": 12345, "trace": "9f86d081884c7d65"}\n'
_BYTES = 16_000_000


def masking(stage: Stage) -> list[Figure]:
    """Of logs without a secret in them, which is how logs mostly are."""
    rounds = 3 if stage.is_quick else 9
    text = _LINE * (_BYTES // len(_LINE))
    kinds = {
        "one secret": [_random(16)],
        "twenty secrets": [_random(12 + number) for number in range(20)],
        "a private key": [b"-----BEGIN KEY-----\n" + base64.encodebytes(_bytes(2400)) + b"-----END KEY-----\n"],
    }
    return [
        Figure(
            name=f"masking: {name}",
            unit="MB/s",
            values=list(_rates(secrets, text, rounds)),
            budget=at_least(100, "MB/s"),
        )
        for name, secrets in kinds.items()
    ]


def _rates(secrets: list[bytes], text: bytes, rounds: int) -> Iterator[float]:
    masker = Masker(secrets)
    for _ in range(rounds):
        stream = masker.stream()
        started = time.perf_counter()
        for start in range(0, len(text), _CHUNK_BYTES):
            stream.feed(text[start : start + _CHUNK_BYTES])
        stream.flush()
        yield len(text) / 1_000_000 / (time.perf_counter() - started)


def _random(size: int) -> bytes:
    return base64.urlsafe_b64encode(_bytes(size, seed=str(size)))[:size]


def _bytes(size: int, *, seed: str = "") -> bytes:
    """The same in every run."""
    blocks = (hashlib.sha256(f"{seed}{number}".encode()).digest() for number in range(size // 32 + 1))
    return b"".join(blocks)[:size]
