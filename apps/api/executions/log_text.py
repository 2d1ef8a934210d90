"""A log as text: both streams as they came, with a line where bytes are missing, and with times where wanted."""

from collections.abc import Iterator
from datetime import UTC, datetime

from apps.runner.loglayout import Stream
from apps.runner.logread import LogPiece, marker

#: A longer line is cut, so that memory stays flat.
_MAX_LINE_BYTES = 64 * 1024


def text_of(pieces: Iterator[LogPiece]) -> Iterator[bytes]:
    """The bytes themselves."""
    last = b""
    for piece in pieces:
        last = marker(piece.gap, after=last) if piece.gap else piece.data
        yield last


def timed_lines(pieces: Iterator[LogPiece]) -> Iterator[bytes]:
    """Each line with the time at which it began and its stream: `2026-01-31T12:00:00.123Z stderr text`."""
    begun: dict[Stream, _Line] = {}
    for piece in pieces:
        line = begun.pop(piece.stream, None) or _Line(piece)
        if piece.gap:
            yield line.complete()
            yield _Line(piece).complete(marker(piece.gap).removesuffix(b"\n"))
            continue
        *whole, rest = piece.data.split(b"\n")
        for text in whole:
            yield line.complete(text) or line.prefix + b"\n"
            line = _Line(piece)
        line.text += rest
        if len(line.text) > _MAX_LINE_BYTES:
            yield line.complete()
        elif line.text:
            begun[piece.stream] = line
    for line in begun.values():
        yield line.complete()


class _Line:
    """A line that may go on in a later piece; its time is that of its first piece."""

    def __init__(self, piece: LogPiece) -> None:
        self.prefix = b"%s %s " % (_moment(piece.at_ms), piece.stream.value.encode())
        self.text = b""

    def complete(self, text: bytes = b"") -> bytes:
        """With the end of line; nothing for a line without text."""
        whole = self.text + text
        return self.prefix + whole + b"\n" if whole else b""


def _moment(at_ms: int | None) -> bytes:
    if at_ms is None:
        return b"-"
    text = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").encode()
