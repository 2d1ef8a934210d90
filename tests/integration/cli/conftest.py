"""The command line against an Attune that answers what a test tells it to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from apps.cli.main import root
from tests.integration.cli.canned import Canned, serving

#: What a shell of a user may hold and a test must not see.
_FOREIGN = ("ATTUNE_PROFILE", "ATTUNE_CONFIG", "ATTUNE_DEBUG", "NO_COLOR", "TERM", "COLUMNS")


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


Attune = Callable[..., Ended]


@pytest.fixture
def canned() -> Iterator[Canned]:
    with serving() as server:
        yield server


@pytest.fixture
def attune(canned: Canned, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Attune:
    """`attune("run", "a.b")` runs the command line in this process."""
    for name in _FOREIGN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("ATTUNE_URL", canned.url)
    monkeypatch.setenv("ATTUNE_TOKEN", "a-token")

    def call(*words: str, stdin: str | None = None) -> Ended:
        result = CliRunner().invoke(root, list(words), input=stdin, prog_name="attune")
        return Ended(result.exit_code, result.stdout, result.stderr)

    return call
