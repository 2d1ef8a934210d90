"""`python -m bench`: what `script/bench` calls."""

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from apps.standalone.layout import Layout
from bench import machine
from bench.arguments import parse
from bench.report import Report, as_json, as_table
from bench.stage import measure, say


def main() -> int:
    """Prints the figures; 0 whatever they are, 1 when something broke, 130 after Ctrl-C."""
    chosen = parse()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        file = _prepared(chosen.output or _usual_file())
    except OSError as error:
        print(f"The figures cannot be written: {error}. Name another file with --output.", file=sys.stderr)
        return 1
    before = machine.now()
    try:
        figures, broken = measure(chosen.parts, chosen.options)
    except KeyboardInterrupt:
        return 130
    report = Report(figures, machine.this_machine(), before, machine.now(), is_quick=chosen.options.is_quick)
    file.write_text(as_json(report) + "\n")
    print(as_json(report) if chosen.prints_json else as_table(report))
    say(f"written to {file}")
    for part, why in broken.items():
        print(f"\n{part} broke: {why}", file=sys.stderr)
    return 1 if broken else 0


def _usual_file() -> Path:
    return Layout.from_environ().var / "bench" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.json"


def _prepared(file: Path) -> Path:
    """Tried before anything is measured, since that takes minutes."""
    for folder in reversed(file.parents):
        folder.mkdir(mode=0o700, exist_ok=True)
    file.touch()
    if not file.stat().st_size:
        file.unlink()
    return file


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
