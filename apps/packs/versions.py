"""Pack versions as files: staged, named by their digest, kept as archives, unpacked read-only where they are needed."""

import hashlib
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from apps.core.errors import NO_ROOM, DiskFull, ErrorCollector, NotFound
from apps.core.refs import safe_name
from apps.packs.archive import unpack_archive, write_archive
from apps.packs.loader import PackInvalid
from apps.packs.staging import discard, private_folder

#: Limits of one pack, counted while it is copied.
MAX_FILES = 5_000
MAX_BYTES = 100 * 1024 * 1024
#: Never part of a pack: version control, caches, environments made beside the code.
IGNORED = frozenset({".git", ".hg", ".svn", "__pycache__", ".venv", "node_modules", ".mypy_cache", ".pytest_cache"})
#: Folder of archives in storage.
ARCHIVES = "packs"
_CHUNK = 1024 * 1024
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
#: A pipe that was put there does not hold us up.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
#: Deepest folder of a pack.
_MAX_DEPTH = 64
#: A private copy older than this was left behind by a process that was killed.
_LEFT_BEHIND_S = 3600.0


@dataclass(frozen=True)
class StagedPack:
    """A private copy of what is being installed; nobody can change it any more."""

    folder: Path
    digest: str
    size_bytes: int
    file_count: int


def folder_of(pack_ref: str, digest: str) -> Path:
    """Where a version lies on this host once it is unpacked."""
    return Path(settings.ATTUNE_PACKS_DIR) / safe_name(pack_ref) / digest[:12]


@contextmanager
def telling_no_room() -> Iterator[None]:
    """Makes of a full disk an error that says so: `DiskFull`. Nothing half-written is left by then."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        where = f" ({error.filename})" if error.filename else ""
        raise DiskFull(f"The pack could not be kept on this host: {error.strerror}{where}.") from error


@contextmanager
def stage(source: Path) -> Iterator[StagedPack]:
    """Copies `source` into a private folder, which is gone afterwards.

    Raises `PackInvalid` for what a pack may not hold.
    """
    with private_folder() as temporary:
        folder = temporary / "pack"
        errors = ErrorCollector()
        copier = _Copier(errors)
        copier.copy(source, folder)
        if errors.errors:
            raise PackInvalid(errors=errors.errors)
        yield StagedPack(folder, copier.digest, copier.size_bytes, copier.file_count)


def _discard_old(folders: Iterable[Path]) -> None:
    for path in folders:
        try:
            is_old = path.stat().st_mtime < time.time() - _LEFT_BEHIND_S
        except OSError:  # its owner has just removed it
            continue
        if is_old:
            discard(path)


def digest_there(source: Path) -> str | None:
    """Of what `source` holds right now, which its owner may change at any time; None where `stage` would refuse it."""
    copier = _Copier(errors := ErrorCollector())
    copier.copy(source, None)
    return None if errors.errors else copier.digest


class _Copier:
    """Copies regular files and folders, nothing else, and stops at the limits. Everything is opened below what was
    opened before, and no link is followed, whatever is put there meanwhile: who owns the folder may read less than the
    conductor does."""

    def __init__(self, errors: ErrorCollector) -> None:
        self.size_bytes = 0
        self.file_count = 0
        self._errors = errors
        self._lines: list[tuple[str, str]] = []

    def copy(self, source: Path, target: Path | None) -> None:
        """Without a target it is only read."""
        self._copy_folder(str(source), target, "", within=None, flags=_FOLDER)

    def _copy_folder(
        self, name: str, target: Path | None, path: str, *, within: int | None, flags: int, depth: int = 0
    ) -> None:
        if target is not None:
            target.mkdir(mode=0o755)
        try:
            folder = os.open(name, flags, dir_fd=within)
        except OSError as error:
            self._errors.add(path, 0, f"cannot be read: {error.strerror}")
            return
        try:
            for entry in sorted(os.scandir(folder), key=lambda item: item.name):
                if entry.name not in IGNORED and not entry.name.endswith(".pyc"):
                    inner = target / entry.name if target is not None else None
                    self._copy_entry(entry, inner, f"{path}/{entry.name}".lstrip("/"), folder, depth)
        finally:
            os.close(folder)

    def _copy_entry(self, entry: "os.DirEntry[str]", target: Path | None, path: str, folder: int, depth: int) -> None:
        if (shown := os.fsencode(path).decode(errors="replace")) != path:
            self._errors.add(shown, 0, "the name is not UTF-8", "rename it")
        elif entry.is_symlink():
            self._errors.add(path, 0, "a link; packs hold regular files and folders only", "put the file itself here")
        elif entry.is_dir(follow_symlinks=False):
            if depth < _MAX_DEPTH:
                flags = _FOLDER | os.O_NOFOLLOW
                self._copy_folder(entry.name, target, path, within=folder, flags=flags, depth=depth + 1)
            else:
                self._errors.add(path, 0, f"deeper than {_MAX_DEPTH} folders")
        else:
            self._copy_file(entry.name, target, path, within=folder)

    def _copy_file(self, name: str, target: Path | None, path: str, *, within: int) -> None:
        try:
            with open(os.open(name, _FILE, dir_fd=within), "rb") as file:  # noqa: PTH123 - it is a descriptor
                mode = os.fstat(file.fileno()).st_mode
                if not stat.S_ISREG(mode):
                    self._errors.add(path, 0, "neither a regular file nor a folder")
                    return
                self._count(path, files=1)
                content = hashlib.sha256()
                with target.open("wb") if target is not None else nullcontext() as copy:
                    while chunk := file.read(_CHUNK):
                        self._count(path, size=len(chunk))
                        if copy is not None:
                            copy.write(chunk)
                        content.update(chunk)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise
            self._errors.add(path, 0, f"cannot be read: {error.strerror}")
            return
        if target is not None:
            target.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
        self._lines.append((path, f"{'x' if mode & stat.S_IXUSR else '-'}\0{content.hexdigest()}"))

    @property
    def digest(self) -> str:
        """SHA-256 over the sorted paths, executable bits and contents of what was copied."""
        total = hashlib.sha256()
        for path, line in sorted(self._lines, key=lambda item: item[0].split("/")):
            total.update(f"{path}\0{line}\n".encode())
        return total.hexdigest()

    def _count(self, path: str, *, files: int = 0, size: int = 0) -> None:
        self.file_count += files
        self.size_bytes += size
        if self.file_count > MAX_FILES or self.size_bytes > MAX_BYTES:
            raise PackInvalid(f"The pack is larger than {MAX_FILES} files or {MAX_BYTES // 2**20} MiB (at {path}).")


def keep(staged: StagedPack, pack_ref: str) -> None:
    """Writes the version's archive to storage and unpacks it here. Idempotent."""
    name = archive_name(pack_ref, staged.digest)
    if not default_storage.exists(name):
        with tempfile.TemporaryFile() as archive:
            write_archive(staged.folder, _files(staged.folder), archive)
            archive.seek(0)
            _save_whole(name, File(archive))
    _publish(staged.folder, folder_of(pack_ref, staged.digest))


