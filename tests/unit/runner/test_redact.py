import re
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.runner.redact import MASK, Masker
from apps.runner.variants import is_common, variants_of

# Few different bytes and short secrets: overlaps, repetitions and half matches are then frequent.
letters = st.sampled_from([b"a", b"b", b"c", b"\n", b"\r", b"%", b"6"])
texts = st.lists(letters, max_size=60).map(b"".join)
secrets = st.lists(st.lists(letters, min_size=1, max_size=9).map(b"".join), min_size=1, max_size=4)


def masked_in_chunks(masker: Masker, chunks: Iterable[bytes]) -> bytes:
    stream = masker.stream()
    return b"".join([*(stream.feed(chunk) for chunk in chunks), stream.flush()])


def model(values: list[bytes], data: bytes) -> bytes:
    """Masking as it is meant, without a thought of speed: mark every byte, then replace each run."""
    spans = []
    for variant in {variant for value in values for variant in variants_of(value)}:
        spans += [(m.start(), m.start() + len(variant)) for m in re.finditer(b"(?=" + re.escape(variant) + b")", data)]
    for value in {value.strip() for value in values if is_common(value)}:
        if value and b"\n" not in value:
            pattern = rb"(?:\A|(?<=\n))" + re.escape(value) + rb"(?=\r?(?:\n|\Z))"
            spans += [m.span() for m in re.finditer(pattern, data)]
    joined: list[list[int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    for start, end in reversed(joined):
        data = data[:start] + MASK + data[end:]
    return data


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[left:right] for left, right in pairwise(edges)]


@given(texts, secrets, st.lists(st.integers(min_value=0), max_size=12), st.lists(st.integers(0, 60), max_size=4))
def test_a_masked_stream_does_not_depend_on_how_it_is_cut(
    text: bytes, values: list[bytes], cuts: list[int], plants: list[int]
) -> None:
    for number, plant in enumerate(plants):
        text = text[:plant] + values[number % len(values)] + text[plant:]

    assert masked_in_chunks(Masker(values), cut(text, cuts)) == model(values, text)


@given(texts, secrets)
def test_no_long_secret_is_left_in_a_masked_value(text: bytes, values: list[bytes]) -> None:
    masked = Masker(values).mask(text + values[0] + text)

    assert all(piece not in masked for value in values if not is_common(value) for piece in [value])


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_secret_cut_into_small_writes_is_masked(size: int) -> None:
    text = b"login with hunter2-Secret!9 as user\n"
    chunks = [text[at : at + size] for at in range(0, len(text), size)]

    assert masked_in_chunks(Masker([b"hunter2-Secret!9"]), chunks) == b"login with *** as user\n"


def test_only_what_could_become_a_secret_is_held_back() -> None:
    stream = Masker([b"hunter2-Secret!9"]).stream()

    assert stream.feed(b"progress 10%") == b"progress 10%"
    assert stream.feed(b" hunter2-") == b" "
    assert stream.feed(b"gatherer") == b"hunter2-gatherer"
    assert stream.flush() == b""


def test_overlapping_secrets_become_one_mask_and_leave_nothing() -> None:
    assert Masker([b"abcdef", b"defghi"]).mask(b"<abcdefghi>") == b"<***>"


def test_the_longer_of_two_secrets_with_the_same_beginning_is_masked_whole() -> None:
    masker = Masker([b"abcdef", b"abcdefgh"])

    assert masked_in_chunks(masker, [b"abcdef", b"gh."]) == b"***."
    assert masked_in_chunks(masker, [b"abcdef", b"xy."]) == b"***xy."


def test_secrets_side_by_side_become_two_masks() -> None:
    assert masked_in_chunks(Masker([b"abcdef"]), [b"abcdefab", b"cdef"]) == b"******"


def test_a_short_secret_is_masked_only_as_a_whole_value() -> None:
    masker = Masker([b"1234"])

    assert masker.mask(b"1234") == MASK
    assert masker.mask(b"took 1234 ms") == b"took 1234 ms"


def test_in_a_value_of_several_lines_a_short_secret_is_masked_where_it_is_one_of_them() -> None:
    masker = Masker([b"1234"])

    assert masker.mask(b"1234\n") == b"***\n"
    assert masker.mask(b"pin:\n1234\r\n12345\n1234") == b"pin:\n***\r\n12345\n***"


@pytest.mark.parametrize(
    "chunks",
    [
        [b"a\n1234\nb 1234\n12345\n1234\r\n1234"],
        [b"a\n12", b"34", b"\nb 1234\n12345\n1234", b"\r", b"\n1234"],
    ],
)
def test_a_short_secret_is_masked_only_as_a_whole_line(chunks: list[bytes]) -> None:
    assert masked_in_chunks(Masker([b"1234\n"]), chunks) == b"a\n***\nb 1234\n12345\n***\r\n***"


def test_without_secrets_chunks_pass_untouched() -> None:
    stream = Masker([b""]).stream()
    chunk = b"anything"

    assert stream.feed(chunk) is chunk
    assert stream.flush() == b""


def test_a_long_text_of_one_repeated_letter_is_masked_whole() -> None:
    assert masked_in_chunks(Masker([b"aaaaaa"]), [b"a" * 5000, b"a" * 5000]) == MASK


@pytest.mark.parametrize("period", [b"a", b"ab", b"abaababa"])
def test_a_long_secret_that_repeats_itself_in_a_text_that_does_too_is_masked_before_the_day_is_over(
    period: bytes,
) -> None:
    secret, text = period * (60_000 // len(period)), period * 100_000

    assert masked_in_chunks(Masker([secret]), cut(text, list(range(0, len(text), 65_536)))) == MASK
    assert Masker([secret]).mask(text + b"." + secret[1:]) == MASK + b"." + secret[1:]


@pytest.mark.parametrize("word", [b"password", b"localhost", b"----------", b"Default"])
def test_a_common_word_is_masked_only_as_a_whole_value_or_line(word: bytes) -> None:
    masker = Masker([word])

    assert masker.mask(word) == MASK
    assert masker.mask(b"the " + word + b" is wrong") == b"the " + word + b" is wrong"
    assert masked_in_chunks(masker, [b"a " + word + b"\n", word + b"\n"]) == b"a " + word + b"\n***\n"


@given(texts, st.lists(st.integers(min_value=0), max_size=12), st.integers(0, 60), st.integers(0, 29))
def test_of_many_secrets_each_is_found_at_every_place(text: bytes, cuts: list[int], at: int, which: int) -> None:
    values = [b"%06d-secret-of-many-others"[: 4 + number] % (number * 7919) for number in range(30)]
    text = text[:at] + values[which] + text[at:]

    assert masked_in_chunks(Masker(values), cut(text, cuts)) == model(values, text)
