"""Makes the hostile archives that the catalogue describes."""

import gzip
import io
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from tests.factories.archives import tar_bytes, tar_gz, zipped

_LINK_MODE = 0o120777
Entry = dict[str, Any]


def tar_of(entries: list[Entry]) -> bytes:
    return gzip.compress(tar_bytes(_members(entries), form=tarfile.GNU_FORMAT), 6)


def _members(entries: list[Entry]) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for name, entry in _named(entries):
        info = tarfile.TarInfo(name)
        info.type = str(entry.get("kind", "2" if "link" in entry else "0")).encode()
        info.linkname = entry.get("link", "")
        yield info, bytes(entry.get("size", 1 if info.type == b"0" else 0))


def zip_of(entries: list[Entry]) -> bytes:
    target = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # names that stand twice
        for name, entry in _named(entries):
            info = zipfile.ZipInfo("x")
            info.filename = info.orig_filename = name + ("/" if entry.get("kind") == "5" and name[-1] != "/" else "")
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            mode = int(str(entry.get("mode", "0")), 8) or (_LINK_MODE if "link" in entry else 0o100644)
            info.external_attr = (0o40755 if entry.get("kind") == "5" else mode) << 16
            content = entry.get("link", "").encode() or bytes(entry.get("size", 1))
            archive.writestr(info, b"" if entry.get("kind") == "5" else content)
    data = bytearray(target.getvalue())
    for entry in entries:
        _change_headers(data, entry)
    return bytes(data)


def _change_headers(data: bytearray, entry: Entry) -> None:
    for mark, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        if "flags" in entry:
            struct.pack_into("<H", data, at + flags_at, entry["flags"])
        if "method" in entry:
            struct.pack_into("<H", data, at + flags_at + 2, entry["method"])


def _named(entries: list[Entry]) -> Iterator[tuple[str, Entry]]:
    for entry in entries:
        base = entry["name"] * entry.get("repeat", 1) + entry.get("suffix", "")
        times = entry.get("times", 1)
        for number in range(times):
            yield (base if times == 1 else f"{base}{number}"), entry


def _header(name: bytes, kind: bytes, size: bytes) -> bytes:
    """A tar header with a right sum."""
    head = bytearray(512)
    head[0 : len(name)] = name
    head[100:108], head[124:136] = b"0000644\0", size.ljust(12, b"\0")
    head[156:157], head[257:265] = kind, b"ustar\x0000"
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


def _octal(size: int) -> bytes:
    return b"%011o\0" % size


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


def _pax(content: bytes) -> bytes:
    return _header(b"pax", b"x", _octal(len(content))) + _padded(content) + _header(b"a", b"0", _octal(0)) + bytes(1024)


def _damaged(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def _zip_with(at_from_end: int, value: bytes) -> bytes:
    data = bytearray(zipped({"a": b"x"}))
    end = len(data) - 22
    data[end + at_from_end : end + at_from_end + len(value)] = value
    return bytes(data)


def _zip64() -> bytes:
    data = zipped({"a": b"x"})
    return data[:-22] + b"PK\x06\x07" + bytes(16) + data[-22:]


def _two_names() -> bytes:
    data = zipped({"aaaa": b"x"})
    return data.replace(b"aaaa", b"bbbb", 1)


def _overlapping() -> bytes:
    """Many entries of the directory that share one content."""
    one = zipped({"a000": bytes(900_000)})
    end = one.rfind(b"PK\x05\x06")
    directory_at = one.rfind(b"PK\x01\x02")
    row = one[directory_at:end]
    rows = b"".join(row.replace(b"a000", b"a%03d" % number) for number in range(200))
    tail = bytearray(one[end:])
    struct.pack_into("<HHII", tail, 8, 200, 200, len(rows), directory_at)
    return one[:directory_at] + rows + bytes(tail)


def _endless() -> bytes:
    return gzip.compress(_header(b"folder", b"5", _octal(0)) + _header(b"g", b"g", _octal(0)) * 300_000, 9)


MADE: dict[str, Callable[[], bytes]] = {
    "plain_tar": lambda: tar_bytes([(tarfile.TarInfo("a"), b"x")]),
    "empty_gzip": lambda: gzip.compress(b""),
    "gzip_of_text": lambda: gzip.compress(b"hello world" * 100),
    "cut_gzip": lambda: tar_gz({"a": bytes(range(256)) * 100})[:-400],
    "wrong_gzip": lambda: _damaged(tar_gz({"a": b"x" * 1000}), -6),
    "wrong_tar": lambda: gzip.compress(_damaged(tar_bytes([(tarfile.TarInfo("a"), b"x")]), 3)),
    "odd_number": lambda: gzip.compress(_header(b"a", b"0", b"9x") + bytes(1024)),
    "negative_size": lambda: gzip.compress(_header(b"a", b"0", b"\xff" * 12) + bytes(1024)),
    "huge_size": lambda: gzip.compress(_header(b"a", b"0", b"\x80" + b"\x7f" * 11) + bytes(1024)),
    "huge_header": lambda: gzip.compress(_header(b"a", b"x", _octal(1024**3)) + bytes(1024)),
    "many_headers": lambda: gzip.compress(_pax(b"11 path=ab\n")[:1024] * 10_000 + bytes(1024)),
    "spoilt_pax": lambda: gzip.compress(_pax(b"99999 path=a\n")),
    "sparse_pax": lambda: gzip.compress(_pax(b"22 GNU.sparse.major=1\n")),
    "endless_padding": lambda: gzip.compress(b"".join(_header(b"d", b"5", _octal(0)) for _ in range(1)) * 300_000, 9),
    "cut_zip": lambda: zipped({"a": b"x" * 1000})[:-30],
    "wrong_zip": lambda: _damaged(zipped({"a": bytes(range(256))}), 60),
    "huge_directory": lambda: _zip_with(12, struct.pack("<I", 20_000_000)),
    "zip64": _zip64,
    "two_names": _two_names,
    "overlapping": _overlapping,
}
