"""Folders of the machine's own, and somebody who listens. No database: whoever asks one fails the test."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from apps.core.types import JsonObject
from apps.local.conversation import Teller

ECHO = """
import json, os, sys
def run(**given):
    names = ("ATTUNE_ACTION", "ATTUNE_ATTEMPT", "ATTUNE_EXECUTION_ID", "COLOUR", "HOME", "LANG", "TZ")
    print("working with", *[get_secret(name) for name in ("api_key",) if get_secret(name)])
    document = json.load(sys.stdin)
    return {"given": given, "document": document, "environ": {name: os.environ.get(name) for name in names},
            "all": sorted(os.environ), "cwd": os.getcwd()}
"""
ECHO_ACTION = """
name: echo
entry_point: echo.py
parameters:
  name: {type: string, default: World}
  token: {type: string, secret: true}
secrets: [api_key]
env: {COLOUR: red}
"""
ECHO_FILES = {"actions/echo.yaml": ECHO_ACTION, "actions/echo.py": ECHO}


@dataclass
class Heard(Teller):
    """What was told, as messages."""

    out: io.StringIO = field(default_factory=io.StringIO)

    @property
    def messages(self) -> list[JsonObject]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    @property
    def said(self) -> list[str]:
        return [message["say"] for message in self.messages if "say" in message]

    @property
    def logged(self) -> str:
        return "".join(message["log"] for message in self.messages if "log" in message)


@pytest.fixture(scope="session")
def envs_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests: the common environment is built once."""
    return tmp_path_factory.mktemp("local-envs")


@pytest.fixture(autouse=True)
def heard(settings: Any, tmp_path: Path, envs_dir: Path) -> Iterator[Heard]:
    settings.ATTUNE_PACKS_DIR = tmp_path / "attune" / "packs"
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path / "attune" / "artifacts"
    settings.ATTUNE_WORK_DIR = tmp_path / "attune" / "work"
    settings.ATTUNE_RUNTIME_ENVS_DIR = envs_dir
    yield Heard()
    for folder in ("artifacts", "work", "packs/.staging"):
        left = tmp_path / "attune" / folder
        assert not left.is_dir() or [path.name for path in left.iterdir() if path.is_dir()] == []
