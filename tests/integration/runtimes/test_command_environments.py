"""Environments that a runtime file describes itself, here with the shell."""

from pathlib import Path
from typing import Any

import pytest

from apps.runtimes.environments.errors import BuildFailed
from tests.integration.runtimes.command_runner import run_command
from tests.integration.runtimes.other_worlds import world_of
from tests.integration.runtimes.world import World

RUNTIME: dict[str, Any] = {
    "name": "lines",
    "detect": [["bash", "-c", 'echo "$BASH_VERSION"; echo "$BASH"']],
    "validate": ["{interpreter}", "-c", "true"],
    "command": ["{interpreter}", "{entry_point}"],
    "environment": {
        "provider": "command",
        "manifest": "words.txt",
        "create": ["bash", "-c", "mkdir words && ln -s {interpreter} run"],
        "install": ["sh", "-c", 'cp "$1" words && echo "$HOME $PWD" > where', "sh", "{manifest}"],
        "executable": "{env_dir}/run",
        "path": ["{env_dir}"],
    },
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return world_of(RUNTIME, tmp_path)


def with_words(world: World, text: str, **fields: Any) -> Any:
    request = world.request(text, **fields)
    (request.pack_dir / "words.txt").write_text(text)
    return request


def test_create_and_install_fill_an_environment_that_serves_like_any_other(world: World) -> None:
    request = with_words(world, "one\n")
    built = world.ensure(request)
    assert built.folder is not None
    assert (built.folder / "words" / "words.txt").read_text() == "one\n"
    home, place = (built.folder / "where").read_text().split()
    assert (Path(home).parent, Path(place)) == (built.folder, built.folder)
    assert built.executable == built.folder / "run"
    assert world.ensure(request) == built
    assert world.provider.validate_environment(request, run=run_command) == ()
    built.executable.unlink()
    assert "missing" in world.provider.validate_environment(request, run=run_command)[0]
    assert world.ensure(with_words(world, "two\n")).metadata.generation == 2


def test_a_pack_without_the_manifest_uses_what_create_made_for_all(world: World) -> None:
    built = world.ensure(world.request())
    assert built.folder is not None
    assert built.folder.parent.parent.name == "_base"
    assert list((built.folder / "words").iterdir()) == []
    assert world.ensure(world.request(pack_ref="other")) == built


def test_a_command_that_fails_or_is_not_there_leaves_what_served(world: World, tmp_path: Path) -> None:
    first = world.ensure(with_words(world, "one\n"))
    for install, told in ((["sh", "-c", "echo out of words; exit 3"], "out of words"), (["no-such"], "no-such")):
        body = {**RUNTIME, "environment": {**RUNTIME["environment"], "install": install}}
        broken = world_of(body, tmp_path)
        with pytest.raises(BuildFailed, match=told):
            broken.ensure(with_words(broken, "two\n"))
    assert world.find() == first.folder


def test_an_install_that_looks_at_the_pack_builds_anew_for_each_version_of_it(world: World, tmp_path: Path) -> None:
    install = ["cp", "-r", "{pack_dir}/lib", "{env_dir}/lib"]
    looking = world_of({**RUNTIME, "environment": {**RUNTIME["environment"], "install": install}}, tmp_path)
    prints = set()
    for version in ("1", "2"):
        folder = tmp_path / version
        (folder / "lib").mkdir(parents=True)
        prints.add(looking.provider.fingerprint(looking.request("one\n", pack_dir=folder)))
    assert len(prints) == 2
    assert world.provider.fingerprint(world.request("one\n", pack_dir=tmp_path / "1")) == world.provider.fingerprint(
        world.request("one\n", pack_dir=tmp_path / "2")
    )
