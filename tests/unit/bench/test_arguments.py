"""What `script/bench` is told, and the parts it chooses by it."""

from pathlib import Path

import pytest

from bench.arguments import parse
from bench.registry import PARTS, PEERS
from bench.stage import Place


def _names(*words: str) -> list[str]:
    return [part.name for part in parse(words).parts]


def test_without_a_part_the_usual_ones_are_measured() -> None:
    assert _names() == [part.name for part in PARTS if part.is_usual]
    assert {"latency", "throughput", "python", "fanout", "gates", "output", "memory", "start"} == set(_names())


def test_parts_are_measured_in_their_own_order_and_once() -> None:
    assert _names("gates", "latency", "gates") == ["latency", "gates"]


def test_every_part_has_a_name_of_its_own_and_says_what_it_measures() -> None:
    parts = [*PARTS, *PEERS]
    assert len({part.name for part in parts}) == len(parts)
    assert all(part.measures for part in parts)


def test_all_parts_may_be_measured() -> None:
    assert _names("all") == [part.name for part in PARTS]


def test_a_part_that_is_not_there_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["latncy"])
    assert ended.value.code == 2
    assert "there is no part 'latncy'; there are start, " in capsys.readouterr().err


def test_peers_are_measured_only_when_asked_for_and_beside_the_parts() -> None:
    assert not {part.name for part in PEERS} & set(_names("all"))
    assert _names("--peers", "latency") == ["procrastinate", "prefect", "latency"]


@pytest.mark.parametrize(
    ("words", "count"), [((), 1_000_000), (("--quick",), 100_000), (("--quick", "--count", "5000"), 5_000)]
)
def test_quick_looks_at_fewer_executions_unless_told_otherwise(words: tuple[str, ...], count: int) -> None:
    assert parse(words).options.count == count


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_a_count_is_a_positive_number(count: str) -> None:
    with pytest.raises(SystemExit):
        parse(["--count", count])


def test_where_json_goes_may_be_said() -> None:
    assert parse([]).output is None
    assert parse(["--output", "figures.json", "--json"]).output == Path("figures.json")
    assert parse(["--json"]).prints_json


def test_parts_that_share_an_attune_are_neighbours_and_gates_are_the_last_of_them() -> None:
    shared = [part.name for part in PARTS if part.place is Place.SHARED]
    assert [part.name for part in PARTS[: len(shared)]] == shared
    assert shared[-1] == "gates", "its long line stays"
    assert shared[:2] == ["start", "memory"], "before anything else has grown it"
