"""What `script/bench` is told."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.registry import PARTS, PEERS
from bench.stage import Options, Part

_COUNT = 1_000_000
_QUICK_COUNT = 100_000


@dataclass(frozen=True)
class Chosen:
    """`output`: the file for JSON; None for the usual place."""

    parts: Sequence[Part]
    options: Options
    prints_json: bool
    output: Path | None


def parse(words: Sequence[str] | None = None) -> Chosen:
    """Of the command line, when no `words` are given. Ends the process with code 2 where they make no sense."""
    given = _parser().parse_args(words)
    count = given.count or (_QUICK_COUNT if given.quick else _COUNT)
    return Chosen(_parts(given), Options(given.quick, count), given.json, given.output)


def _parts(given: argparse.Namespace) -> list[Part]:
    names = set(given.parts)
    parts = [part for part in PARTS if part.name in names or (part.is_usual and not names) or "all" in names]
    return [*PEERS, *parts] if given.peers else parts


def _parser() -> argparse.ArgumentParser:
    told = "\n".join(f"  {part.name:<14}{part.measures}{' *' if part.is_usual else ''}" for part in PARTS)
    parser = argparse.ArgumentParser(
        prog="script/bench",
        usage="script/bench [PART …] [options]",
        description="Measure Attune beside the floor, on this machine: a table, and JSON in a file.",
        epilog=f"Parts; without one, those with a star:\n{told}\n  {'all':<14}all of them",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", type=_name, help="what to measure")
    parser.add_argument("--quick", action="store_true", help="fewer samples: the parts with a star in three minutes")
    parser.add_argument("--peers", action="store_true", help="Prefect and procrastinate too, in an environment apart")
    parser.add_argument(
        "--count", type=_positive, help=f"executions for api and pages (default {_COUNT}, with --quick {_QUICK_COUNT})"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="where JSON is written (default: var/bench/, by date)"
    )
    return parser


def _name(text: str) -> str:
    known = [*(part.name for part in PARTS), "all"]
    if text not in known:
        raise argparse.ArgumentTypeError(f"there is no part {text!r}; there are {', '.join(known)}")
    return text


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number
