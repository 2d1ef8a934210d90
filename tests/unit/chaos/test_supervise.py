"""A Valkey that was killed comes back with the data that somebody wished for."""

from pathlib import Path

from apps.standalone.layout import Layout
from chaos.supervise import NEXT_DATA, take_next_data


def kept(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.valkey.mkdir()
    (layout.valkey / "data").write_text("of now")
    return layout


def test_without_a_wish_it_keeps_its_own(tmp_path: Path) -> None:
    layout = kept(tmp_path)
    take_next_data(layout)
    assert (layout.valkey / "data").read_text() == "of now"


def test_it_can_be_empty_and_the_wish_is_granted_once(tmp_path: Path) -> None:
    layout = kept(tmp_path)
    (tmp_path / NEXT_DATA).write_text("")
    take_next_data(layout)
    assert not layout.valkey.exists()
    assert not (tmp_path / NEXT_DATA).exists()


def test_it_can_be_of_before(tmp_path: Path) -> None:
    layout = kept(tmp_path)
    before = tmp_path / "before"
    before.mkdir()
    (before / "data").write_text("of before")
    (tmp_path / NEXT_DATA).write_text(str(before))
    take_next_data(layout)
    assert (layout.valkey / "data").read_text() == "of before"
