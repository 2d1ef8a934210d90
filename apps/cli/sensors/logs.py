"""`attune sensor logs`: what a sensor writes, from one process to the next."""

import time
from collections.abc import Iterator

from apps.cli.executions.following import Piece, follow_sensor
from apps.cli.executions.log_output import LogOutput
from apps.cli.executions.tail import last_lines
from apps.cli.session import Session

#: Between two looks whether the next process is there.
_PAUSE_S = 1.0


def show(session: Session, ref: str, *, start: int | None, tail: int | None) -> None:
    """One process, the newest without `start`."""
    query = {} if start is None else {"start": start}
    text = session.api.fetch("sensors", ref, "logs", **query).text
    _write(session, iter([Piece("", 0, text if tail is None else last_lines(text, tail))]))


def follow(session: Session, ref: str, *, start: int | None) -> None:
    """For ever: when a process has ended, the next is waited for. One that is named is followed to its end."""
    if start is not None:
        _write(session, follow_sensor(session.api, ref, start))
        return
    _write(session, _all(session, ref))


def _all(session: Session, ref: str) -> Iterator[Piece]:
    told = 0
    while True:
        newest = session.api.get("sensors", ref)["starts"]
        for start in range(told + 1 if told else max(1, newest), newest + 1):
            yield from follow_sensor(session.api, ref, start)
        told = newest
        time.sleep(_PAUSE_S)


def _write(session: Session, pieces: Iterator[Piece]) -> None:
    out = session.printer.out
    with LogOutput(out, colours=session.printer.shows_colours(out), has_times=False) as output:
        for piece in pieces:
            output.write(piece)
