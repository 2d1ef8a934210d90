"""`attune execution logs`: a log as it is, its last lines, or as it grows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from apps.cli.executions.following import Piece, follow_attempt, log_path
from apps.cli.executions.log_output import LogOutput
from apps.cli.executions.tail import last_lines, tail
from apps.cli.executions.waiting import Deadline, has_started, is_terminal, leaving_alone, wait_until
from apps.cli.session import Session

_STREAMS = ("stdout", "stderr")


@dataclass(frozen=True)
class Wanted:
    """`attempt` None is the newest, `stream` None is both, `tail` None is everything."""

    execution_id: int
    attempt: int | None
    stream: str | None
    tail: int | None
    has_times: bool


def show(session: Session, wanted: Wanted) -> None:
    """What there is, to stdout."""
    if wanted.has_times:
        _show_with_times(session, wanted)
        return
    text = session.api.fetch(*log_path(wanted.execution_id, wanted.stream), attempt=wanted.attempt).text
    if wanted.tail is not None:
        text = last_lines(text, wanted.tail)
    _write(session, [Piece(wanted.stream or "", 0, text)], has_times=False)


def follow(session: Session, wanted: Wanted) -> None:
    """To stdout until the attempt is over; the newest attempt is waited for if it has not started."""
    execution = session.api.get("executions", wanted.execution_id)
    with leaving_alone(wanted.execution_id, session.printer):
        if wanted.attempt is None:
            deadline = Deadline.after(None)
            execution = wait_until(has_started, execution, api=session.api, printer=session.printer, deadline=deadline)
        attempt = wanted.attempt or execution["attempt"]
        pieces = _follow(session, wanted, attempt)
        if wanted.tail is not None:
            pieces = tail(pieces, wanted.tail, ends=_ends(session, wanted, attempt))
        _write(session, pieces, has_times=wanted.has_times)


def _show_with_times(session: Session, wanted: Wanted) -> None:
    """Times come with the events of a log that is followed: up to where it is now."""
    execution = session.api.get("executions", wanted.execution_id)
    attempt = wanted.attempt or execution["attempt"]
    pieces = _follow(session, wanted, attempt)
    if not is_terminal(execution["status"]) and attempt == execution["attempt"]:
        pieces = _until(pieces, _ends(session, wanted, attempt))
    if wanted.tail is not None:
        pieces = tail(list(pieces), wanted.tail, ends=dict.fromkeys(_STREAMS, 2**63))
    _write(session, pieces, has_times=True)


def _follow(session: Session, wanted: Wanted, attempt: int) -> Iterator[Piece]:
    return follow_attempt(
        session.api,
        wanted.execution_id,
        attempt,
        stream=wanted.stream,
        deadline=Deadline.after(None),
    )


def _ends(session: Session, wanted: Wanted, attempt: int) -> dict[str, int]:
    """How many bytes each stream has now."""
    ends = {}
    for stream in [wanted.stream] if wanted.stream else _STREAMS:
        answer = session.api.fetch(*log_path(wanted.execution_id, stream), attempt=attempt, tail=1)
        ends[stream] = int(answer.headers.get("Attune-Log-Next", 0))
    return ends


def _until(pieces: Iterable[Piece], ends: Mapping[str, int]) -> Iterator[Piece]:
    """As far as `ends`; nothing is waited for."""
    missing = {stream for stream, end in ends.items() if end}
    source = iter(pieces)
    while missing:
        piece = next(source, None)
        if piece is None:
            return
        yield piece
        if piece.offset + len(piece.text.encode()) >= ends.get(piece.stream, 0):
            missing.discard(piece.stream)


def _write(session: Session, pieces: Iterable[Piece], *, has_times: bool) -> None:
    out = session.printer.out
    with LogOutput(out, colours=session.printer.shows_colours(out), has_times=has_times) as output:
        for piece in pieces:
            output.write(piece)
    if has_times and not output.had_times and output.has_written:
        session.printer.say("this Attune does not say when lines came")
