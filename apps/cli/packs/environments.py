"""Waits for a pack's environments, shows how the builds go, and tells why one failed."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from apps.cli.errors import Detail, Failed
from apps.cli.output.cells import duration_text
from apps.cli.output.printer import Printer
from apps.cli.output.status_line import bar
from apps.cli.session import Session

#: Nothing more comes of these by itself.
_SETTLED = frozenset({"ready", "failed", "outdated"})
_PAUSE_S = 0.5
#: Lines of a failed build's log that are shown.
_LOG_LINES = 20
#: Seconds after which a rollback that changed nothing is not waited for any longer.
_ROLLBACK_S = 15.0


def environments_of(session: Session, pack: str, runtime: str | None = None) -> list[dict[str, Any]]:
    """The pack's own environments on all volumes, with their logs."""
    rows = session.api.items("packs", pack, "environments")
    return [row for row in rows if runtime in (None, row["runtime"])]


def see_builds(session: Session, pack: str, runtime: str | None = None) -> int:
    """Waits until the pack's environments are ready, and tells how many there are. Raises `Failed` for builds that
    failed.

    Where no worker is active nothing is built, which is said; they are built before the first run then.
    """
    printer, begun_at = session.printer, time.monotonic()
    try:
        with printer.status_line() as line:
            rows = environments_of(session, pack, runtime)
            while waiting := [row for row in rows if row["status"] not in _SETTLED]:
                if not _has_workers(session):
                    line.clear()
                    printer.say(NO_WORKER)
                    return len(rows)
                passed = duration_text(time.monotonic() - begun_at)
                done = f"{bar(100 * (len(rows) - len(waiting)) // len(rows))}  " if len(rows) > 1 else ""
                line.show(f"{done}{_progress(waiting)}  {passed}", milestone=_milestone(waiting))
                time.sleep(_PAUSE_S)
                rows = environments_of(session, pack, runtime)
    except KeyboardInterrupt:
        printer.say(f"the build goes on; to look again: attune pack environments {pack}")
        raise
    _tell(printer, pack, rows)
    return len(rows)


def none_of_its_own(pack: str) -> str:
    return f"{pack} has no environment of its own (yet): without dependencies it uses the common one."


BUILT_LATER = "environments are built by a worker, at the latest before the first run"
NO_WORKER = f"no worker is active: {BUILT_LATER}"


def see_rollback(session: Session, pack: str, runtime: str, before: Sequence[Mapping[str, Any]]) -> None:
    """Waits until another generation serves than `before`. Raises `Failed` when none does."""
    give_up_at = time.monotonic() + _ROLLBACK_S
    rows = before
    with session.printer.status_line() as line:
        while _generations(rows) == _generations(before):
            if time.monotonic() > give_up_at:
                text = f"The same generation of {pack} {runtime} still serves; there may be none to go back to."
                raise Failed("not_rolled_back", text, hints=[f"what there is: attune pack environments {pack}"])
            line.show(f"{pack} {runtime}: going back", milestone=f"{pack} {runtime}: going back")
            time.sleep(_PAUSE_S)
            rows = environments_of(session, pack, runtime)
    _tell(session.printer, pack, rows)


def _generations(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {row["volume"]: row["generation"] for row in rows}


def _has_workers(session: Session) -> bool:
    return bool(list(session.api.items("workers", most=1, status="active", fields="name")))


def _tell(printer: Printer, pack: str, rows: Sequence[Mapping[str, Any]]) -> None:
    failed = [row for row in rows if row["status"] == "failed"]
    for row in rows:
        if row["status"] == "ready":
            printer.say(f"  ✓ {pack} {row['runtime']} ready: {_contents(row)}")
    if not failed:
        return
    details = [Detail("", line) for row in failed for line in _why(row)]
    hints = [f"to try again: attune pack rebuild {pack} {failed[0]['runtime']}"]
    if any(row["generation"] for row in failed):
        hints.append("what served before goes on serving")
    names = ", ".join(sorted({row["runtime"] for row in failed}))
    raise Failed(
        "environment_failed", f"The environment of {pack} for {names} was not built.", details=details, hints=hints
    )


def _contents(row: Mapping[str, Any]) -> str:
    count = len(row["packages"])
    return f"generation {row['generation']}, {count} package{'' if count == 1 else 's'}"


def _why(row: Mapping[str, Any]) -> list[str]:
    """The last lines of the log and what they come to; the whole error where there is no log to repeat."""
    log = [line for line in row.get("log", "").rstrip().split("\n")[-_LOG_LINES:] if line]
    error = (row["error"] or "").rstrip().split("\n")
    return [*log, *(error[:1] if log else error)]


def _progress(rows: Sequence[Mapping[str, Any]]) -> str:
    texts = []
    for row in rows:
        last = row.get("log", "").rstrip().rpartition("\n")[2] if row["status"] == "building" else ""
        texts.append(f"{row['pack']} {row['runtime']} {row['status']}" + (f": {last}" if last else ""))
    return "; ".join(texts)


def _milestone(rows: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{row['pack']} {row['runtime']} {row['status']}" for row in rows)
