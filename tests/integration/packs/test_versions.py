import errno
import os
import stat
import tarfile
import threading
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from apps.core.errors import NotFound
from apps.packs import versions
from apps.packs.loader import PackInvalid
from apps.packs.staging import discard
from apps.runner.removal import remove_tree
from tests.factories import write_pack
from tests.factories.packs import digest_of


def staging() -> list[Path]:
    return list((Path(settings.ATTUNE_PACKS_DIR) / ".staging").iterdir())


def mistakes(source: Path) -> list[str]:
    with pytest.raises(PackInvalid) as refused, versions.stage(source):
        pass
    return [str(error) for error in refused.value.errors] or [refused.value.detail]


def kept(source: Path, ref: str) -> tuple[str, Path]:
    with versions.stage(source) as staged:
        versions.keep(staged, ref)
        return staged.digest, versions.folder_of(ref, staged.digest)


def test_what_is_staged_is_a_copy_that_is_gone_afterwards(tmp_path: Path) -> None:
    source = write_pack(tmp_path / "source")
    with versions.stage(source) as staged:
        (source / "actions/deploy.sh").write_text("echo changed\n")
        assert (staged.folder / "actions/deploy.sh").read_text() == "echo hello\n"
        sizes = [path.stat().st_size for path in staged.folder.rglob("*") if path.is_file()]
        assert (staged.file_count, staged.size_bytes) == (3, sum(sizes))
    assert staging() == []


def test_the_digest_follows_names_contents_and_executable_bits_and_nothing_else(tmp_path: Path) -> None:
    source = write_pack(tmp_path / "source")

    def digest() -> str:
        with versions.stage(source) as staged:
            return staged.digest

    first = digest()
    os.utime(source / "pack.yaml", (1, 1))
    (source / "pack.yaml").chmod(0o600)
    (source / "__pycache__").mkdir()
    (source / "__pycache__/x.pyc").write_bytes(b"x")
    (source / ".git").mkdir()
    assert digest() == first
    (source / "actions/deploy.sh").chmod(0o755)
    executable = digest()
    (source / "actions/deploy.sh").rename(source / "actions/other.sh")
    renamed = digest()
    (source / "actions/other.sh").write_text("echo bye\n")
    assert len({first, executable, renamed, digest()}) == 4


def test_links_devices_and_strange_names_are_told_all_at_once(tmp_path: Path) -> None:
    source = write_pack(tmp_path / "source")
    (source / "link").symlink_to("/etc/passwd")
    (source / "lib").symlink_to("/etc")
    os.mkfifo(source / "pipe")
    Path(os.fsdecode(os.fsencode(source) + b"/caf\xe9")).write_text("x")
    said = mistakes(source)
    assert [line.partition(":")[0] for line in said] == ["caf\N{REPLACEMENT CHARACTER}", "lib", "link", "pipe"]
    assert "not UTF-8" in said[0]
    assert "link" in said[1]
    assert staging() == []


def test_folders_without_an_end_are_refused(tmp_path: Path) -> None:
    source = write_pack(tmp_path / "source")
    folder = os.open(source, os.O_RDONLY)
    for _ in range(1_200):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    (said,) = mistakes(source)
    assert "deeper than 64 folders" in said
    remove_tree(source)  # pytest's own way recurses as deep as the folders


def test_too_many_files_and_too_many_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_pack(tmp_path / "source")
    monkeypatch.setattr(versions, "MAX_FILES", 2)
    assert "larger than" in mistakes(source)[0]
    monkeypatch.setattr(versions, "MAX_FILES", 5_000)
    monkeypatch.setattr(versions, "MAX_BYTES", 50)
    assert "larger than" in mistakes(source)[0]


def test_a_kept_version_lies_read_only_under_its_digest(tmp_path: Path) -> None:
    source = write_pack(tmp_path / "source", ref="acme.web")
    (source / "actions/deploy.sh").chmod(0o755)
    digest, folder = kept(source, "acme.web")
    assert folder == Path(settings.ATTUNE_PACKS_DIR) / "acme_web" / digest[:12]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}
    assert modes == {
        folder.name: 0o555,
        "pack.yaml": 0o444,
        "actions": 0o555,
        "deploy.yaml": 0o444,
        "deploy.sh": 0o555,
    }
    assert digest_of(folder) == digest


def test_another_host_unpacks_the_same_from_the_archive(tmp_path: Path) -> None:
    source = write_pack(tmp_path / "source")
    (source / "actions/deploy.sh").chmod(0o755)
    digest, folder = kept(source, "acme")
    discard(folder)
    assert not folder.exists()
    assert versions.ensure_unpacked("acme", digest) == folder
    assert digest_of(folder) == digest
    assert stat.S_IMODE(folder.stat().st_mode) == 0o555
    assert staging() == []


