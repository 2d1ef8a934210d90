"""Writer and reader together, against a log that is simply kept in memory."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.runner.logfile import LogWriter
from apps.runner.logfollow import LogFollower
from apps.runner.loglayout import Stream
from apps.runner.logread import LogReader
from apps.runner.spec import LogLimits

limits = st.builds(
    lambda head, part, parts, total: LogLimits(
        head_bytes=head, part_bytes=part, tail_bytes=part * parts, total_bytes=total
    ),
    st.integers(0, 20),
    st.integers(1, 12),
    st.integers(1, 4),
    st.integers(0, 200),
)
writes = st.lists(st.tuples(st.sampled_from(Stream), st.integers(1, 40), st.booleans()), max_size=25)


def pattern(stream: Stream, offset: int, size: int) -> bytes:
    """Bytes that tell their stream and, as far as a byte can, their offset."""
    return bytes(
        ((position * 7) % 113) + (0 if stream is Stream.STDOUT else 128) for position in range(offset, offset + size)
    )


def write_all(writer: LogWriter, plan: list[tuple[Stream, int, bool]]) -> dict[Stream, bytes]:
    written = dict.fromkeys(Stream, b"")
    for stream, size, then_idle in plan:
        data = pattern(stream, len(written[stream]), size)
        assert writer.write(stream, data) == len(written[stream])
        written[stream] += data
        if then_idle and writer.has_deferred_work:
            writer.do_deferred_work()
    return written


def read_all(reader: LogReader, stream: Stream, *, limit: int) -> tuple[list[tuple[int, bytes]], int]:
    """Every stretch with its offset, and the sum of all gaps."""
    stretches: list[tuple[int, bytes]] = []
    gaps = offset = 0
    while True:
        part = reader.read(stream, offset=offset, limit=limit)
        if not (part.data or part.gap):
            return stretches, gaps
        gaps += part.gap
        stretches.append((part.offset, part.data))
        offset = part.next_offset


@settings(max_examples=150, deadline=None)
@given(limits, writes, st.integers(1, 50))
def test_what_is_kept_is_what_was_written_there_and_the_rest_is_counted(
    bounds: LogLimits, plan: list[tuple[Stream, int, bool]], limit: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        writer = LogWriter(Path(folder), limits=bounds)
        written = write_all(writer, plan)
        for is_closed in (False, True):
            if is_closed:
                writer.close()
            kept_in_all = 0
            for stream in Stream:
                stretches, gaps = read_all(LogReader(Path(folder)), stream, limit=limit)
                kept = sum(len(data) for _, data in stretches)
                kept_in_all += kept
                totals = writer.totals(stream)
                assert all(written[stream][at : at + len(data)] == data for at, data in stretches)
                assert totals.total_bytes == len(written[stream])
                assert totals.truncated_bytes == len(written[stream]) - kept
                assert kept <= bounds.head_bytes + bounds.tail_bytes
                if is_closed:
                    assert gaps == totals.truncated_bytes
            assert kept_in_all <= bounds.total_bytes
        assert not writer.failed


@settings(max_examples=100, deadline=None)
@given(limits, writes, st.integers(0, 400), st.integers(1, 60))
def test_a_read_at_any_offset_agrees_with_the_whole_stream(
    bounds: LogLimits, plan: list[tuple[Stream, int, bool]], offset: int, limit: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        writer = LogWriter(Path(folder), limits=bounds)
        written = write_all(writer, plan)
        writer.close()
        reader = LogReader(Path(folder))
        for stream in Stream:
            part = reader.read(stream, offset=offset, limit=limit)

            assert part.gap == part.offset - offset
            assert len(part.data) <= limit
            assert part.data == written[stream][part.offset : part.next_offset]
            assert part.is_end == (part.next_offset >= len(written[stream]))
            if part.gap:  # then the byte before the data is really missing
                before = reader.read(stream, offset=part.offset - 1, limit=1)
                assert before.gap == 1 or before.offset > part.offset - 1


@settings(max_examples=100, deadline=None)
@given(limits, writes)
def test_both_streams_interleaved_hold_every_kept_byte_once_and_every_gap(
    bounds: LogLimits, plan: list[tuple[Stream, int, bool]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        writer = LogWriter(Path(folder), limits=bounds)
        write_all(writer, plan)
        writer.close()
        reader = LogReader(Path(folder))

        pieces = list(LogFollower(Path(folder), dict.fromkeys(Stream, 0)).read(is_over=True))

        for stream in Stream:
            mine = [piece for piece in pieces if piece.stream is stream]
            assert sum(piece.gap for piece in mine) == writer.totals(stream).truncated_bytes
            kept = b"".join(data for _, data in read_all(reader, stream, limit=1000)[0])
            assert b"".join(piece.data for piece in mine) == kept
            assert [piece.offset for piece in mine] == sorted(piece.offset for piece in mine)
