"""The file in which actions say when they begin and end."""

import pytest

from chaos.notes import BadNote, Note, read_notes


def test_a_line_says_whose_process_began_or_ended_and_when() -> None:
    assert read_notes(["12 2 4711 start 1700000000000001"]) == [Note(12, 2, 4711, "start", 1700000000000001)]


@pytest.mark.parametrize("line", ["", "12 2 4711 start", "12 2 4711 began 17", "x 2 4711 end 17", "1 2 3 end 4 5"])
def test_a_line_that_no_action_wrote_is_refused(line: str) -> None:
    with pytest.raises(BadNote):
        read_notes([line])
