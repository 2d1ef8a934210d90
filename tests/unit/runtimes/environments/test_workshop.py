"""How often a command of a build is tried, and what is told of it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from apps.runtimes.environments.errors import BuildTimedOut
from apps.runtimes.environments.request import BuildSettings
from apps.runtimes.environments.workshop import CommandFailed, Workshop

REFUSED, WRONG = b"error: Connection refused\n", b"error: no such version\n"


class Installer:
    """Says and does the next of `fates` each time it is run: a text is a failure, None is success."""

    def __init__(self, *fates: bytes | None) -> None:
        self.fates = list(fates)
        self.argvs: list[Sequence[str]] = []

    def __call__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        timeout_s: float,
        output: Callable[[bytes], None],
    ) -> int:
        self.argvs.append(argv)
        fate = self.fates.pop(0)
        output(fate or b"")
        return int(fate is not None)


def download(installer: Installer, tmp_path: Path, *, offline: Sequence[str] = (), timeout_s: float = 9.0) -> str:
    """What the build's log says."""
    said: list[bytes] = []
    settings = BuildSettings(envs_dir=tmp_path, environ={}, timeout_s=timeout_s, network_pauses_s=(0.001, 0.002))
    with Workshop(tmp_path, settings=settings, run=installer, log=said.append) as workshop:
        workshop.download(["/bin/get"], cwd=tmp_path, offline=offline)
    return b"".join(said).decode()


def test_a_network_at_fault_is_given_time_a_little_more_each_time(tmp_path: Path) -> None:
    said = download(Installer(REFUSED, REFUSED, None), tmp_path)
    assert "get failed with exit code 1. The network was at fault: trying again in 0.001 s." in said
    assert "trying again in 0.002 s." in said


def test_a_network_that_stays_away_fails_the_command_with_its_words(tmp_path: Path) -> None:
    installer = Installer(REFUSED, REFUSED, REFUSED)
    with pytest.raises(CommandFailed) as failure:
        download(installer, tmp_path)
    assert failure.value.reason == "error: Connection refused"
    assert installer.fates == []


def test_a_wrong_wish_is_not_tried_again(tmp_path: Path) -> None:
    installer = Installer(WRONG)
    with pytest.raises(CommandFailed) as failure:
        download(installer, tmp_path, offline=["--offline"])
    assert (failure.value.reason, failure.value.is_network) == ("error: no such version", False)
    assert len(installer.argvs) == 1


def test_the_cache_is_the_last_resort(tmp_path: Path) -> None:
    installer = Installer(REFUSED, REFUSED, REFUSED, None)
    assert "trying with what the cache holds" in download(installer, tmp_path, offline=["--offline"])
    assert installer.argvs[-1] == ["/bin/get", "--offline"]


def test_a_cache_that_does_not_hold_it_does_not_hide_that_the_network_is_away(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as failure:
        download(Installer(REFUSED, REFUSED, REFUSED, WRONG), tmp_path, offline=["--offline"])
    assert failure.value.reason == "error: Connection refused"


def test_patience_ends_with_the_time_limit_of_the_build(tmp_path: Path) -> None:
    with pytest.raises(BuildTimedOut):
        download(Installer(REFUSED, REFUSED, REFUSED), tmp_path, timeout_s=0.0005)
