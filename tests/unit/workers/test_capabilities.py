from pathlib import Path

import pytest
import yaml

from apps.runtimes.definition import RuntimeDefinition
from apps.workers.capabilities import RuntimesNotHere, find_capabilities

ROOT = Path(__file__).resolve().parents[3]


def definition(name: str, **more: object) -> RuntimeDefinition:
    body = yaml.safe_load((ROOT / "packs/core/runtimes/shell.yaml").read_text())
    return RuntimeDefinition.from_json({**body, "name": name, "aliases": [], **more})


SHELL = definition("shell", aliases=["bash"])
OTHER = definition("other")
GONE = definition("gone", detect=[["no-such-program", "--version"]])


def test_a_worker_serves_all_it_finds_and_says_what_is_missing() -> None:
    found = find_capabilities("default", [SHELL, OTHER, GONE])
    assert sorted(found.runtimes) == ["other", "shell"]
    assert "no-such-program" in found.missing["gone"]


def test_a_worker_that_is_told_to_serves_no_more_than_that() -> None:
    assert list(find_capabilities("default", [SHELL, OTHER], only=["shell"]).runtimes) == ["shell"]
    by_alias = find_capabilities("default", [SHELL, OTHER], only=["bash"])
    (bash,) = by_alias.runtimes["shell"]
    minor = ".".join(bash.version.split(".")[:2])
    versions = [f"run.default.shell-{version}" for version in (minor, bash.version)]
    assert by_alias.queues == ["run.default.shell", *versions, "build.default.shell"]


def test_a_runtime_it_is_told_to_serve_and_cannot_is_refused() -> None:
    with pytest.raises(RuntimesNotHere, match="ruby is no runtime of any pack"):
        find_capabilities("default", [SHELL], only=["shell", "ruby"])
    with pytest.raises(RuntimesNotHere, match="gone is not here: no-such-program is not on PATH"):
        find_capabilities("default", [SHELL, GONE], only=["gone"])
