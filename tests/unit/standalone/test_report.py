"""What a person sees of a start, and what is kept of it."""

import io
import os
from pathlib import Path

import pytest

from apps.standalone.report import LogFollower, Report


def test_a_step_is_told_when_it_begins_and_timed_when_it_ends() -> None:
    stream = io.StringIO()
    with Report(stream).step("starting web"):
        assert stream.getvalue().startswith("  starting web …")
    assert stream.getvalue().endswith(" 0.0 s\n")


def test_a_step_that_fails_says_so(tmp_path: Path) -> None:
    stream = io.StringIO()
    with pytest.raises(ZeroDivisionError), Report(stream, log=tmp_path / "log").step("dividing"):
        _ = 1 / 0
    assert stream.getvalue().endswith("failed\n")
    assert (tmp_path / "log").read_text().endswith("  dividing: failed\n")


def test_a_password_is_printed_but_not_kept(tmp_path: Path) -> None:
    stream = io.StringIO()
    report = Report(stream, log=tmp_path / "log")
    report.say("ready")
    report.confide("password 12345")
    assert "password 12345" in stream.getvalue()
    assert "12345" not in (tmp_path / "log").read_text()
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_a_reader_that_went_away_does_not_stop_us(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    stream = open(writer, "w", buffering=1)  # noqa: SIM115, PTH123  closed below, where it cannot be flushed
    report = Report(stream, log=tmp_path / "log")
    report.say("one")
    report.say("two")
    assert [line[20:] for line in (tmp_path / "log").read_text().splitlines()] == ["one", "two"]
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_a_follower_reads_whole_lines_written_from_now_on(tmp_path: Path) -> None:
    report = Report(io.StringIO(), log=tmp_path / "log")
    report.say("before")
    follower = LogFollower(tmp_path / "log")
    assert follower.new_lines() == []
    report.say("after")
    with (tmp_path / "log").open("a") as log:
        log.write("2026-01-01 00:00:00 ha")
    assert follower.new_lines() == ["after"]
    with (tmp_path / "log").open("a") as log:
        log.write("lf\n")
    assert follower.new_lines() == ["half"]


def test_a_log_that_is_not_there_yet_has_no_lines(tmp_path: Path) -> None:
    follower = LogFollower(tmp_path / "log")
    assert follower.new_lines() == []
    Report(io.StringIO(), log=tmp_path / "log").say("first")
    assert follower.new_lines() == ["first"]
