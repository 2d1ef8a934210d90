"""Keeps text of others (logs, messages, results) from taking over the user's terminal.

What a program writes to its log may move the cursor, clear the screen, rename the window or answer in the user's place.
Colours are let through, everything else is shown as what it is: `\\x1b[2J`. So are the invisible characters that turn
the direction of writing (Unicode's Bidi_Control), which make a name read as another one.
"""

import re
from collections.abc import Mapping
from typing import TextIO

_COLOUR = r"\x1b\[[0-9;:]*m"
#: https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt, Bidi_Control.
_DIRECTION = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
#: Colours, ends of lines, and every other control character but tab and newline, also the 8-bit ones.
_SPECIAL = re.compile(rf"{_COLOUR}|\r\n?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_DIRECTION}]")
#: What may be the beginning of one of these, at the end of a piece.
_UNFINISHED = re.compile(r"(?:\r|\x1b(?:\[[0-9;:]{0,60})?)\Z")
_RESET = "\x1b[0m"


def is_terminal(stream: TextIO) -> bool:
    return stream.isatty()


def can_redraw(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether a line that was written can be taken back."""
    return is_terminal(stream) and environ.get("TERM") != "dumb"


def shows_colours(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """NO_COLOR: https://no-color.org."""
    return can_redraw(stream, environ) and not environ.get("NO_COLOR")


def harmless(text: str, *, colours: bool = False) -> str:
    """`text` for a terminal; colours end with it."""
    filter_ = Filter(colours=colours)
    return filter_.feed(text) + filter_.end()


class Filter:
    """The same for a text that comes in pieces, which may be cut anywhere."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours
        self._is_coloured = False
        self._held = ""

    def feed(self, text: str) -> str:
        """What can be shown of all that came so far."""
        text = self._held + text
        unfinished = _UNFINISHED.search(text)
        self._held = unfinished.group() if unfinished else ""
        return _SPECIAL.sub(self._replace, text[: len(text) - len(self._held)])

    def end(self) -> str:
        """What was held back, and the end of any colour."""
        rest = _SPECIAL.sub(self._replace, self._held)
        self._held = ""
        return rest + (_RESET if self._is_coloured else "")

    def _replace(self, match: re.Match[str]) -> str:
        found = match.group()
        if found.endswith("m"):
            self._is_coloured = self._colours
            return found if self._colours else ""
        # A lone carriage return would let the rest of the line hide its beginning.
        return "\n" if found.startswith("\r") else _escaped(found)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
