"""Old versions of packs: which are forgotten, and what goes with them."""

import os
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.storage import default_storage
from django.utils import timezone

from apps.core.errors import DiskFull
from apps.executions.retention.packs import collect_pack_versions
from apps.executions.states import Status
from apps.packs import retention, versions
from apps.packs.models import Pack, PackVersion
from apps.packs.retention import collect_pack_files, collect_unpacked
from apps.packs.services.install import install_pack
from apps.runtimes.models import Runtime
from tests.factories import make_execution, write_pack
from tests.small_disk import fill, small_disk

pytestmark = pytest.mark.usefixtures("committing_shell", "storage")

_LONG_AGO = timedelta(hours=2)


@pytest.fixture
def storage(settings: LazySettings, tmp_path: Path) -> None:
    """Archives of this test alone."""
    backend = "django.core.files.storage.FileSystemStorage"
    options = {"BACKEND": backend, "OPTIONS": {"location": tmp_path / "storage"}}
    settings.STORAGES = {**settings.STORAGES, "default": options}


def install(folder: Path, version: str) -> PackVersion:
    installed = install_pack(write_pack(folder, ref="tools", version=version), identity=None, force=True)
    return PackVersion.objects.get(digest=installed.digest)


def five(tmp_path: Path) -> list[PackVersion]:
    """Installed one after the other, long ago."""
    found = [install(tmp_path / "tools", f"1.0.{number}") for number in range(5)]
    Pack.objects.update(updated_at=timezone.now() - _LONG_AGO)
    return found


def known() -> list[str]:
    return sorted(PackVersion.objects.filter(pack__ref="tools").values_list("version", flat=True))


def test_the_newest_stay_to_go_back_to(tmp_path: Path) -> None:
    five(tmp_path)
    assert collect_pack_versions() == 3
    assert known() == ["1.0.3", "1.0.4"]
    assert collect_pack_versions() == 0


def test_what_serves_runs_or_brought_a_runtime_stays(tmp_path: Path) -> None:
    first, second, third, *_ = five(tmp_path)
    Pack.objects.update(current=first)
    make_execution(pack_ref="tools", pack_digest=second.digest, status=Status.RUNNING)
    make_execution(pack_ref="tools", pack_digest=third.digest, status=Status.SUCCEEDED)
    assert collect_pack_versions() == 1
    assert known() == ["1.0.0", "1.0.1", "1.0.3", "1.0.4"]
    Runtime.objects.update(pack_ref="tools", pack_digest=second.digest)
    make_execution(pack_ref="other", pack_digest=second.digest, status=Status.RUNNING)
    assert collect_pack_versions() == 0


def test_what_was_switched_a_moment_ago_stays_for_now(tmp_path: Path) -> None:
    five(tmp_path)
    Pack.objects.update(updated_at=timezone.now())
    assert collect_pack_versions() == 0


def test_files_go_after_the_versions_that_nobody_knows(
    tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = five(tmp_path)
    collect_pack_versions()
    assert collect_pack_files() == 0  # installed a moment ago, as far as files tell
    monkeypatch.setattr(retention, "_SPARED", timedelta(seconds=-5))
    assert collect_pack_files() == 6
    for number, version in enumerate(old):
        is_kept = number >= 3
        assert versions.folder_of("tools", version.digest).is_dir() is is_kept
        assert default_storage.exists(versions.archive_name("tools", version.digest)) is is_kept
    assert collect_pack_files() == 0


def test_an_archive_that_was_never_finished_goes(tmp_path: Path) -> None:
    version = install(tmp_path / "tools", "1.0.0")
    path = Path(default_storage.path(versions.archive_name("tools", version.digest) + ".abc.part"))
    path.write_bytes(b"half")
    assert collect_pack_files() == 0
    os.utime(path, (0, time.time() - _LONG_AGO.total_seconds()))
    assert collect_pack_files() == 1
    assert default_storage.exists(versions.archive_name("tools", version.digest))


def test_a_version_that_was_forgotten_can_be_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = five(tmp_path)[0]
    collect_pack_versions()
    monkeypatch.setattr(retention, "_SPARED", timedelta(seconds=-5))
    collect_pack_files()
    again = install(tmp_path / "tools", "1.0.0")
    assert again.digest == first.digest
    assert versions.folder_of("tools", first.digest).is_dir()


def test_files_that_are_removed_while_their_version_is_installed_again_are_there_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = five(tmp_path)[0]
    collect_pack_versions()
    monkeypatch.setattr(retention, "_SPARED", timedelta(seconds=-5))

    def remove(step: str, percent: int) -> None:
        if step == "register":
            collect_pack_files()

    source = write_pack(tmp_path / "tools", ref="tools", version="1.0.0")
    install_pack(source, identity=None, force=True, tell=remove)
    assert versions.folder_of("tools", first.digest).is_dir()
    assert default_storage.exists(versions.archive_name("tools", first.digest))


def test_a_folder_that_may_only_be_read_is_left_alone(
    settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_SPARED", timedelta(seconds=-5))
    with small_disk(tmp_path / "small", kib=512) as folder:
        (folder / "gone" / "0123456789ab").mkdir(parents=True)
        settings.ATTUNE_PACKS_DIR = folder
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        assert collect_unpacked() == 0
        assert (folder / "gone" / "0123456789ab").is_dir()


def test_a_host_without_packs_has_nothing_to_remove(settings: LazySettings, tmp_path: Path) -> None:
    settings.ATTUNE_PACKS_DIR = tmp_path / "nowhere"
    assert collect_unpacked() == 0


def test_a_full_disk_is_told_and_nothing_half_installed_is_left(settings: LazySettings, tmp_path: Path) -> None:
    source = write_pack(tmp_path / "acme", files={"actions/deploy.sh": "#" * 60_000})
    (source / "actions/deploy.yaml").write_text("name: deploy\nruntime: shell\nentry_point: deploy.sh\n")
    with small_disk(tmp_path / "small", kib=512) as folder:
        settings.ATTUNE_PACKS_DIR = folder
        for leaving_kib in (0, 40):  # at once, and while it is staged; what is unpacked is the same files
            filler = fill(folder, leaving_kib=leaving_kib)
            with pytest.raises(DiskFull, match="No space left on device"):
                install_pack(source, identity=None)
            filler.unlink()
            assert [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size] == []
    assert not Pack.objects.exists()


def test_a_full_disk_of_archives_leaves_no_half_archive(settings: LazySettings, tmp_path: Path) -> None:
    source = write_pack(tmp_path / "acme")
    with small_disk(tmp_path / "storage", kib=256) as folder:
        filler = fill(folder)
        with pytest.raises(DiskFull):
            install_pack(source, identity=None)
        assert [path for path in folder.rglob("*") if path.is_file()] == [filler]
