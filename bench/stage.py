"""Where parts are measured: some share an Attune, one after the other; others have one, or none, of their own."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from bench import seeding
from bench.broken import Broken
from bench.figures import Figure
from bench.private_attune import BENCH_PACK, PrivateAttune, private_attune

_BEGAN = time.monotonic()
#: A part without a figure; anything else is a bug of the benchmark.
_BREAKS = (Broken, httpx.HTTPError)


class Place(StrEnum):
    """What a part finds when it begins."""

    SHARED = "an Attune with the benchmark's pack"
    SEEDED = "an Attune with many executions"
    ALONE = "nothing: it starts what it needs"


@dataclass(frozen=True)
class Options:
    """`count`: how many executions lists and pages are measured on."""

    is_quick: bool
    count: int


@dataclass(frozen=True)
class Stage:
    """What a part is given. `folder` is removed after the parts of one place."""

    options: Options
    folder: Path
    running: PrivateAttune | None

    @property
    def attune(self) -> PrivateAttune:
        assert self.running is not None, "a part that is alone starts its own"
        return self.running

    @property
    def is_quick(self) -> bool:
        return self.options.is_quick


@dataclass(frozen=True)
class Part:
    """`measures` is a line for who chooses."""

    name: str
    measures: str
    place: Place
    run: Callable[[Stage], list[Figure]]
    is_usual: bool = False
    """Measured when nobody names a part."""


def measure(parts: Sequence[Part], options: Options) -> tuple[list[Figure], dict[str, Exception]]:
    """In the order of `parts`; neighbours of one place share it. What broke by part, too: the others go on."""
    figures, broken = list[Figure](), dict[str, Exception]()
    for place, group in groupby(parts, key=lambda part: part.place):
        left = list(group)
        try:
            with _stage(place, options) as stage:
                while left:
                    say(left[0].name)
                    try:
                        figures += left[0].run(stage)
                    except _BREAKS as error:
                        broken[left[0].name] = error
                    del left[0]
        except Broken as error:
            broken |= dict.fromkeys([part.name for part in left] or [place.value], error)
    return figures, broken


@contextmanager
def _stage(place: Place, options: Options) -> Iterator[Stage]:
    with TemporaryDirectory(prefix="attune-bench-") as folder:
        if place is Place.ALONE:
            yield Stage(options, Path(folder), None)
            return
        say("starting a private Attune")
        with private_attune() as attune:
            attune.install(BENCH_PACK)
            if place is Place.SEEDED:
                say(f"writing {options.count:,} executions")
                seeding.seed(attune, options.count)
            yield Stage(options, Path(folder), attune)
            say("stopping")


def say(text: str) -> None:
    """Progress, with the seconds since the beginning."""
    print(f"{time.monotonic() - _BEGAN:6.0f} s  {text}", file=sys.stderr, flush=True)
