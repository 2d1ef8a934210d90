"""Waits until an environment was looked at, and tells what was found."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from apps.cli.errors import Detail, Failed
from apps.cli.packs.environments import environments_of
from apps.cli.session import Session

_UNSOUND = {"outdated": "something else is wanted than what serves", "failed": "its last build failed"}
_BUSY = frozenset({"pending", "building"})
_PAUSE_S = 0.5
#: Seconds after which an examination that nobody made is not waited for any longer.
_PATIENCE_S = 60.0


def see_validation(
    session: Session, pack: str, runtime: str, before: Sequence[Mapping[str, Any]], *, is_repair: bool
) -> None:
    """Waits until all of the pack's environments were validated since `before`, and for a repair until the build that
    came of it has ended. Raises `Failed` for broken ones."""
    give_up_at = time.monotonic() + _PATIENCE_S
    known = {row["volume"]: row["validated_at"] for row in before}
    with session.printer.status_line() as line:
        while True:
            rows = environments_of(session, pack, runtime)
            if all(_is_over(row, known.get(row["volume"]), is_repair=is_repair) for row in rows):
                break
            is_building = any(row["status"] in _BUSY for row in rows)
            if time.monotonic() > give_up_at and not is_building:
                raise Failed("not_validated", f"Nobody has looked at the environment of {pack} for {runtime} yet.")
            doing = "building" if is_building else "looking"
            line.show(f"{pack} {runtime}: {doing}", milestone=f"{pack} {runtime}: {doing}")
            time.sleep(_PAUSE_S)
    _tell(session, pack, runtime, rows)


def _is_over(row: Mapping[str, Any], known: str | None, *, is_repair: bool) -> bool:
    if row["status"] == "failed":
        return True
    was_seen = row["validated_at"] not in (None, known)
    return was_seen and not (is_repair and (row["problems"] or row["status"] != "ready"))


def _tell(session: Session, pack: str, runtime: str, rows: Sequence[Mapping[str, Any]]) -> None:
    problems = [problem for row in rows for problem in row["problems"]]
    if not problems:
        problems = [_UNSOUND[row["status"]] for row in rows if row["status"] in _UNSOUND]
    if problems:
        hints = [f"to repair it: attune environment validate {pack} {runtime} --repair"]
        details = [Detail("", problem) for problem in problems]
        text = f"The environment of {pack} for {runtime} is not sound."
        raise Failed("environment_not_sound", text, details=details, hints=hints)
    session.printer.say(f"  ✓ {pack} {runtime} is sound")
