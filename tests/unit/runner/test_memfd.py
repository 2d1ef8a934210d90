import os

import pytest

from apps.runner.memfd import sealed


def test_a_sealed_file_is_read_from_its_start_and_never_changed() -> None:
    content = os.urandom(300_000)
    descriptor = sealed("test", content=content)
    try:
        assert os.read(descriptor, 1_000_000) == content
        assert not os.get_inheritable(descriptor)
        with pytest.raises(PermissionError):
            os.pwrite(descriptor, b"x", 0)
        with pytest.raises(PermissionError):
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def test_an_empty_file_can_be_sealed_too() -> None:
    descriptor = sealed("test", content=b"")

    assert os.read(descriptor, 1) == b""
    os.close(descriptor)
