"""What a worker removes from its own host, and a build that meets a full disk."""

from pathlib import Path

import pytest
from django.conf import LazySettings

from apps.packs.models import Pack
from apps.runner.warden_client import Warden
from apps.runtimes.environments.errors import BuildFailed
from apps.runtimes.environments.generations import GenerationProvider
from apps.runtimes.environments.locks import hold
from apps.runtimes.environments.request import EnvironmentOnDisk
from apps.runtimes.models import Environment
from apps.workers.capabilities import Capabilities
from apps.workers.host import Host
from apps.workers.intake import Intake
from apps.workers.tidying import tidy_host
from tests.integration.runtimes.world import World, toy_version
from tests.people import People
from tests.small_disk import fill, small_disk

_KEPT = 3


@pytest.fixture
def host(people: People, settings: LazySettings, world: World, tmp_path: Path) -> Host:
    settings.ATTUNE_PACKS_DIR = tmp_path / "unpacked"
    settings.ATTUNE_RUNTIME_ENVS_DIR = world.envs_dir
    Pack.objects.create(ref="acme.web", safe_name="acme_web", label="Acme")
    nothing = Capabilities("default", {})
    return Host(1, "tom", Warden(silence_s=60), nothing, "volume", tmp_path, Intake([]))


def test_generations_that_nothing_uses_go_and_the_newest_stay(world: World, host: Host) -> None:
    built = [world.ensure(world.request("toy\n"), rebuild=True) for _ in range(_KEPT + 2)]
    assert built[0].folder is not None
    with hold(built[0].folder):
        tidy_host(host)
        assert len(world.generations()) == _KEPT + 1
        assert toy_version(built[0]) == "2.0"
    tidy_host(host)
    assert len(world.generations()) == _KEPT
    assert world.find() == built[-1].folder


def test_environments_of_packs_that_are_gone_go_with_their_rows(world: World, host: Host) -> None:
    world.ensure(world.request("toy\n"))
    world.ensure(world.request("toy\n", pack_ref="gone.pack"))
    for pack_ref in ("acme.web", "gone.pack"):
        for volume_id in ("volume", "elsewhere"):
            Environment.objects.create(pack_ref=pack_ref, runtime="python", volume_id=volume_id)
    tidy_host(host)
    assert world.find("acme.web") is not None
    assert world.find("gone.pack") is None
    assert world.generations("gone_pack") == []
    rows = Environment.objects.filter(pack_ref="gone.pack").values_list("volume_id", flat=True)
    assert list(rows) == ["elsewhere"]


def test_a_build_on_a_full_disk_says_so_and_leaves_nothing(world: World) -> None:
    world.envs_dir.mkdir()
    with small_disk(world.envs_dir, kib=4096):
        fill(world.envs_dir, leaving_kib=64)
        with pytest.raises(BuildFailed, match=r"No space left on device|os error 28|failed with exit code"):
            world.ensure(world.request("toy\n"))
        assert world.generations() == []
        assert "No space left" in world.said or "os error 28" in world.said


def test_a_pack_that_is_installed_meanwhile_keeps_its_environment(
    world: World, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = GenerationProvider.list_environments

    def install_and_list(provider: GenerationProvider) -> list[EnvironmentOnDisk]:
        Pack.objects.get_or_create(ref="new.pack", safe_name="new_pack", label="New")
        return listed(provider)

    monkeypatch.setattr(GenerationProvider, "list_environments", install_and_list)
    world.ensure(world.request("toy\n", pack_ref="new.pack"))
    tidy_host(host)
    assert world.find("new.pack") is not None


def test_an_environment_at_which_somebody_works_keeps_its_row(
    world: World, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove(*_: object, **__: object) -> None:
        raise BuildFailed("somebody builds there")

    world.ensure(world.request("toy\n", pack_ref="gone.pack"))
    Environment.objects.create(pack_ref="gone.pack", runtime="python", volume_id="volume")
    monkeypatch.setattr(GenerationProvider, "remove_environment", remove)
    tidy_host(host)
    assert Environment.objects.filter(pack_ref="gone.pack").exists()
