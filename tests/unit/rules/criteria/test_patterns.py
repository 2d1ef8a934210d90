"""Wildcards mean what Python's do; expressions cost no more than they say."""

import fnmatch
from contextlib import AbstractContextManager, nullcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.rules.criteria.errors import BadPattern
from apps.rules.criteria.patterns import How, compile_regex, compile_wildcard


class _Endless:
    """An allowance that keeps count of what is spent."""

    def __init__(self) -> None:
        self.spent = 0

    def spend(self, steps: int) -> None:
        self.spent += steps

    def clock(self, most_s: float) -> AbstractContextManager[float]:
        return nullcontext(most_s)


@settings(max_examples=1000, deadline=None)
@given(st.text("ab[]!-*?^\\.\nä", max_size=10), st.text("ab[]!-^\\.\nä", max_size=6))
def test_a_wildcard_matches_what_fnmatch_matches(pattern: str, text: str) -> None:
    assert compile_wildcard(pattern)(text, _Endless()) == fnmatch.fnmatchcase(text, pattern)


def test_a_match_costs_the_size_of_the_pattern_times_the_text() -> None:
    small, large = _Endless(), _Endless()
    compile_regex("a{10}b", How(), "attune")("x" * 1000, small)
    compile_regex("a{100}b", How(), "attune")("x" * 1000, large)
    assert small.spent * 5 < large.spent


@pytest.mark.parametrize("pattern", ["((a{50}){50}){50}", "(?:(?:a|b){400}){400}", "[a-z]{5000}", "(?:a(?:b{90}){90})"])
def test_repetitions_that_would_fill_memory_are_refused(pattern: str) -> None:
    with pytest.raises(BadPattern, match="repetitions"):
        compile_regex(pattern, How(), "stackstorm")


@pytest.mark.parametrize(
    "pattern",
    [r"^(\d{1,3}\.){3}\d{1,3}$", "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", r"\{5000\}", "[{5000}]", "a{,3}b{2,}"],
)
def test_ordinary_repetitions_are_compiled(pattern: str) -> None:
    compile_regex(pattern, How(), "stackstorm")
