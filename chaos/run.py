"""One run: a private Attune, load and faults, then rest, evidence and judgement; nothing is left behind.

1. The fleet is started and warmed up; what its processes need at rest is noted.
2. Load and faults, as planned. 3. Until all executions have ended, or patience has.
4. Evidence is taken from REST and the file; the fleet is stopped; what is left is looked for.
"""

import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from apps.runner.removal import remove_tree
from chaos.checker import Violation, check
from chaos.evidence import Evidence, Row, Step, Told
from chaos.faults import Faults
from chaos.fleet import ROOT, Broken, Fleet, private_fleet
from chaos.leftovers import check_actions, check_growth, check_processes, check_slots, sizes
from chaos.load import Load
from chaos.order import check_limits
from chaos.plan import Plan
from chaos.report import Report, report_of
from chaos.servers import Away, Database, Valkey
from chaos.watcher import Watcher, now_us

Say = Callable[[str], None]

#: So many clients at once, each with so many requests: pools and threads are then as many as they become.
_WARM_UP = (24, 5)
#: A line goes on as soon as it can; what is given to it here is for a busy machine.
_PER_EXECUTION_S = 0.2
_AT_REST_S = 30.0
_LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class Options:
    """`tree`: the source that is run. `patience_s`: how long all may take to end after the load; None: as that is."""

    lost_after_s: float = 30.0
    tree: Path = ROOT
    patience_s: float | None = None
    keep: bool = False


