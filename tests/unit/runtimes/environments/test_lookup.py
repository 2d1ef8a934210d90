"""Which generation may serve though it is not the one that is wanted."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.runtimes.detect import Installation
from apps.runtimes.environments import metadata
from apps.runtimes.environments.fingerprint import platform_name
from apps.runtimes.environments.lookup import serves_meanwhile

BUILT = metadata.Metadata(
    pack_ref="acme",
    runtime="python",
    provider="virtualenv",
    generation=1,
    dependency_hash="d",
    content_hash="c",
    dependencies=(),
    packages={},
    executable="/bin/sh",
    interpreter="/usr/bin/python3.11",
    version="3.11.7",
    platform=platform_name(),
    size_bytes=1,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    updated_at=datetime(2026, 1, 1, tzinfo=UTC),
)


@pytest.mark.parametrize(
    "installation",
    [
        Installation("3.11.7", "/usr/bin/python3.11"),
        Installation("3.11.9", "/usr/bin/python3.11"),
        Installation("3.11.7", "/opt/python/bin/python3.11"),
    ],
)
def test_the_same_for_an_interpreter_that_was_upgraded_or_moved_serves(
    tmp_path: Path, installation: Installation
) -> None:
    metadata.write(tmp_path, BUILT)
    assert serves_meanwhile(tmp_path, installation, "c")


@pytest.mark.parametrize(
    ("installation", "built", "content"),
    [
        (Installation("3.11.9", "/opt/python/bin/python3.11"), BUILT, "c"),
        (Installation("3.12.0", "/usr/bin/python3.11"), BUILT, "c"),
        (Installation("3.11.7", "/usr/bin/python3.11"), BUILT, "other"),
        (Installation("3.11.7", "/usr/bin/python3.11"), replace(BUILT, executable="/gone"), "c"),
        (Installation("3.11.7", "/usr/bin/python3.11"), replace(BUILT, platform="plan9"), "c"),
        (Installation("3.11.7", "/usr/bin/python3.11"), replace(BUILT, content_hash=""), "c"),
    ],
    ids=["another version elsewhere", "a minor version on", "other content", "gone", "another platform", "unknown"],
)
def test_anything_else_is_built_first(
    tmp_path: Path, installation: Installation, built: metadata.Metadata, content: str
) -> None:
    metadata.write(tmp_path, built)
    assert not serves_meanwhile(tmp_path, installation, content)


def test_what_was_never_finished_does_not_serve(tmp_path: Path) -> None:
    assert not serves_meanwhile(tmp_path, Installation("3.11.7", "/usr/bin/python3.11"), "c")
