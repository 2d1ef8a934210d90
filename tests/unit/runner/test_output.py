from itertools import accumulate
from pathlib import Path

import pytest

from apps.runner.logfile import LogWriter
from apps.runner.loglayout import Stream
from apps.runner.output import LogChunk, Output
from apps.runner.redact import Masker
from apps.runner.spec import LogLimits


@pytest.fixture
def log(tmp_path: Path) -> LogWriter:
    return LogWriter(tmp_path / "log", limits=LogLimits())


def test_a_listener_gets_masked_output_with_its_offset(log: LogWriter) -> None:
    heard: list[LogChunk] = []
    output = Output(Stream.STDOUT, masker=Masker([b"hunter2"]), log=log, listener=heard.append)
    output.take(b"one hun")
    output.take(b"ter2 two")
    output.finish()
    log.close()

    assert b"".join(chunk.data for chunk in heard) == b"one *** two"
    assert [chunk.offset for chunk in heard] == [0, *accumulate(len(chunk.data) for chunk in heard[:-1])]


def test_a_listener_that_fails_is_not_called_again_and_the_log_goes_on(log: LogWriter) -> None:
    calls = []

    def broken(chunk: LogChunk) -> None:
        calls.append(chunk)
        raise ConnectionError

    output = Output(Stream.STDERR, masker=Masker([]), log=log, listener=broken)
    output.take(b"one")
    output.take(b"two")
    output.finish()
    log.close()

    assert len(calls) == 1
    assert log.totals(Stream.STDERR).total_bytes == 6
    assert output.tail == b"onetwo"