def run(plan: Plan, options: Options, *, say: Say) -> Report:
    """Raises `Broken` when it could not be done."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="attune-chaos-"))
    try:
        evidence, left = _run_in(folder, plan, options, say=say)
    finally:
        if options.keep:
            say(f"kept: {folder}")
        else:
            with suppress(OSError):
                remove_tree(folder)  # not by `shutil`: installed packs may not be written to
    violations = [*check(evidence), *check_limits(evidence), *left]
    return report_of(
        evidence, violations, seed=plan.seed, planned_s=plan.seconds, took_s=time.monotonic() - began
    )  # fmt: skip


def _run_in(folder: Path, plan: Plan, options: Options, *, say: Say) -> tuple[Evidence, list[Violation]]:
    say("starting a private Attune")
    with private_fleet(folder / "var", tree=options.tree, settings=_settings(options)) as fleet:
        before = _rest_of_a_warm(fleet)
        evidence = _hurt(fleet, plan, options, file=folder / "notes", say=say)
        left = [
            *_slots_left(fleet),
            *check_actions(fleet.layout.var / "work"),
            *check_growth(before, sizes(fleet.pids())),
        ]
        say("stopping it")
    return evidence, [*left, *check_processes(folder)]


def _settings(options: Options) -> Mapping[str, str]:
    return {
        "ATTUNE_LOST_AFTER_S": f"{options.lost_after_s:g}",
        "ATTUNE_HEARTBEAT_S": f"{options.lost_after_s / 6:g}",
        "ATTUNE_DRAIN_S": "3",
    }


def _rest_of_a_warm(fleet: Fleet) -> Mapping[str, Any]:
    clients, requests = _WARM_UP
    with ThreadPoolExecutor(clients) as warming:
        list(warming.map(lambda _: _warm(fleet, requests), range(clients)))
    if not _wait_until_over(Database(fleet.settings["DATABASE_URL"]), deadline=time.monotonic() + 120):
        raise Broken("it does not run what it accepted, although nothing was broken yet")
    return sizes(fleet.pids())


def _warm(fleet: Fleet, requests: int) -> None:
    with fleet.client(timeout_s=60) as client:
        for _ in range(requests):
            answer = client.post("/executions", json={"action": "core.noop"})
            if answer.status_code != 201:
                raise Broken(f"it takes no executions: {answer.text}")


def _hurt(fleet: Fleet, plan: Plan, options: Options, *, file: Path, say: Say) -> Evidence:
    database = Database(fleet.settings["DATABASE_URL"])
    watcher, epochs = Watcher(file), _Epochs(database)
    load = Load(fleet, plan.orders, seed=plan.seed, file=file)
    faults = Faults(fleet, plan.faults, lost_after_s=options.lost_after_s, say=say)
    with ExitStack() as stack:
        stack.callback(watcher.stop)
        stack.callback(epochs.stop)
        stack.callback(load.stop)
        stack.callback(faults.stop)
        for part in (watcher, epochs, load, faults):
            part.start()
        say(f"{len(plan.orders):,} executions and {len(plan.faults)} faults in {plan.seconds:.0f} s")
        patience_s = options.patience_s
        if patience_s is None:
            patience_s = 60 + 8 * options.lost_after_s + _PER_EXECUTION_S * len(plan.orders)
        deadline = time.monotonic() + plan.seconds + patience_s
        _tell_progress(load, watcher, until=time.monotonic() + plan.seconds, say=say)
        load.join(until=deadline)
        faults.join()
        say("waiting for everything to end")
        _wait_until_over(database, deadline=deadline)
        rows = _rows(fleet)
        histories = _histories(fleet, rows)
        told = _with_executions(load.told, _all(fleet, "/enforcements"))
    return Evidence(
        accepted=[*load.accepted, *(item.accepted for item in told if item.accepted)],
        told=told,
        rows=rows,
        notes=watcher.notes,
        histories=histories,
        canceled=frozenset(load.canceled),
        faults=faults.done,
        bad_answers=load.bad_answers,
        rebuilds=epochs.changes,
        lost_after_s=options.lost_after_s,
    )


def _tell_progress(load: Load, watcher: Watcher, *, until: float, say: Say) -> None:
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 10.0))
        text = f"{len(load.accepted):,} accepted, {watcher.count('start'):,} started, {watcher.count('end'):,} ended"
        say(f"{text}; {max(0.0, until - time.monotonic()):.0f} s to go")


def _wait_until_over(database: Database, *, deadline: float) -> bool:
    while time.monotonic() < deadline:
        try:
            if database.live() == 0:
                return True
        except Away:
            pass
        time.sleep(_LOOK_EVERY_S)
    return False


def _slots_left(fleet: Fleet) -> list[Violation]:
    """What the sweeps have not taken away by then."""
    valkey, deadline = Valkey(fleet.settings["REDIS_URL"]), time.monotonic() + _AT_REST_S
    while True:
        left = check_slots(valkey.standing(), _all(fleet, "/gates"))
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(_LOOK_EVERY_S)


def _rows(fleet: Fleet) -> list[Row]:
    return [
        Row(
            execution=int(row["id"]),
            action=row["action"],
            status=row["status"],
            attempt=int(row["attempt"]),
            retries=int(row["retries"]),
            losses=int(row["losses"]),
            error=str((row["error"] or {}).get("type", "")),
            created_us=_us(row["created_at"]),
            ended_us=_us(row["ended_at"]) if row["ended_at"] else None,
        )
        for row in _all(fleet, "/executions", pack="chaos")
    ]


def _with_executions(told: Sequence[Told], enforcements: Sequence[dict[str, Any]]) -> list[Told]:
    found = defaultdict[int, list[int | None]](list)
    for row in enforcements:
        found[row["event"]].append(row["execution"])
    return [replace(item, executions=tuple(found[item.event])) for item in told]


def _histories(fleet: Fleet, rows: list[Row]) -> dict[int, list[Step]]:
    wanted = [row.execution for row in rows if row.status == "canceled" or row.losses or row.status == "abandoned"]
    with fleet.client() as client:
        return {
            execution: [
                Step(step["status"], int(step["attempt"]), _us(step["at"]), str((step["reason"] or {}).get("code", "")))
                for step in _get(client, f"/executions/{execution}/history")["results"]
            ]
            for execution in wanted
        }


def _all(fleet: Fleet, path: str, **query: str) -> list[dict[str, Any]]:
    """Through all pages."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    with fleet.client() as client:
        while True:
            page = _get(client, path, limit="500", **query, **cursor)
            found += page["results"]
            if not page["next"]:
                return found
            cursor = {"cursor": page["next"]}


def _get(client: httpx.Client, path: str, **query: str) -> dict[str, Any]:
    """Everything has come back by now, or comes back soon."""
    deadline = time.monotonic() + 60
    while True:
        try:
            answer = client.get(path, params=query)
            if answer.status_code == 200:
                body: dict[str, Any] = answer.json()
                return body
            said = f"{answer.status_code} {answer.text[:500]}"
        except httpx.TransportError as error:
            said = repr(error)
        if time.monotonic() > deadline:
            raise Broken(f"GET {path}: {said}")
        time.sleep(_LOOK_EVERY_S)


def _us(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1e6)


class _Epochs:
    """Sees when the lines are built anew."""

    def __init__(self, database: Database) -> None:
        self.changes: list[int] = []
        self._database = database
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="epochs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        known: int | None = None
        while not self._stopping.wait(_LOOK_EVERY_S):
            try:
                epoch = self._database.epoch()
            except Away:
                continue
            if known is not None and epoch != known:
                self.changes.append(now_us())
            known = epoch
