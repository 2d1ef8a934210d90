"""One line on stderr that says what is waited for, and is gone when the waiting is over."""

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Self, TextIO

from apps.cli.output.terminal import can_redraw, harmless

_BAR = 24
#: Back to the first column, the line wiped; no wrapping, so that the terminal cuts what is too long.
_BEGIN, _END = "\r\x1b[2K\x1b[?7l", "\x1b[?7h"
_WIPE = "\r\x1b[2K"


class StatusLine:
    """Redrawn in place on a terminal; elsewhere one line for each new milestone."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str] = os.environ) -> None:
        self._stream = stream
        self._is_live = can_redraw(stream, environ)
        self._is_drawn = False
        self._milestone = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.clear()

    def show(self, text: str, *, milestone: str) -> None:
        """`text` may change with every call; `milestone` is for logs, which want what changed and not how long it
        took."""
        if self._is_live:
            self._stream.write(f"{_BEGIN}{harmless(text)}{_END}")
            self._is_drawn = True
        elif milestone != self._milestone:
            self._stream.write(f"{harmless(milestone)}\n")
        self._milestone = milestone
        self._stream.flush()

    def clear(self) -> None:
        """Makes room for other output."""
        if self._is_drawn:
            self._stream.write(_WIPE)
            self._stream.flush()
            self._is_drawn = False


def bar(percent: int) -> str:
    """`████░░░░  50 %`"""
    full = round(_BAR * min(max(percent, 0), 100) / 100)
    return f"{'█' * full}{'░' * (_BAR - full)} {percent:3} %"
