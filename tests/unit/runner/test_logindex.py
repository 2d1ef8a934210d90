from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from apps.runner.logindex import Entry, IndexWriter, coarsened, read_index, read_totals
from apps.runner.loglayout import Stream
from apps.runner.outcome import StreamTotals

TOTALS = {stream: StreamTotals(total_bytes=10, truncated_bytes=3) for stream in Stream}


def keep_all(_stream: Stream, _start: int, _end: int) -> bool:
    return True


def test_entries_come_back_as_they_were_written(tmp_path: Path) -> None:
    entries = [
        Entry(1000, Stream.STDOUT, 0, 5),
        Entry(1000, Stream.STDERR, 0, 7),
        Entry(1200, Stream.STDOUT, 5, 1),
    ]
    index = IndexWriter(tmp_path, keeps=keep_all)
    for entry in entries:
        index.add(entry)
    index.end(2000, TOTALS)
    index.close()

    assert read_index(tmp_path) == (entries, TOTALS)
    assert read_totals(tmp_path) == TOTALS


def test_neighbours_of_one_stream_within_a_moment_share_an_entry(tmp_path: Path) -> None:
    index = IndexWriter(tmp_path, keeps=keep_all)
    for at_ms, offset in ((1000, 0), (1050, 10), (1099, 20), (1100, 30)):
        index.add(Entry(at_ms, Stream.STDOUT, offset, 10))
    index.flush()
    index.close()

    assert read_index(tmp_path).entries == [
        Entry(1000, Stream.STDOUT, 0, 30),
        Entry(1100, Stream.STDOUT, 30, 10),
    ]


def test_an_index_never_grows_beyond_its_bound_and_covers_all_bytes(tmp_path: Path) -> None:
    index = IndexWriter(tmp_path, keeps=keep_all, max_entries=16)
    for number in range(500):
        for stream in Stream:
            index.add(Entry(number * 1000, stream, number * 3, 3))
        assert len(read_index(tmp_path).entries) <= 16
    index.end(500_000, TOTALS)
    index.close()

    entries = read_index(tmp_path).entries
    for stream in Stream:
        mine = [entry for entry in entries if entry.stream is stream]
        assert mine[0].offset == 0
        assert all(left.end == right.offset for left, right in pairwise(mine))
        assert mine[-1].end == 1500


def test_a_full_index_forgets_what_is_not_kept_before_it_becomes_coarser(tmp_path: Path) -> None:
    index = IndexWriter(tmp_path, keeps=lambda _stream, start, _end: start >= 600, max_entries=16)
    for number in range(64):
        index.add(Entry(number * 1000, Stream.STDOUT, number * 10, 10))
    index.flush()
    index.close()

    kept = [entry for entry in read_index(tmp_path).entries if entry.offset >= 600]
    assert [entry.length for entry in kept] == [10, 10, 10, 10]


@given(st.lists(st.sampled_from(Stream), max_size=40))
def test_coarser_means_half_as_many_entries_in_the_order_of_time(streams: list[Stream]) -> None:
    position = dict.fromkeys(Stream, 0)
    entries = []
    for number, stream in enumerate(streams):
        entries.append(Entry(number, stream, position[stream], 2))
        position[stream] += 2

    coarse = list(coarsened(entries))

    assert len(coarse) <= len(entries) // 2 + 2
    for stream in Stream:
        assert sum(entry.length for entry in coarse if entry.stream is stream) == position[stream]


def test_a_line_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("1000 o 0 5\n1200 o 5")

    assert read_index(tmp_path).entries == [Entry(1000, Stream.STDOUT, 0, 5)]
    assert read_totals(tmp_path) is None


def test_half_a_line_in_the_middle_spoils_only_itself(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("1000 o 0 5\n1200 o\n1300 o 9 1\nend 1400 10 3 10 3\n")

    assert [entry.offset for entry in read_index(tmp_path).entries] == [0, 9]
    assert read_totals(tmp_path) == TOTALS


def test_no_index_reads_like_an_empty_one(tmp_path: Path) -> None:
    assert read_index(tmp_path) == ([], None)
    assert read_totals(tmp_path) is None
