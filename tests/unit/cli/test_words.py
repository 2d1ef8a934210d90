"""The words behind an action are taken apart."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from apps.cli.errors import UsageError
from apps.cli.parameters.words import Word, read_word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("name=World", Word("name", "World")),
        ("name=", Word("name", "")),
        ("a=b=c", Word("a", "b=c")),
        ("a=:=", Word("a", ":=")),
        ("a:=[1]", Word("a", "[1]", is_json=True)),
        ("a=two\nlines", Word("a", "two\nlines")),
        ("World", Word(None, "World")),
        ("https://example.org/?a=b", Word(None, "https://example.org/?a=b")),
        ("-5", Word(None, "-5")),
        ("", Word(None, "")),
    ],
)
def test_a_word_has_a_name_or_is_a_value_by_position(text: str, word: Word) -> None:
    assert read_word(text) == word


def test_a_file_is_read_whole_and_unchanged(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a=b\n")
    assert read_word(f"k=@{tmp_path}/x") == Word("k", "a=b\n")
    assert read_word(f"k:=@{tmp_path}/x") == Word("k", "a=b\n", is_json=True)


def test_a_dash_is_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"hunter2")))
    assert read_word("token=@-") == Word("token", "hunter2")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"k: .*/none cannot be read: No such file"):
        read_word(f"k=@{tmp_path}/none")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="not text"):
        read_word(f"k=@{tmp_path}/x")


def test_a_file_too_large_for_any_request_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(UsageError, match="larger"):
        read_word(f"k=@{tmp_path}/x")
