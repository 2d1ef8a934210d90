"""The conversation with the command line: one JSON object a line, wishes on stdin, answers on stdout.

    → {"do": "validate", …}
    ← {"say": "…"}                           any number: what goes on, for people
    ← {"log": "…", "stream": "stdout"}       any number: masked output of what runs
    ← {"answer": {…}} or {"error": {code, detail, …}}

Ctrl-C, and the end of stdin, stop what runs; the conversation ends with stdin. Whatever else writes to stdout goes to
stderr meanwhile.
"""

import codecs
import json
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO

import orjson

from apps.core.errors import AttuneError
from apps.core.types import JsonObject
from apps.runner.control import RunControl
from apps.runner.outcome import StopReason
from apps.runner.output import LogChunk

logger = logging.getLogger(__name__)


@dataclass
class Teller:
    """What a deed says while it works; `control` stops it."""

    out: IO[str]
    control: RunControl = field(default_factory=RunControl)
    _decoders: dict[str, codecs.IncrementalDecoder] = field(default_factory=dict)

    def say(self, text: str) -> None:
        self.tell({"say": text})

    def log(self, chunk: LogChunk) -> None:
        """Pieces may be cut within a character."""
        decoder = self._decoders.setdefault(chunk.stream, codecs.getincrementaldecoder("utf-8")("replace"))
        if text := decoder.decode(chunk.data):
            self.tell({"log": text, "stream": str(chunk.stream)})

    def tell(self, message: JsonObject) -> None:
        self.out.write(orjson.dumps(message).decode() + "\n")
        self.out.flush()


#: Answers one wish. Raises `AttuneError`.
Deed = Callable[[JsonObject, Teller], JsonObject]


def converse(deeds: Mapping[str, Deed]) -> None:
    """Answers wish after wish until stdin ends."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    wishes: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    under_way = _UnderWay()
    signal.signal(signal.SIGINT, lambda *_: under_way.stop())
    signal.signal(signal.SIGTERM, lambda *_: under_way.stop())
    threading.Thread(target=_listen, args=(wishes, under_way), daemon=True).start()
    while (line := wishes.get()) is not None:
        teller = Teller(out)
        under_way.begin(teller.control)
        wish = json.loads(line)
        teller.tell(_answer(deeds[wish["do"]], wish, teller))


class _UnderWay:
    """What is to be stopped, and whether everything is."""

    def __init__(self) -> None:
        self._control: RunControl | None = None
        self._is_stopped = False

    def begin(self, control: RunControl) -> None:
        self._control = control
        if self._is_stopped:
            control.stop(StopReason.CANCELED)

    def stop(self) -> None:
        self._is_stopped = True
        if self._control is not None:
            self._control.stop(StopReason.CANCELED)


def _listen(wishes: "queue.SimpleQueue[str | None]", under_way: _UnderWay) -> None:
    for line in sys.stdin:
        wishes.put(line)
    under_way.stop()  # nobody waits for it any more
    wishes.put(None)


def _answer(deed: Deed, wish: JsonObject, teller: Teller) -> JsonObject:
    try:
        return {"answer": deed(wish, teller)}
    except AttuneError as error:
        return {"error": error.as_json()}
    except Exception as error:
        logger.exception("a bug")
        return {"error": {"code": "internal_error", "detail": f"This is a bug in Attune: {type(error).__name__}."}}
