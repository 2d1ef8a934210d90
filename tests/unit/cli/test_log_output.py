"""How a log is written."""

import io
from datetime import UTC, datetime

import pytest

from apps.cli.executions.following import Piece
from apps.cli.executions.log_output import LogOutput

AT = datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=UTC)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.cli.executions.log_output.moment_text", lambda at: f"{at:%H:%M:%S.%f}"[:-3])


def written(*pieces: Piece, has_times: bool = True) -> str:
    stream = io.StringIO()
    with LogOutput(stream, colours=False, has_times=has_times) as output:
        for piece in pieces:
            output.write(piece)
    return stream.getvalue()


def test_each_line_begins_with_when_it_came() -> None:
    text = written(Piece("stdout", 0, "a\nb\n", at=AT), Piece("stderr", 0, "c\n", at=AT.replace(second=7)))
    assert text == "12:00:00.123  a\n12:00:00.123  b\n12:00:07.123  c\n"


def test_a_line_in_pieces_has_the_time_of_its_beginning() -> None:
    text = written(Piece("stdout", 0, "a", at=AT), Piece("stdout", 0, "b\nc", at=AT.replace(second=7)))
    assert text == "12:00:00.123  ab\n12:00:07.123  c"


def test_without_times_the_log_is_as_it_is() -> None:
    assert written(Piece("stdout", 0, "a\n")) == "a\n"
    assert written(Piece("stdout", 0, "a\n", at=AT), has_times=False) == "a\n"
