import threading
from pathlib import Path

import pytest

from apps.runner.logfile import LogWriter
from apps.runner.loglayout import Stream
from apps.runner.logread import LogReader, marker
from apps.runner.spec import LogLimits

SMALL = LogLimits(head_bytes=12, tail_bytes=20, part_bytes=5, total_bytes=80)


def long_log(folder: Path) -> LogWriter:
    writer = LogWriter(folder, limits=SMALL)
    for number in range(20):
        writer.write(Stream.STDOUT, b"ln%02d\n" % number)
    return writer


def test_everything_has_one_marker_where_bytes_are_missing(tmp_path: Path) -> None:
    long_log(tmp_path).close()

    text = b"".join(LogReader(tmp_path).everything(Stream.STDOUT))

    assert text == b"ln00\nln01\nln\n[attune: 70 bytes truncated]\n16\nln17\nln18\nln19\n"


def test_a_marker_is_a_line_of_its_own() -> None:
    assert marker(5) == b"[attune: 5 bytes truncated]\n"
    assert marker(5, after=b"x\n") == b"[attune: 5 bytes truncated]\n"
    assert marker(5, after=b"x") == b"\n[attune: 5 bytes truncated]\n"


def test_the_tail_is_the_newest_bytes(tmp_path: Path) -> None:
    long_log(tmp_path).close()

    assert LogReader(tmp_path).tail(Stream.STDOUT, 7).data == b"8\nln19\n"
    assert LogReader(tmp_path).tail(Stream.STDERR, 7).data == b""


def test_a_log_is_followed_until_it_is_closed(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path, limits=SMALL)
    reader = LogReader(tmp_path)
    assert not reader.read(Stream.STDOUT).is_end
    writer.write(Stream.STDOUT, b"one")
    first = reader.read(Stream.STDOUT)
    writer.write(Stream.STDOUT, b"two")
    second = reader.read(Stream.STDOUT, offset=first.next_offset)
    writer.close()
    third = reader.read(Stream.STDOUT, offset=second.next_offset)

    assert (first.data, first.is_end) == (b"one", False)
    assert (second.data, second.is_end) == (b"two", False)
    assert (third.data, third.is_end) == (b"", True)


def test_a_folder_that_is_not_there_yet_reads_like_an_empty_log(tmp_path: Path) -> None:
    part = LogReader(tmp_path / "none").read(Stream.STDOUT)

    assert (part.data, part.gap, part.is_end) == (b"", 0, False)


def test_a_limit_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="positive"):
        LogReader(tmp_path).read(Stream.STDOUT, limit=0)


def test_reading_while_parts_are_begun_compressed_and_dropped_never_gives_wrong_bytes(tmp_path: Path) -> None:
    limits = LogLimits(head_bytes=1000, tail_bytes=4000, part_bytes=1000, total_bytes=12_000)
    writer = LogWriter(tmp_path, limits=limits)
    line = 10
    total_lines = 5000
    failures: list[str] = []

    def follow() -> None:
        reader, offset = LogReader(tmp_path), 0
        while True:
            part = reader.read(Stream.STDOUT, offset=offset, limit=777)
            expected = b"".join(
                b"%09d\n" % number for number in range(part.offset // line, part.next_offset // line + 1)
            )[part.offset % line :][: len(part.data)]
            if part.data != expected or part.offset - part.gap != offset:
                failures.append(f"at {offset}: {part}")
                return
            offset = part.next_offset
            if part.is_end:
                return

    follower = threading.Thread(target=follow)
    follower.start()
    for number in range(total_lines):
        writer.write(Stream.STDOUT, b"%09d\n" % number)
        if number % 7 == 0 and writer.has_deferred_work:
            writer.do_deferred_work()
    writer.close()
    follower.join(60)

    assert not follower.is_alive()
    assert failures == []
