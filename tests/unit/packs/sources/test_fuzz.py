"""Whatever bytes come, the extractor unpacks below its folder or refuses; it never fails otherwise."""

import gzip
import io
import tarfile
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core.errors import AttuneError
from apps.packs.sources.extract import extract
from tests.factories.archives import tar_bytes, tar_gz, zipped
from tests.unit.packs.sources.hostile import tar_of, zip_of

BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
NAMES = st.text(st.sampled_from("aA.é/\\\x00\x1b") | st.characters(codec="utf-8"), min_size=1, max_size=40)
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES}, optional={"kind": st.sampled_from("0125SLKxg7"), "size": st.integers(0, 5_000)}
    ),
    max_size=6,
)
SOUND = {"pack.yaml": b"ref: acme\n", "actions/run.sh": b"echo hello\n" * 50, "lib/é.py": b"x = 1\n"}


def unpack(archive: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder) / "room"
        room.mkdir()
        try:
            extract(io.BytesIO(archive), room / "target")
        except AttuneError:
            assert list(room.iterdir()) == []
        else:
            assert list(room.iterdir()) == [room / "target"]
        assert list(Path(folder).iterdir()) == [room]


@BOUNDED
@given(entries=ENTRIES)
def test_any_names_and_kinds(entries: list[dict[str, object]]) -> None:
    for make in (tar_of, zip_of):
        try:
            archive = make(entries)
        except (ValueError, UnicodeError):  # the standard library does not write that
            continue
        unpack(archive)


@BOUNDED
@given(changes=st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_sound_archive_with_changed_bytes(changes: list[tuple[int, int]]) -> None:
    tar = bytearray(tar_bytes(_members()))
    archive = bytearray(zipped(SOUND))
    packed = bytearray(tar_gz(SOUND))
    for at, value in changes:
        tar[at % len(tar)] = archive[at % len(archive)] = packed[at % len(packed)] = value
    for data in (gzip.compress(bytes(tar), 1), bytes(archive), bytes(packed)):
        unpack(data)


@BOUNDED
@given(head=st.sampled_from([b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"PK\x05\x06", b""]), rest=st.binary(max_size=2_000))
def test_any_bytes(head: bytes, rest: bytes) -> None:
    unpack(head + rest)
    unpack(gzip.compress(rest, 1))


def _members() -> list[tuple[tarfile.TarInfo, bytes]]:
    return [(tarfile.TarInfo(name), content) for name, content in SOUND.items()]
