"""Keeps out of a log the lines of stdout that may be the result of an action with secret outputs.

Their values are known only once the result is read, when the lines have long been written and followed live. So each
line that could be read as the result becomes `***` before anything else is done with it.
"""

from enum import StrEnum

_HIDDEN = b"***\n"
_BLANK = b" \t\r\f\v"


class Withhold(StrEnum):
    """Which lines of stdout are kept out of the log."""

    NOTHING = "nothing"
    OBJECTS = "objects"
    """Those that begin with `{`: what `auto` takes for a result."""
    ALL = "all"


class Withholder:
    """Takes one stream in chunks of any size."""

    def __init__(self, what: Withhold) -> None:
        self._what = what
        self._start = b""  # of a line of which only blanks are known
        self._is_hidden: bool | None = None  # of the present line; None: not known yet

    def feed(self, data: bytes) -> bytes:
        """What of it may be logged."""
        if self._what is Withhold.NOTHING:
            return data
        told = []
        while data:
            line, newline, data = data.partition(b"\n")
            told.append(self._piece(line + newline))
        return b"".join(told)

    def flush(self) -> bytes:
        """The rest, at the end of the stream: blanks."""
        rest, self._start = self._start, b""
        return rest

    def _piece(self, piece: bytes) -> bytes:
        """A line, or a part of one."""
        told = b""
        if self._is_hidden is None:
            piece, self._start = self._start + piece, b""
            text = piece.lstrip(_BLANK)
            if not text:
                self._start = piece
                return b""
            self._is_hidden = text != b"\n" and (self._what is Withhold.ALL or text.startswith(b"{"))
            told = _HIDDEN if self._is_hidden else b""
        if not self._is_hidden:
            told = piece
        if piece.endswith(b"\n"):
            self._is_hidden = None
        return told
