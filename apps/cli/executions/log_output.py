"""Writes logs: to a terminal with nothing in them that could take it over, elsewhere byte for byte."""

from datetime import datetime
from types import TracebackType
from typing import Self, TextIO

from apps.cli.executions.following import Piece
from apps.cli.output.cells import moment_text
from apps.cli.output.terminal import Filter, is_terminal


class LogOutput:
    """For pieces of one attempt's streams, which may be cut within a line or an escape sequence.

    With `has_times`, every line begins with the moment at which its first piece came, where that is known.
    """

    def __init__(self, stream: TextIO, *, colours: bool, has_times: bool = False) -> None:
        self._stream = stream
        self._colours = colours
        self._has_times = has_times
        self.had_times = False
        self._is_terminal = is_terminal(stream)
        self._filters: dict[str, Filter] = {}
        self._last = "\n"
        self.has_written = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, BrokenPipeError):
            return
        for filter_ in self._filters.values():
            self._write(filter_.end())
        if self._is_terminal and self._last != "\n":
            self._write("\n")
        self._stream.flush()

    def write(self, piece: Piece) -> None:
        """Each piece is seen at once."""
        if piece.gap:
            line = "" if self._last == "\n" else "\n"
            self._write(f"{line}[attune: {piece.gap} bytes truncated]\n")
        self._write(self._shown(piece), at=piece.at if self._has_times else None)
        self._stream.flush()

    def _shown(self, piece: Piece) -> str:
        if not self._is_terminal:
            return piece.text
        filter_ = self._filters.setdefault(piece.stream, Filter(colours=self._colours))
        return filter_.feed(piece.text)

    def _write(self, text: str, *, at: datetime | None = None) -> None:
        if not text:
            return
        if at is not None:
            self.had_times = True
            time = f"{moment_text(at)}  "
            begins, last = self._last == "\n", text[-1]
            text = (time if begins else "") + text[:-1].replace("\n", f"\n{time}") + last
        self._stream.write(text)
        self.has_written = True
        self._last = text[-1]
