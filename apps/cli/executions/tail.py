"""Holds back a log that was there already, but for its last lines, and lets through what comes after it."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from apps.cli.executions.following import Piece


def last_lines(text: str, count: int) -> str:
    ending = "\n" if text.endswith("\n") else ""
    lines = text.removesuffix("\n").split("\n")[-count:] if count else []
    return "\n".join(lines) + (ending if lines else "")


def tail(pieces: Iterable[Piece], count: int, *, ends: Mapping[str, int]) -> Iterator[Piece]:
    """The last `count` lines of what came before `ends` (bytes of each stream), then every piece as it comes."""
    held = _Held(count)
    missing = {stream for stream, end in ends.items() if end}
    source = iter(pieces)
    while missing:
        piece = next(source, None)
        if piece is None:
            break
        if piece.offset >= ends.get(piece.stream, 0):  # that one came after
            yield from held.release()
            missing.clear()
            yield piece
            break
        held.add(piece)
        # Replaced characters are longer than what they replace: then the lines end a little early, and nothing is lost.
        if piece.offset + len(piece.text.encode()) >= ends[piece.stream]:
            missing.discard(piece.stream)
    yield from held.release()
    yield from source


class _Held:
    """Not more of the log than its last lines need."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pieces: deque[Piece] = deque()
        self._newlines = 0

    def add(self, piece: Piece) -> None:
        self._pieces.append(piece)
        self._newlines += piece.text.count("\n")
        # The last newline may end the last line: one more is needed to be sure that a line begins.
        while self._pieces and self._newlines - self._pieces[0].text.count("\n") > self._count:
            self._newlines -= self._pieces.popleft().text.count("\n")

    def release(self) -> Iterator[Piece]:
        text = "".join(piece.text for piece in self._pieces)
        too_much = len(text) - len(last_lines(text, self._count))
        while self._pieces:
            piece = self._pieces.popleft()
            rest = piece.text[too_much:]
            if rest:
                yield replace(piece, text=rest, gap=piece.gap if rest == piece.text else 0)
            too_much = max(0, too_much - len(piece.text))
        self._newlines = 0
