"""Waits until workers that drain run nothing more, and says what still runs."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apps.cli.errors import Failed
from apps.cli.executions.waiting import Deadline
from apps.cli.output.cells import duration_text
from apps.cli.output.printer import Printer

if TYPE_CHECKING:
    from apps.cli.api import Api

_PAUSE_S = 0.5
#: Executions named of those that still run on one worker.
_NAMED = 3
_LIVING = ("active", "cordoned", "draining")


def see_drained(
    workers: Sequence[Mapping[str, Any]], *, api: "Api", printer: Printer, deadline: Deadline
) -> list[dict[str, Any]]:
    """The workers as they are once nothing runs on any of them; one whose process has ended runs nothing.

    Raises `Failed` at the deadline, and when somebody took a worker back. Ctrl-C leaves the drain alone.
    """
    with printer.status_line() as line:
        while True:
            left = [worker for worker in workers if _is_busy(worker)]
            if not left:
                return [dict(worker) for worker in workers]
            text = "; ".join(_standing(worker, api) for worker in left)
            line.show(text, milestone=text)
            _check(deadline, left)
            time.sleep(max(0.0, min(_PAUSE_S, deadline.left_s)))
            workers = [api.get("workers", worker["name"]) for worker in workers]


def _is_busy(worker: Mapping[str, Any]) -> bool:
    """Raises `Failed` for one that takes work again."""
    if worker["status"] not in _LIVING:
        return False
    if worker["status"] != "draining":
        text = f"{worker['name']} does not drain any more: it is {worker['status']}."
        raise Failed("drain_called_off", text, hints=[f"to drain it again: attune worker drain {worker['name']}"])
    return bool(worker["running"])


def _check(deadline: Deadline, left: Sequence[Mapping[str, Any]]) -> None:
    if deadline.left_s <= 0:
        names = " ".join(worker["name"] for worker in left)
        raise Failed(
            "wait_timeout",
            f"Not drained within {duration_text(deadline.timeout_s or 0)}: {names}; the drain goes on.",
            hints=[f"to look again: attune worker drain {names} --wait"],
        )


def _standing(worker: Mapping[str, Any], api: "Api") -> str:
    """`w1: 4 run (17 examples.sleep, 18 demo.deploy, 19 demo.deploy and 1 more)`; others' executions are not named."""
    fields, name = "id,action", worker["name"]
    rows = api.items("executions", most=_NAMED, worker=name, status="running,canceling", fields=fields)
    named = [f"{row['id']} {row['action']}" for row in rows]
    more = worker["running"] - len(named)
    text = ", ".join(named) + (f" and {more} more" if named and more > 0 else "")
    return f"{name}: {worker['running']} run{'s' if worker['running'] == 1 else ''}" + (f" ({text})" if text else "")
