"""Checks of the work itself: what waits and why, environments, limits, operations."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from apps.cli.doctor.deployment import LONG, MOST, Deployment
from apps.cli.doctor.findings import Finding, ok, problem, warning
from apps.cli.output.cells import duration_text, plain

#: Examples of one kind.
_SHOWN = 5
#: Failures of longer ago are history.
_RECENT = timedelta(hours=24)
#: A build or an operation that takes longer is stuck, or its host is.
_STUCK = timedelta(minutes=15)


def waiting(deployment: Deployment) -> Iterator[Finding]:
    """Grouped by the reason that Attune gives."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in deployment.waiting:
        groups[(row["reason"] or {}).get("code") or row["status"]].append(row)
    long = duration_text(LONG.total_seconds())
    for code, rows in sorted(groups.items()):
        oldest = min(rows, key=lambda row: str(row["created_at"]))
        since = duration_text(deployment.age(oldest["created_at"]).total_seconds())
        count = f"{MOST} or more" if len(rows) >= MOST else str(len(rows))
        yield warning(
            f"Waiting for more than {long} ({code}): {count}, the oldest for {since}.",
            *_WHAT_TO_DO.get(code, _NOBODY_BRINGS_ON),
            details=[_example(row) for row in sorted(rows, key=lambda row: str(row["created_at"]))[:_SHOWN]],
        )
    if not groups:
        yield ok(f"nothing waits for more than {long}")


def environments(deployment: Deployment) -> Iterator[Finding]:
    """Packages of packs: failed builds, and builds that do not end."""
    failed = [row for row in deployment.environments if row["status"] == "failed"]
    for row in failed:
        serves = "the generation before serves" if row["generation"] else "nothing serves: its actions cannot run"
        kind = warning if row["generation"] else problem
        yield kind(
            f"The environment of {row['pack']} for {row['runtime']} was not built; {serves}.",
            f"why: attune environment show {row['pack']} {row['runtime']}",
            f"once more: attune environment rebuild {row['pack']} {row['runtime']}",
            details=[plain((row["error"] or "").split("\n")[0]).text] if row["error"] else [],
        )
    stuck = [row for row in deployment.environments if row["status"] in ("pending", "building")]
    stuck = [row for row in stuck if deployment.age(row["updated_at"]) > _STUCK]
    if stuck:
        yield warning(
            f"Builds that have not moved for {duration_text(_STUCK.total_seconds())}: {len(stuck)}.",
            "is a worker with this runtime active? attune worker list",
            details=[f"{row['pack']} {row['runtime']} {row['status']}" for row in stuck[:_SHOWN]],
        )
    outdated = [row for row in deployment.environments if row["status"] == "outdated"]
    if outdated:
        yield warning(
            f"Outdated environments, built anew before the next run that needs them: {len(outdated)}.",
            "to have it done now: attune environment rebuild PACK RUNTIME",
            details=[f"{row['pack']} {row['runtime']}" for row in outdated[:_SHOWN]],
        )
    if not (failed or stuck or outdated):
        yield ok("none is broken or outdated")


def sensors(deployment: Deployment) -> Iterator[Finding]:
    """What should watch the world must run somewhere."""
    rows = deployment.sensors
    fallen = {row["ref"]: row["reason"] for row in rows if row["state"] == "backing_off"}
    placeless = {row["ref"]: row["reason"] for row in rows if row["state"] == "no_place"}
    for found, text, todo in (
        (
            fallen,
            "not stay up; each is started again, later each time.",
            "read what it said last: attune sensor show REF",
        ),
        (placeless, "not run anywhere.", "is a process of the role sensors up (python manage.py run_sensors)?"),
    ):
        if found:
            subject = "1 sensor does" if len(found) == 1 else f"{len(found)} sensors do"
            details = [f"{ref}: {why}" for ref, why in sorted(found.items())]
            yield problem(f"{subject} {text}", todo, details=details)
    if not fallen and not placeless:
        yield ok(f"{sum(row['state'] == 'running' for row in rows)} of {len(rows)} run, the others are not asked for")


def limits(deployment: Deployment) -> Iterator[Finding]:
    """A limit of 0 pauses: meant at the time, and forgotten easily."""
    paused = [row for row in deployment.policies if row["limit"] == 0]
    lines: dict[str, int] = defaultdict(int)
    for gate in deployment.gates:
        lines[gate["policy"]] += gate["waiting"] or 0
    for row in paused:
        behind = lines[row["name"]]
        yield warning(
            f"{row['name']} is paused (its limit is 0), {behind} wait.",
            f"to go on: attune policy update {row['id']} --limit N",
        )
    if not paused:
        yield ok("none is paused")


def operations(deployment: Deployment) -> Iterator[Finding]:
    """Installations and the like of the last day."""
    rows = deployment.operations
    failed = [row for row in rows if row["status"] == "failed" and deployment.age(row["created_at"]) < _RECENT]
    stuck = [row for row in rows if row["status"] != "failed" and deployment.age(row["created_at"]) > _STUCK]
    if failed:
        yield warning(
            f"Operations that failed within a day: {len(failed)}.",
            f"what it said: attune operation log {failed[0]['id']}",
            details=[_failure(row) for row in failed[:_SHOWN]],
        )
    if stuck:
        yield problem(
            f"Operations that have not ended after {duration_text(_STUCK.total_seconds())}: {len(stuck)}.",
            "the conductor runs them: is it up? On this machine: script/up --detach",
            details=[f"{row['id']} {row['kind']} {row['subject']} {row['status']}" for row in stuck[:_SHOWN]],
        )
    if not (failed or stuck):
        yield ok("none failed within a day")


_NOBODY_BRINGS_ON = (
    "conductor and scheduler bring executions on: are both roles up? On this machine: script/up --detach",
)
_WHAT_TO_DO: dict[str, Sequence[str]] = {
    "waiting_for_rate": ("when the next may pass: attune gate list; more in a time: attune gate limit GATE LIMIT",),
    "waiting_for_slot": ("who stands there: attune gate list; more at a time: attune gate limit GATE LIMIT",),
    "paused_by_limit": ("to go on: attune gate limit GATE LIMIT",),
    "no_worker": ("start a worker with this runtime in this pool: attune worker list",),
    "waiting_for_worker": ("all slots are busy: start more workers, or wait",),
    "environment_building": ("how the build goes: attune environment list",),
    "slot_unavailable": ("who stands there: attune gate list",),
}


def _example(row: dict[str, Any]) -> str:
    text = (row["reason"] or {}).get("text")
    return f"{row['id']} {row['action']} {row['status']}" + (f": {plain(text).text}" if text else "")


def _failure(row: dict[str, Any]) -> str:
    detail = plain((row["error"] or {}).get("detail")).text
    return f"{row['id']} {row['kind']} {row['subject']}" + (f": {detail}" if detail else "")
