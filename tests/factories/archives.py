"""Archives as strangers may make them: any name, any kind, any content."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path


def tar_bytes(members: Iterable[tuple[tarfile.TarInfo, bytes]], *, form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive that is not compressed."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form) as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return target.getvalue()


def tar_gz(files: Mapping[str, bytes]) -> bytes:
    """Regular files, by name."""
    return gzip.compress(tar_bytes((tarfile.TarInfo(name), content) for name, content in files.items()), 6, mtime=0)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Regular files, by name, deflated."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def files_of(folder: Path, *, below: str = "") -> dict[str, bytes]:
    """The files of a folder by their path in it, as if they lay below another one."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {below + path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
