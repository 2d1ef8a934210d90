"""`attune execution logs`: a log as it is, its last lines, or as it grows."""

from collections.abc import Iterable

from apps.cli.executions.following import Piece, follow_attempt
from apps.cli.executions.log_output import LogOutput
from apps.cli.executions.waiting import Deadline, has_started, leaving_alone, wait_until
from apps.cli.session import Session


def show(session: Session, execution_id: int, *, attempt: int | None, stream: str | None, tail: int | None) -> None:
    """To stdout; `tail` is a number of lines."""
    path = ("executions", execution_id, "logs") if stream is None else ("executions", execution_id, "logs", stream)
    text = session.api.fetch(*path, attempt=attempt).text
    if tail is not None:
        text = _last_lines(text, tail)
    _write(session, [Piece(stream or "", 0, text)])


def follow(session: Session, execution_id: int, *, attempt: int | None, stream: str | None) -> None:
    """To stdout until the attempt is over; the newest attempt is waited for if it has not started."""
    execution = session.api.get("executions", execution_id)
    deadline = Deadline.after(None)
    with leaving_alone(execution_id, session.printer):
        if attempt is None:
            execution = wait_until(has_started, execution, api=session.api, printer=session.printer, deadline=deadline)
        number = attempt or execution["attempt"]
        _write(session, follow_attempt(session.api, execution_id, number, stream=stream, deadline=deadline))


def _last_lines(text: str, count: int) -> str:
    ending = "\n" if text.endswith("\n") else ""
    lines = text.removesuffix("\n").split("\n")[-count:] if count else []
    return "\n".join(lines) + (ending if lines else "")


def _write(session: Session, pieces: Iterable[Piece]) -> None:
    out = session.printer.out
    with LogOutput(out, colours=session.printer.shows_colours(out)) as output:
        for piece in pieces:
            output.write(piece)
