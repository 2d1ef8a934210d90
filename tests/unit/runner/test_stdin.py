import os

from apps.runner.stdin import Feeder


def drain(reader: int) -> bytes:
    content = b""
    while part := os.read(reader, 65536):
        content += part
    return content


def test_a_small_input_is_done_with_at_once() -> None:
    reader, writer = os.pipe()
    feeder = Feeder(writer, b"hello")
    feeder.feed()

    assert feeder.descriptor is None
    assert drain(reader) == b"hello"
    os.close(reader)


def test_no_input_is_the_end_of_file() -> None:
    reader, writer = os.pipe()
    Feeder(writer, b"").feed()

    assert os.read(reader, 1) == b""
    os.close(reader)


def test_a_large_input_is_written_as_the_reader_takes_it_and_never_blocks() -> None:
    content = os.urandom(1_000_000)
    reader, writer = os.pipe()
    feeder = Feeder(writer, content)
    taken = b""
    while feeder.descriptor is not None:
        feeder.feed()
        taken += os.read(reader, 50_000)

    assert taken + drain(reader) == content
    os.close(reader)


def test_a_reader_that_has_gone_ends_it() -> None:
    reader, writer = os.pipe()
    feeder = Feeder(writer, b"x" * 1_000_000)
    os.close(reader)
    feeder.feed()

    assert feeder.descriptor is None
    feeder.close()
