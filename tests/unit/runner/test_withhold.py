from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.runner.withhold import Withhold, Withholder

LOG = b'one\n{"token": "abcdef"}\n  \n \t{"indented": 1}\nlast { \n\n{"no": "end"}'


def fed(what: Withhold, chunks: list[bytes]) -> bytes:
    withholder = Withholder(what)
    return b"".join([*(withholder.feed(chunk) for chunk in chunks), withholder.flush()])


@given(st.lists(st.integers(0, len(LOG)), max_size=10))
def test_lines_that_begin_an_object_are_withheld_however_the_stream_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(LOG)]
    chunks = [LOG[left:right] for left, right in pairwise(edges)]
    assert fed(Withhold.OBJECTS, chunks) == b"one\n***\n  \n***\nlast { \n\n***\n"


@pytest.mark.parametrize(("what", "told"), [(Withhold.ALL, b"***\n***\n\n***\n"), (Withhold.NOTHING, b"1\n[\n\n2")])
def test_all_lines_or_none_are_withheld(what: Withhold, told: bytes) -> None:
    assert fed(what, [b"1\n[\n\n2"]) == told
