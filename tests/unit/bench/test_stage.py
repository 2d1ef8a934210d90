"""Parts one after the other, whatever becomes of one."""

from collections.abc import Callable

import pytest

from bench.broken import Broken
from bench.figures import Figure
from bench.stage import Options, Part, Place, Stage, measure

_OPTIONS = Options(is_quick=True, count=1)
_FIGURE = Figure(name="it", unit="s", values=[1])


def _part(name: str, run: Callable[[Stage], list[Figure]]) -> Part:
    return Part(name, "something", Place.ALONE, run)


def _breaks(stage: Stage) -> list[Figure]:
    raise Broken("it did not start")


def test_a_part_that_breaks_leaves_the_others_their_figures() -> None:
    parts = [_part("first", _breaks), _part("second", lambda _: [_FIGURE])]
    figures, broken = measure(parts, _OPTIONS)
    assert figures == [_FIGURE]
    assert {name: str(error) for name, error in broken.items()} == {"first": "it did not start"}


def test_a_mistake_of_the_benchmark_is_not_hidden() -> None:
    def is_wrong(stage: Stage) -> list[Figure]:
        raise LookupError

    with pytest.raises(LookupError):
        measure([_part("first", is_wrong)], _OPTIONS)


def test_the_folder_of_a_part_is_gone_afterwards() -> None:
    seen = []

    def writes(stage: Stage) -> list[Figure]:
        (stage.folder / "file").write_text("something")
        seen.append(stage.folder)
        return []

    measure([_part("first", writes)], _OPTIONS)
    assert not seen[0].exists()
