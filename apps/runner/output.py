"""The way of one output stream: raw to the result, masked to the log, to the tail and to who listens."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from apps.runner.capture import Capture, FirstBytes, LastBytes, LastLines
from apps.runner.logfile import LogWriter
from apps.runner.loglayout import Stream
from apps.runner.redact import Masker, masker_of
from apps.runner.spec import OutputFormat, RunSpec
from apps.runner.withhold import Withhold, Withholder

logger = logging.getLogger(__name__)

#: of a JSON value: object, list, string, number, true, false, null
_JSON_BEGINNINGS = b'{["-0123456789tfn'
#: a type, a message and a long traceback
_MAX_ERROR_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class LogChunk:
    """Masked output as it comes, for those who follow a run live."""

    stream: Stream
    offset: int
    data: bytes


Listener = Callable[[LogChunk], None]


class Output:
    """Takes one stream of a run. What it holds back for masking comes out with `finish`."""

    def __init__(
        self,
        stream: Stream,
        *,
        masker: Masker,
        log: LogWriter,
        capture: Capture | None = None,
        listener: Listener | None = None,
        withhold: Withhold = Withhold.NOTHING,
    ) -> None:
        self._stream = stream
        self._masker = masker.stream()
        self._withholder = Withholder(withhold)
        self._log = log
        self._capture = capture
        self._listener = listener
        self._tail = LastBytes()

    @property
    def tail(self) -> bytes:
        """The last whole lines, masked."""
        return self._tail.content()

    def take(self, data: bytes) -> None:
        """The next bytes, raw."""
        if self._capture is not None:
            self._capture.feed(data)
        self._tell(self._masker.feed(self._withholder.feed(data)))

    def finish(self) -> None:
        """Nothing more comes."""
        self._tell(self._masker.feed(self._withholder.flush()) + self._masker.flush())

    def _tell(self, masked: bytes) -> None:
        if not masked:
            return
        self._tail.feed(masked)
        offset = self._log.write(self._stream, masked)
        if self._listener is not None:
            self._notify(self._listener, LogChunk(stream=self._stream, offset=offset, data=masked))

    def _notify(self, listener: Listener, chunk: LogChunk) -> None:
        try:
            listener(chunk)
        except Exception:
            # Following live is a comfort; the run and its log go on without it.
            logger.exception("a listener to output failed and is not called again")
            self._listener = None


class Outputs:
    """Everything a run puts out: two streams with their log, and the descriptors of result and error."""

    def __init__(self, spec: RunSpec, *, log_dir: Path, listener: Listener | None) -> None:
        masker = masker_of(spec.secrets)
        self.log = LogWriter(log_dir, limits=spec.log)
        self.result = FirstBytes(spec.result_max_bytes)
        self.error = FirstBytes(_MAX_ERROR_BYTES)
        self.for_result = _capture_for(spec.output_format, max_bytes=spec.result_max_bytes)
        self.stdout = Output(
            Stream.STDOUT,
            masker=masker,
            log=self.log,
            capture=self.for_result,
            listener=listener,
            withhold=_withheld(spec),
        )
        self.stderr = Output(Stream.STDERR, masker=masker, log=self.log, listener=listener)

    def remark(self, remarks: Iterable[str]) -> None:
        """Words of Attune itself into the log, masked as the program's own, each a line on stderr."""
        for text in remarks:
            self.stderr.take(f"[attune: {text}]\n".encode("utf-8", "replace"))

    def close(self) -> None:
        """Both streams have ended. Idempotent."""
        self.stdout.finish()
        self.stderr.finish()
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _withheld(spec: RunSpec) -> Withhold:
    """What of stdout may be the result, where that must not be logged."""
    if not spec.has_secret_outputs:
        return Withhold.NOTHING
    return Withhold.OBJECTS if spec.output_format is OutputFormat.AUTO else Withhold.ALL


def _capture_for(output_format: OutputFormat, *, max_bytes: int) -> Capture:
    """What of stdout the result of this format is read from."""
    if output_format is OutputFormat.AUTO:
        return LastLines(max_bytes, beginnings=b"{")
    if output_format is OutputFormat.JSON:
        return LastLines(max_bytes, beginnings=_JSON_BEGINNINGS)
    return FirstBytes(max_bytes)