def test_an_archive_that_is_nowhere_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not in storage"):
        versions.ensure_unpacked("acme", "f" * 64)


def test_an_archive_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_pack(tmp_path / "source", ref="halfway")
    save = default_storage.save

    def save_half(name: str, content: "File[bytes]") -> str:
        save(name, ContentFile(content.read()[:100]))
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(default_storage, "save", save_half)
        with pytest.raises(OSError, match="No space"):
            kept(source, "halfway")
    digest, folder = kept(source, "halfway")
    discard(folder)
    assert digest_of(versions.ensure_unpacked("halfway", digest)) == digest


def test_equal_content_makes_equal_archives(tmp_path: Path) -> None:
    digest, folder = kept(write_pack(tmp_path / "source", ref="equal"), "equal")
    archive = Path(default_storage.path(f"packs/equal/{digest}.tar.gz"))
    first = archive.read_bytes()
    archive.unlink()
    discard(folder)
    os.utime(tmp_path / "source/pack.yaml", (1, 1))
    kept(tmp_path / "source", "equal")
    assert archive.read_bytes() == first
    with tarfile.open(archive) as members:
        assert {(member.uid, member.mtime, member.uname) for member in members} == {(0, 0, "")}


@pytest.mark.parametrize("name", ["secret", "lib"])
def test_a_link_that_comes_after_the_look_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The folder may be somebody's who may read less than the conductor."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keyring").write_text("canary")
    source = write_pack(tmp_path / "pack", files={"secret": "mine", "lib/keyring": "mine"})
    look = os.scandir

    def swapped(folder: object) -> object:
        if not os.path.samestat(os.stat(folder), source.stat()):  # type: ignore[arg-type]  # noqa: PTH116 - as below
            return look(folder)  # type: ignore[call-overload]  # as below
        monkeypatch.setattr(os, "scandir", look)
        entries = list(look(folder))  # type: ignore[call-overload]  # a path or a descriptor
        (source / name).rename(tmp_path / "away")
        (source / name).symlink_to(outside / "keyring" if name == "secret" else outside)
        return entries

    monkeypatch.setattr(os, "scandir", swapped)
    assert [line.partition(":")[0] for line in mistakes(source)] == [name]


def test_a_file_that_grows_is_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_pack(tmp_path / "pack", files={"data": "x"})
    monkeypatch.setattr(versions, "MAX_BYTES", 10_000)
    look = os.scandir

    def growing(folder: object) -> object:
        if not os.path.samestat(os.stat(folder), source.stat()):  # type: ignore[arg-type]  # noqa: PTH116 - as below
            return look(folder)  # type: ignore[call-overload]  # as below
        monkeypatch.setattr(os, "scandir", look)
        entries = list(look(folder))  # type: ignore[call-overload]  # as above
        for entry in entries:
            entry.stat()  # remembered
        (source / "data").write_bytes(bytes(20_000))
        return entries

    monkeypatch.setattr(os, "scandir", growing)
    assert "larger than" in mistakes(source)[0]


def test_two_processes_that_keep_the_same_version_leave_one_whole_copy(tmp_path: Path) -> None:
    source = write_pack(tmp_path / "source", ref="twice")
    failures: list[BaseException] = []
    barrier = threading.Barrier(4, timeout=30)

    def keep() -> None:
        barrier.wait()
        try:
            kept(source, "twice")
        except BaseException as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    threads = [threading.Thread(target=keep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    folder = Path(settings.ATTUNE_PACKS_DIR) / "twice"
    (only,) = folder.iterdir()
    assert digest_of(only)[:12] == only.name
    assert len(default_storage.listdir("packs/twice")[1]) == 1


def test_what_a_killed_process_left_behind_is_removed_by_the_next(tmp_path: Path) -> None:
    source = write_pack(tmp_path / "source")
    digest, folder = kept(source, "acme")
    discard(folder)
    old = time.time() - 2 * 3600
    left = [Path(settings.ATTUNE_PACKS_DIR) / ".staging" / "tmpdead", folder.parent / f".{folder.name}.dead"]
    fresh = folder.parent / f".{folder.name}.alive"
    for path in [*left, fresh]:
        write_pack(path / "pack")
        (path / "pack").chmod(0o555)
    for path in left:
        os.utime(path, (old, old))
    versions.ensure_unpacked("acme", digest)
    assert [path.exists() for path in [*left, fresh]] == [False, False, True]
    discard(fresh)
