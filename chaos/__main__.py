"""`python -m chaos`: what `script/chaos` calls."""

import argparse
import random
import signal
import sys
import time

from chaos import self_test
from chaos.fleet import Broken
from chaos.plan import make_plan
from chaos.report import as_json, as_markdown
from chaos.run import Options, run

#: From so many seconds on, workers are called lost as late as in production; shorter runs would end before.
_LONG_S = 240.0
_SHORT_LOST_AFTER_S = 6.0


def main() -> int:
    """0: every promise was kept, or every planted bug found; 1: not so, or the run broke; 130 after Ctrl-C."""
    chosen = _parser().parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):  # what a shell starts in the background ignores SIGINT
        signal.signal(number, _interrupt)
    seed = random.SystemRandom().randrange(10**6) if chosen.seed is None else chosen.seed
    _say(f"seed {seed}")
    try:
        return _test_itself(chosen, seed) if chosen.self_test else _run(chosen, seed)
    except Broken as error:
        print(f"\nThe run broke: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(chosen: argparse.Namespace, seed: int) -> int:
    seconds = chosen.seconds or chosen.minutes * 60
    lost_after_s = Options.lost_after_s if seconds >= _LONG_S else _SHORT_LOST_AFTER_S
    report = run(make_plan(seed, seconds=seconds), Options(lost_after_s, keep=chosen.keep), say=_say)
    print(as_json(report) if chosen.json else as_markdown(report))
    return 0 if report.is_good else 1


def _test_itself(chosen: argparse.Namespace, seed: int) -> int:
    verdicts = self_test.self_test(seed, say=_say)
    print(self_test.as_json(verdicts) if chosen.json else self_test.as_text(verdicts))
    return 0 if all(verdict.is_good for verdict in verdicts) else 1


_BEGAN = time.monotonic()


def _say(text: str) -> None:
    print(f"{time.monotonic() - _BEGAN:7.1f} s  {text}", file=sys.stderr, flush=True)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/chaos", description="Hurt a private Attune under load, and see whether it keeps its promises."
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="of load and faults (default 5)")
    parser.add_argument("--seconds", type=float, help="the same in seconds")
    parser.add_argument("--seed", type=int, help="the same seed plans the same load and the same faults")
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs, data and the actions' notes")
    parser.add_argument("--self-test", action="store_true", help="plant known bugs and see whether a run finds each")
    return parser


if __name__ == "__main__":
    sys.exit(main())
