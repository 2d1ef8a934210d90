"""Keeps what Attune said for the next press of TAB: small files that only their owner can read.

Nothing here raises: a cache that cannot be read or written is no cache.
"""

import json
import os
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

#: Seconds after which a file that nobody renewed is removed.
_FORGOTTEN_S = 86_400


class Cache:
    """One Attune as one token sees it. `clock` gives seconds since 1970."""

    def __init__(self, folder: Path, *, owner: str, clock: Any = time.time) -> None:
        self._folder = folder
        self._owner = owner
        self._clock = clock

    def get(self, question: str) -> Any:
        """What was answered, while it is fresh; None otherwise."""
        try:
            kept = json.loads(self._file(question).read_text(encoding="utf-8"))
            return kept["answer"] if 0 <= kept["until"] - self._clock() <= _FORGOTTEN_S else None
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def put(self, question: str, answer: Any, *, fresh_s: float) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._forget()
            part = self._folder / f".{os.getpid()}"
            part.touch(mode=0o600)
            part.write_text(json.dumps({"until": self._clock() + fresh_s, "answer": answer}), encoding="utf-8")
            part.replace(self._file(question))
        except OSError:
            return

    def _file(self, question: str) -> Path:
        return self._folder / sha256(f"{self._owner}\0{question}".encode()).hexdigest()[:32]

    def _forget(self) -> None:
        for file in self._folder.iterdir():
            if self._clock() - file.stat().st_mtime > _FORGOTTEN_S:
                file.unlink(missing_ok=True)


def cache_folder(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path("~/.cache").expanduser()) / "attune" / "completion"
