"""`python -m apps.standalone`: what the scripts up, down and their kind call."""

import argparse
import sys
from collections.abc import Sequence

from apps.standalone.detach import up_detached
from apps.standalone.down import down
from apps.standalone.errors import StandaloneError
from apps.standalone.layout import Layout
from apps.standalone.report import Report
from apps.standalone.status import status
from apps.standalone.up import up


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 not, with a message on standard error."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal may know ASCII only
    chosen = _parser().parse_args(arguments)
    try:
        return _run(chosen)
    except StandaloneError as error:
        sys.stdout.flush()
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(chosen: argparse.Namespace) -> int:
    layout = Layout.from_environ()
    if chosen.command == "up" and chosen.detach:
        return up_detached(layout)
    if chosen.command in {"up", "serve"}:
        up(layout, report=Report(log=layout.supervisor_log), leaves_terminal=chosen.command == "serve")
    elif chosen.command == "down":
        down(layout, report=Report())
    elif chosen.command == "status":
        return 0 if status(layout, report=Report()) else 1
    elif chosen.command in {"scratch", "install"}:
        _set_up(chosen, layout)
    return 0


def _set_up(chosen: argparse.Namespace, layout: Layout) -> None:
    # Here, since a supervisor never needs it, and would keep two megabytes of it for as long as it runs.
    from apps.standalone.install import install, scratch_folder

    print(
        scratch_folder() if chosen.command == "scratch" else install(layout, dev=chosen.dev, report=Report(sys.stderr))
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m apps.standalone", description="Attune on one machine.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    start = commands.add_parser("up", prog="script/up", help="start Attune and keep it running until Ctrl-C")
    start.add_argument("--detach", action="store_true", help="return when it is ready; it runs on")
    commands.add_parser("down", prog="script/down", help="stop Attune; its data stay")
    commands.add_parser("status", help="say what runs")
    commands.add_parser("serve", help="what `up --detach` leaves running")
    commands.add_parser("scratch", help="print a folder for the caches of tools")
    setup = commands.add_parser("install", help="install the pinned requirements; print the environment's folder")
    setup.add_argument("--dev", action="store_true", help="also what checks and tests need")
    return parser


if __name__ == "__main__":
    sys.exit(main())
