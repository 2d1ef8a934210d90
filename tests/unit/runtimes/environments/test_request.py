"""When a pack needs an environment of its own."""

from pathlib import Path

import pytest

from apps.runtimes.environments.request import BuildSettings
from tests.unit.runtimes.requests_for_environments import make_request


@pytest.mark.parametrize("manifest", [None, b"", b"\n\n", b"# nothing yet\n   # really\n"])
def test_a_pack_that_asks_for_nothing_is_content_with_the_base(manifest: bytes | None) -> None:
    assert not make_request(manifest=manifest).needs_environment


def test_whatever_asks_for_something_needs_an_environment() -> None:
    assert make_request(manifest=b"# six\nsix\n").needs_environment
    assert make_request(lock=b"six==1.17.0\n").needs_environment
    assert make_request(dependencies=("six",)).needs_environment


def test_the_folder_of_the_environments_must_be_absolute() -> None:
    with pytest.raises(ValueError, match="absolute"):
        BuildSettings(envs_dir=Path("var/runtime_envs"), environ={})