def _save_whole(name: str, archive: "File[bytes]") -> None:
    """Saves under `name` what is there whole or not at all, whenever this process is killed."""
    try:
        path = Path(default_storage.path(name))
    except NotImplementedError:  # object stores show nothing before it is complete
        default_storage.save(name, archive)
        return
    part = f"{name}.{secrets.token_hex(6)}.part"
    try:
        default_storage.save(part, archive)
    except OSError:
        default_storage.delete(part)
        raise
    Path(default_storage.path(part)).replace(path)


def ensure_unpacked(pack_ref: str, digest: str) -> Path:
    """The version's folder on this host, unpacked from its archive when it is not there yet. One `stat` when it is."""
    folder = folder_of(pack_ref, digest)
    if folder.is_dir():
        return folder
    name = archive_name(pack_ref, digest)
    if not default_storage.exists(name):
        raise NotFound(f"The archive of {pack_ref} {digest[:12]} is not in storage ({name}).")
    with private_folder() as temporary, default_storage.open(name) as archive:
        target = temporary / "pack"
        unpack_archive(archive, target)
        _publish(target, folder)
    return folder


def _publish(source: Path, target: Path) -> None:
    """Makes a copy of `source` appear at `target` whole and read-only, or not at all."""
    if target.is_dir():
        return
    if not target.parent.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.parent.chmod(0o755)  # whatever this process's umask: actions may run as another user
    _discard_old(target.parent.glob(".*"))
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _copy_tree(source, temporary)
        make_read_only(temporary)
        temporary.rename(target)
    except OSError:
        if not target.is_dir():  # another process may have been faster: then its copy is as good
            raise
    finally:
        discard(temporary)


def _copy_tree(source: Path, target: Path) -> None:
    """By links where the file system has them: nobody changes the private folder any more.

    `copytree` hides the number of an error among its words; a full disk keeps it.
    """
    try:
        shutil.copytree(source, target, dirs_exist_ok=True, copy_function=_link_or_copy)
    except shutil.Error as error:
        number = next((number for number in NO_ROOM if f"[Errno {number}]" in str(error)), None)
        raise (error if number is None else OSError(number, os.strerror(number), str(target))) from error


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
        shutil.copy2(source, target)


def make_writable(folder: Path) -> None:
    """For who owns it; what can be started stays so."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)


def make_read_only(folder: Path) -> None:
    """As whatever runs finds a pack: nobody writes there."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            path.chmod(0o555)
        else:
            path.chmod(0o555 if path.stat().st_mode & stat.S_IXUSR else 0o444)
    folder.chmod(0o555)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def archive_name(pack_ref: str, digest: str) -> str:
    """Of a version's archive in storage."""
    return f"{ARCHIVES}/{safe_name(pack_ref)}/{digest}.tar.gz"
