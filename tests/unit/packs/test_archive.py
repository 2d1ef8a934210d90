import io
import tarfile
from pathlib import Path

import pytest

from apps.packs.archive import BadArchive, unpack_archive, write_archive


def packed(folder: Path) -> bytes:
    target = io.BytesIO()
    write_archive(folder, sorted(path for path in folder.rglob("*") if path.is_file()), target)
    return target.getvalue()


def test_what_was_packed_comes_out_again_with_its_executable_bits(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "actions").mkdir(parents=True)
    (source / "pack.yaml").write_text("ref: acme\n")
    (source / "actions" / "run.sh").write_text("#!/bin/sh\n")
    (source / "actions" / "run.sh").chmod(0o755)
    unpack_archive(io.BytesIO(packed(source)), tmp_path / "target")
    assert (tmp_path / "target" / "pack.yaml").read_text() == "ref: acme\n"
    assert (tmp_path / "target" / "actions" / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "target" / "pack.yaml").stat().st_mode & 0o777 == 0o644


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pack.yaml").write_text("ref: acme\n")
    assert packed(tmp_path / "one") == packed(tmp_path / "two")


def link(info: tarfile.TarInfo) -> None:
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"


def above(info: tarfile.TarInfo) -> None:
    info.name = "../outside"


def absolute(info: tarfile.TarInfo) -> None:
    info.name = "/outside"


def device(info: tarfile.TarInfo) -> None:
    info.type = tarfile.CHRTYPE


@pytest.mark.parametrize("change", [link, above, absolute, device])
def test_what_attune_did_not_write_is_refused(tmp_path: Path, change: object) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        info = tarfile.TarInfo("file")
        change(info)  # type: ignore[operator]  # one of the functions above
        tar.addfile(info)
    archive.seek(0)
    with pytest.raises(BadArchive):
        unpack_archive(archive, tmp_path / "target")
    assert list((tmp_path / "target").iterdir()) == []
