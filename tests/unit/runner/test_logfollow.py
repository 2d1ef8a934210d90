import tempfile
import threading
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.runner.logfile import LogWriter
from apps.runner.logfollow import LogFollower
from apps.runner.logindex import MAX_ENTRIES
from apps.runner.loglayout import Stream
from apps.runner.logread import LogPiece
from apps.runner.spec import LogLimits

BOTH = dict.fromkeys(Stream, 0)


def texts(pieces: list[LogPiece], stream: Stream) -> bytes:
    return b"".join(piece.data for piece in pieces if piece.stream is stream)


def test_a_folder_that_is_not_there_yet_has_nothing_to_tell(tmp_path: Path) -> None:
    for is_over in (False, True):
        assert list(LogFollower(tmp_path / "none", BOTH).read(is_over=is_over)) == []


def test_output_comes_in_its_order_with_its_times(tmp_path: Path) -> None:
    now = iter([1.0, 2.0, 3.0, 4.0])
    writer = LogWriter(tmp_path, limits=LogLimits(), clock=lambda: next(now))
    writer.write(Stream.STDOUT, b"a")
    writer.write(Stream.STDERR, b"b")
    writer.write(Stream.STDOUT, b"c")
    writer.close()

    pieces = LogFollower(tmp_path, BOTH).read(is_over=True)

    assert [(piece.at_ms, piece.stream, piece.offset, piece.data) for piece in pieces] == [
        (1000, Stream.STDOUT, 0, b"a"),
        (2000, Stream.STDERR, 0, b"b"),
        (3000, Stream.STDOUT, 1, b"c"),
    ]


def test_what_is_not_in_the_index_yet_is_told_when_it_is_or_when_nobody_writes_any_more(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path, limits=LogLimits())
    writer.write(Stream.STDOUT, b"a")
    follower = LogFollower(tmp_path, BOTH)
    assert list(follower.read(is_over=False)) == []
    assert [(piece.data, piece.at_ms) for piece in LogFollower(tmp_path, BOTH).read(is_over=True)] == [(b"a", None)]
    writer.do_deferred_work()
    assert [piece.data for piece in follower.read(is_over=False)] == [b"a"]
    assert list(follower.read(is_over=True)) == []
    writer.close()


def test_each_read_goes_on_where_the_one_before_ended_as_the_log_grows(tmp_path: Path) -> None:
    now = iter(range(100))
    writer = LogWriter(tmp_path, limits=LogLimits(), clock=lambda: float(next(now)))
    follower = LogFollower(tmp_path, BOTH)
    told = []
    for number in range(20):
        writer.write(list(Stream)[number % 2], b"%d " % number)
        if number % 3 == 0:
            told += list(follower.read(is_over=False))
    writer.close()
    told += list(follower.read(is_over=True))
    assert b"".join(piece.data for piece in told) == b"".join(b"%d " % number for number in range(20))


def test_one_stream_alone(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path, limits=LogLimits())
    writer.write(Stream.STDOUT, b"out")
    writer.write(Stream.STDERR, b"err")
    writer.close()
    assert [piece.data for piece in LogFollower(tmp_path, {Stream.STDERR: 1}).read(is_over=True)] == [b"rr"]


def test_an_index_that_is_written_anew_because_it_is_full_loses_and_repeats_nothing(tmp_path: Path) -> None:
    moments = iter(range(10**9))
    writer = LogWriter(tmp_path, limits=LogLimits(), clock=lambda: float(next(moments)))
    follower = LogFollower(tmp_path, BOTH)
    told: list[LogPiece] = []
    lines = [b"%06d\n" % number for number in range(3 * MAX_ENTRIES)]
    for number, line in enumerate(lines):
        writer.write(list(Stream)[number % 2], line)
        if number % 1000 == 0:
            told += follower.read(is_over=False)
    writer.close()
    told += follower.read(is_over=True)
    assert texts(told, Stream.STDOUT) == b"".join(lines[::2])
    assert texts(told, Stream.STDERR) == b"".join(lines[1::2])


def test_compressed_parts_are_read_through_and_dropped_ones_are_a_gap(tmp_path: Path) -> None:
    limits = LogLimits(head_bytes=1000, tail_bytes=4000, part_bytes=1000, total_bytes=12_000)
    writer = LogWriter(tmp_path, limits=limits)
    for number in range(5000):
        writer.write(Stream.STDOUT, b"%09d\n" % number)
        writer.do_deferred_work()
    writer.close()
    assert list(tmp_path.glob("*.gz"))
    pieces = list(LogFollower(tmp_path, BOTH).read(is_over=True))
    (gap,) = [piece for piece in pieces if piece.gap]
    assert gap.gap == writer.totals(Stream.STDOUT).truncated_bytes
    assert texts(pieces, Stream.STDOUT).endswith(b"000004999\n")


@settings(max_examples=50, deadline=None)
@given(
    plan=st.lists(st.tuples(st.sampled_from(list(Stream)), st.binary(min_size=1, max_size=50)), max_size=40),
    cut=st.integers(0, 40),
)
def test_a_follower_that_goes_on_at_the_offsets_another_reached_tells_exactly_the_rest(
    plan: list[tuple[Stream, bytes]], cut: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        writer = LogWriter(Path(folder), limits=LogLimits())
        for stream, data in plan:
            writer.write(stream, data)
        writer.close()
        pieces = list(LogFollower(Path(folder), BOTH).read(is_over=True))
        reached = {
            stream: max((piece.offset + len(piece.data) for piece in pieces[:cut] if piece.stream is stream), default=0)
            for stream in Stream
        }
        rest = list(LogFollower(Path(folder), reached).read(is_over=True))
        assert [(piece.stream, piece.data) for piece in rest] == [(piece.stream, piece.data) for piece in pieces[cut:]]


def test_following_while_the_writer_writes_gives_every_byte_once(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path, limits=LogLimits())
    follower = LogFollower(tmp_path, BOTH)
    told: list[LogPiece] = []
    has_closed = threading.Event()

    def follow() -> None:
        while not has_closed.is_set():
            told.extend(follower.read(is_over=False))
        told.extend(follower.read(is_over=True))

    thread = threading.Thread(target=follow)
    thread.start()
    lines = [b"%09d\n" % number for number in range(20_000)]
    for number, line in enumerate(lines):
        writer.write(Stream.STDERR if number % 5 == 0 else Stream.STDOUT, line)
    writer.close()
    has_closed.set()
    thread.join(60)
    assert not thread.is_alive()
    assert texts(told, Stream.STDERR) == b"".join(lines[::5])
    assert texts(told, Stream.STDOUT) == b"".join(line for number, line in enumerate(lines) if number % 5)
