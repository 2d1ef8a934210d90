"""The file that makes a generation complete."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.runtimes.environments import metadata
from apps.runtimes.environments.metadata import Metadata

KNOWN = Metadata(
    pack_ref="acme.web",
    runtime="python",
    provider="virtualenv",
    generation=2,
    dependency_hash="0" * 64,
    content_hash="1" * 64,
    dependencies=("six==1.17.0",),
    packages={"six": "1.17.0"},
    executable="/envs/acme_web/.generations/python-000000000000-2/bin/python",
    interpreter="/usr/bin/python3.11",
    version="3.11.7",
    platform="linux-x86_64-glibc2.36",
    size_bytes=4096,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    updated_at=datetime(2026, 1, 2, tzinfo=UTC),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    metadata.write(tmp_path, KNOWN)
    assert metadata.read(tmp_path) == KNOWN
    assert [path.name for path in tmp_path.iterdir()] == [metadata.FILE_NAME]


def test_the_file_has_the_keys_others_look_for(tmp_path: Path) -> None:
    metadata.write(tmp_path, KNOWN)
    keys = json.loads((tmp_path / metadata.FILE_NAME).read_text()).keys()
    wanted = {
        "pack_ref",
        "runtime",
        "dependencies",
        "created_at",
        "updated_at",
        "python_version",
        "dependency_hash",
    }
    assert wanted | {"packages"} <= keys


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"pack_ref": "x"}', "\x80"])
def test_a_spoilt_file_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / metadata.FILE_NAME).write_bytes(content.encode("latin-1"))
    assert metadata.read(tmp_path) is None


def test_a_folder_without_the_file_is_not_complete(tmp_path: Path) -> None:
    assert metadata.read(tmp_path) is None
    assert metadata.read(tmp_path / "gone") is None


def test_an_environment_of_before_there_was_a_hash_of_its_content_is_read_too(tmp_path: Path) -> None:
    metadata.write(tmp_path, KNOWN)
    file = tmp_path / metadata.FILE_NAME
    file.write_text(
        json.dumps({key: value for key, value in json.loads(file.read_text()).items() if key != "content_hash"})
    )
    known = metadata.read(tmp_path)
    assert known is not None
    assert known.content_hash == ""
