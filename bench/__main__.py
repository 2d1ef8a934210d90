"""`python -m bench`: what `script/bench` calls."""

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from bench import environments, events, packs, pages, parts
from bench.bare_celery import bare_celery
from bench.crowd import crowd
from bench.event_records import records_of
from bench.figures import Figure, Machine, as_json, as_table
from bench.masking import masking
from bench.private_attune import Broken, private_attune
from bench.wheels import write_wheels


def main() -> int:
    """Prints the figures; 0 whatever they are, 1 when something broke, 130 after Ctrl-C."""
    chosen = _parser().parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    before = Machine()
    try:
        if chosen.what == "masking":
            figures = masking(rounds=3 if chosen.quick else 9)
        elif chosen.what == "environments":
            figures = _measure_environments(rounds=3 if chosen.quick else 9, samples=50 if chosen.quick else 200)
        elif chosen.what == "events":
            figures = _measure_events(events.QUICK if chosen.quick else events.FULL)
        elif chosen.what == "packs":
            figures = _measure_packs(packs.QUICK if chosen.quick else packs.FULL)
        elif chosen.what == "pages":
            figures = _measure_pages(chosen.count, samples=20 if chosen.quick else 60)
        else:
            figures = _measure(parts.QUICK if chosen.quick else parts.FULL)
    except Broken as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    after = Machine()
    print(as_json(figures, before, after) if chosen.json else as_table(figures, before, after))
    return 0


def _measure(amount: parts.Amount) -> list[Figure]:
    _say("starting a private Attune")
    with private_attune() as attune, tempfile.TemporaryDirectory() as folder:
        attune.install(Path(__file__).with_name("pack"))
        _say("latency")
        figures = parts.latency(attune, amount)
        _say("python")
        figures += parts.python(attune, amount, folder=Path(folder))
        _say("gates")
        figures += parts.gates(attune, amount)
        _say("throughput")
        with bare_celery(attune.settings, at_once=parts.AT_ONCE) as celery:
            figures += parts.throughput(attune, celery, amount)
        _say("requests")
        figures += parts.requests(attune, amount)
        _say("stopping it")
    return figures


def _measure_events(amount: events.Amount) -> list[Figure]:
    _say("starting a private Attune")
    with private_attune() as attune, records_of(attune.settings) as records, crowd(amount.rules) as pack:
        attune.install(Path(__file__).with_name("pack"))
        _say(f"installing {amount.rules:,} rules")
        attune.install(pack)
        _say("events")
        figures = events.latency(attune, records, amount)
        _say("rules")
        figures += events.rules(attune, records, amount)
        _say("webhooks")
        figures += events.webhooks(attune, records, amount)
        _say("stopping it")
    return figures


def _measure_packs(amount: packs.Amount) -> list[Figure]:
    _say("starting a private Attune")
    with private_attune() as attune:
        _say("packs")
        figures = packs.packs(attune, amount)
        _say("stopping it")
    return figures


def _measure_environments(*, rounds: int, samples: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheels = write_wheels(folder / "wheels")
        _say("builds")
        with environments.place(folder, settings=wheels, search_path=os.environ["PATH"]) as place:
            figures = environments.builds(place, rounds=rounds)
        _say("starting a private Attune")
        with private_attune(**wheels) as attune:
            packs = environments.write_packs(folder / "packs-to-install")
            for pack in packs:
                attune.install(pack)
            environments.wait_until_built(attune)
            _say("executions beside builds")
            figures += environments.beside_builds(attune, packs, samples=samples)
            _say("stopping it")
    return figures


def _measure_pages(count: int, *, samples: int) -> list[Figure]:
    _say("starting a private Attune")
    with private_attune() as attune:
        _say(f"writing {count:,} executions")
        pages.seed(attune, count)
        _say("pages")
        figures = pages.pages(attune, samples=samples)
        _say("stopping it")
    return figures


def _say(text: str) -> None:
    print(f"  {text} …", file=sys.stderr, flush=True)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/bench", description="Measure Attune beside the floor, on this machine."
    )
    parser.add_argument(
        "what", nargs="?", choices=["runs", "events", "packs", "pages", "environments", "masking"], default="runs",
        help="runs (the default): latency, throughput, gates; events: from an event to its execution, webhooks, many "
        "rules; packs: registering one with thousands of actions; pages: the console and the lists on many executions; "
        "environments: found, left alone, built, and what runs beside builds; "
        "masking: how fast output is searched for secrets",
    )  # fmt: skip
    parser.add_argument("--count", type=int, default=1_000_000, help="executions for pages (default 1000000)")
    parser.add_argument("--quick", action="store_true", help="fewer samples: about a minute")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


if __name__ == "__main__":
    sys.exit(main())
