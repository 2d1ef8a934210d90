import gzip
import resource
import stat
from pathlib import Path

from apps.runner.logfile import LogWriter
from apps.runner.loglayout import Stream
from apps.runner.logread import LogReader
from apps.runner.outcome import StreamTotals
from apps.runner.spec import LogLimits

SMALL = LogLimits(head_bytes=10, tail_bytes=20, part_bytes=5, total_bytes=80)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_short_log_is_one_plain_file_and_an_index(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path / "deep" / "log", limits=LogLimits(), clock=lambda: 1763721234.5)
    writer.write(Stream.STDOUT, b"hello\n")
    writer.close()

    folder = tmp_path / "deep" / "log"
    assert names(folder) == ["index", "stdout.log"]
    assert (folder / "stdout.log").read_bytes() == b"hello\n"
    assert (folder / "index").read_text() == "1763721234500 o 0 6\nend 1763721234500 6 0 0 0\n"


def test_the_files_are_private(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path / "log", limits=SMALL)
    writer.write(Stream.STDOUT, b"x" * 100)
    writer.close()

    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "log").iterdir()} == {0o600}


def test_a_run_without_output_leaves_only_the_end_of_its_index(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path / "log", limits=LogLimits())
    writer.close()
    writer.close()

    assert names(tmp_path / "log") == ["index"]
    assert LogReader(tmp_path / "log").read(Stream.STDOUT).is_end


def test_the_tail_is_dropped_part_by_part_and_compressed_in_the_end(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path, limits=SMALL)
    for number in range(10):
        writer.write(Stream.STDOUT, b"%05d" % number)
    assert names(tmp_path) == [
        "stdout.00000000000000000030.log",
        "stdout.00000000000000000035.log",
        "stdout.00000000000000000040.log",
        "stdout.00000000000000000045.log",
        "stdout.log",
    ]
    writer.close()

    assert gzip.decompress((tmp_path / "stdout.00000000000000000045.log.gz").read_bytes()) == b"00009"
    assert not list(tmp_path.glob("stdout.0*.log"))


def test_complete_parts_are_compressed_when_there_is_a_moment(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path, limits=SMALL)
    writer.write(Stream.STDOUT, b"x" * 22)
    while writer.has_deferred_work:
        writer.do_deferred_work()

    assert [name for name in names(tmp_path) if name.startswith("stdout.0")] == [
        "stdout.00000000000000000010.log.gz",
        "stdout.00000000000000000015.log.gz",
        "stdout.00000000000000000020.log",
    ]
    writer.close()


def test_two_long_streams_share_what_both_may_have(tmp_path: Path) -> None:
    limits = LogLimits(head_bytes=10, tail_bytes=40, part_bytes=5, total_bytes=60)
    writer = LogWriter(tmp_path, limits=limits)
    for _ in range(20):
        writer.write(Stream.STDOUT, b"o" * 5)
    for _ in range(20):
        writer.write(Stream.STDERR, b"e" * 5)
    writer.close()

    kept = {stream: 100 - writer.totals(stream).truncated_bytes for stream in Stream}
    assert sum(kept.values()) <= 60
    assert min(kept.values()) >= 25


def test_nothing_is_kept_where_nothing_may_be_kept(tmp_path: Path) -> None:
    limits = LogLimits(head_bytes=10, tail_bytes=10, part_bytes=5, total_bytes=0)
    writer = LogWriter(tmp_path, limits=limits)
    writer.write(Stream.STDOUT, b"lost")
    writer.close()

    assert writer.totals(Stream.STDOUT).truncated_bytes == 4
    assert not writer.failed
    assert b"".join(LogReader(tmp_path).everything(Stream.STDOUT)) == b"[attune: 4 bytes truncated]\n"


def test_a_folder_that_cannot_be_made_fails_the_log_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    writer = LogWriter(tmp_path / "file" / "log", limits=SMALL)
    writer.write(Stream.STDOUT, b"lost")
    writer.write(Stream.STDOUT, b"lost")
    writer.close()

    assert writer.failed
    assert writer.totals(Stream.STDOUT).truncated_bytes == 8


def test_a_folder_that_goes_while_a_part_is_begun_fails_the_log(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    writer = LogWriter(folder, limits=SMALL)
    writer.write(Stream.STDOUT, b"x" * 8)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    writer.write(Stream.STDOUT, b"x" * 8)

    assert writer.failed
    writer.close()


def test_a_file_that_was_removed_under_the_writer_fails_the_log(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path, limits=SMALL)
    writer.write(Stream.STDOUT, b"x")
    (tmp_path / "stdout.log").unlink()
    writer.close()

    assert writer.failed


def test_a_disk_that_takes_no_more_fails_the_log_and_what_was_written_stays(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path, limits=LogLimits())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6, hard))  # the error of a full disk, without one
    try:
        writer.write(Stream.STDERR, b"abcd")
        writer.write(Stream.STDERR, b"efgh")
        writer.write(Stream.STDOUT, b"ijk")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    writer.close()

    assert writer.failed
    assert LogReader(tmp_path).read(Stream.STDERR).data == b"abcdef"
    assert writer.totals(Stream.STDERR) == StreamTotals(total_bytes=8, truncated_bytes=2)
    assert writer.totals(Stream.STDOUT) == StreamTotals(total_bytes=3, truncated_bytes=3)


def test_a_part_that_cannot_be_compressed_stays_as_it_is(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path, limits=SMALL)
    writer.write(Stream.STDOUT, b"x" * 17)
    (tmp_path / "stdout.00000000000000000010.log.gz.tmp").mkdir()
    writer.close()

    assert not writer.failed
    assert (tmp_path / "stdout.00000000000000000010.log").read_bytes() == b"x" * 5
    assert LogReader(tmp_path).read(Stream.STDOUT).data == b"x" * 17
