"""Checks of where executions run: workers, the languages they have, the queues they serve."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from apps.cli.doctor.deployment import Deployment
from apps.cli.doctor.findings import Finding, ok, problem, warning
from apps.cli.output.cells import duration_text

#: Seconds of silence after which an active worker may be gone; Attune calls it lost a little later.
_SILENT_S = 30.0
#: Names in one detail.
_SHOWN = 5


def workers(deployment: Deployment) -> Iterator[Finding]:
    """Somebody must be there to run something."""
    active = deployment.active
    if not active:
        yield problem(
            "No worker is active: nothing runs, and no environment is built.",
            "start one: python manage.py worker; on this machine: script/up --detach",
            details=_others(deployment),
        )
        return
    slots, running = sum(row["slots"] for row in active), sum(row["running"] for row in active)
    yield ok(f"{_count(len(active), 'worker')} active, {running} of {slots} slots busy")
    if running >= slots:
        yield warning("All slots are busy: whatever is asked for now waits.", "start more workers, or wait")
    refusing = {row["name"]: row["refusal"] for row in active if row.get("refusal")}
    if refusing:
        tell = problem if len(refusing) == len(active) else warning
        yield tell(
            f"{_count(len(refusing), 'active worker')} take{'s' if len(refusing) == 1 else ''} nothing new.",
            "for a disk: make room on it, and work is taken again by itself; else as it says",
            details=[f"{name}: {why}" for name, why in sorted(refusing.items())],
        )
    lost = [row["name"] for row in deployment.workers if row["status"] == "lost"]
    if lost:
        yield warning(
            f"{_count(len(lost), 'worker')} lost: killed, cut off, or out of memory.",
            "look at their hosts and logs; they come back under the same name",
            details=[_some(lost)],
        )


def heartbeats(deployment: Deployment) -> Iterator[Finding]:
    """An active worker says every few seconds that it is there."""
    ages = {row["name"]: deployment.age(row["last_heartbeat"]).total_seconds() for row in deployment.active}
    silent = {name: age_s for name, age_s in ages.items() if age_s > _SILENT_S}
    if silent:
        yield warning(
            f"{_count(len(silent), 'active worker')} silent for more than {duration_text(_SILENT_S)}.",
            "are the hosts up, and can they reach the database? What they ran is run again once they count as lost",
            details=[f"{name}: {duration_text(age_s)}" for name, age_s in sorted(silent.items())],
        )
    elif ages:
        yield ok(f"the oldest is {duration_text(max(0.0, *ages.values()))} old")


def runtimes(deployment: Deployment) -> Iterator[Finding]:
    """Every enabled action's language must be on some worker."""
    there = {name for row in deployment.active for name in row["runtimes"]}
    missing: dict[str, list[str]] = defaultdict(list)
    for action in deployment.actions:
        if action["enabled"] and action["runtime"] not in there:
            missing[action["runtime"]].append(action["ref"])
    for runtime, refs in sorted(missing.items()):
        yield problem(
            f"No active worker has {runtime}, which {_count(len(refs), 'action')} need{'s' if len(refs) == 1 else ''}.",
            f"install {runtime} where a worker runs, or start a worker that has it: attune runtime show {runtime}",
            details=[_some(refs)],
        )
    if not missing:
        yield ok(f"active workers have all that {_count(len(deployment.actions), 'action')} need")


def queues(deployment: Deployment) -> Iterator[Finding]:
    """What is scheduled waits in a queue, and somebody must take it from there."""
    served = {queue for row in deployment.active for queue in row["queues"]}
    lonely = Counter(row["queue"] for row in deployment.scheduled if row["queue"] not in served)
    for queue, count in sorted(lonely.items()):
        yield problem(
            f"Nobody serves {queue}, where {_count(count, 'execution')} wait{'s' if count == 1 else ''}.",
            "start a worker of this pool with this runtime (the name is run.POOL.RUNTIME)",
        )
    if not lonely:
        yield ok("each queue where something waits is served")


def _others(deployment: Deployment) -> list[str]:
    return [f"{row['name']} is {row['status']}" for row in deployment.workers[:_SHOWN]]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
