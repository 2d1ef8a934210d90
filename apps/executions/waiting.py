"""Why an execution waits, computed when somebody asks: its line, position and estimate, or the worker that is
missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.utils import timezone

from apps.core.fixed_query import FixedQuery
from apps.core.redis import RedisAway
from apps.core.types import JsonObject
from apps.executions import lines
from apps.executions.models import Execution, Gate
from apps.executions.policies.passes import Lately
from apps.executions.slots.protocol import Counts, Place, StaleEpoch
from apps.executions.states import ACTIVE, Status
from apps.executions.statistics import estimate_s, lately_at, usual_durations
from apps.workers.choosing import why_nobody
from apps.workers.models import Worker
from apps.workers.queues import asked_in

_WORKER_FIELDS = ("id", "name", "status", "refusal", "queues", "slots", "pool", "runtimes")


@dataclass(frozen=True)
class Waiting:
    """`reason` for people and programs; `gates` in the order in which they are passed."""

    reason: JsonObject | None
    gates: list[JsonObject]


def explain(executions: Sequence[Execution]) -> Mapping[int, Waiting]:
    """For each of `executions`; the number of queries does not depend on how many there are."""
    in_line = [row for row in executions if row.status in (Status.REQUESTED, Status.DELAYED) and row.gate_id]
    scheduled = [row for row in executions if row.status == Status.SCHEDULED]
    explained = {row.pk: Waiting(row.reason, []) for row in executions}
    explained |= _explain_lines(in_line)
    explained |= {row.pk: Waiting(reason, []) for row, reason in _explain_queues(scheduled)}
    for row in executions:
        if row.status == Status.REQUESTED and row.number is None and row.not_before is not None:
            explained[row.pk] = Waiting(_not_yet(row), explained[row.pk].gates)
    return explained


def _not_yet(row: Execution) -> JsonObject:
    assert row.not_before is not None
    at = row.not_before.isoformat()
    if row.reason:
        return {**row.reason, "not_before": at}
    is_due = row.not_before <= timezone.now()
    text = "it is due and is brought on in a moment" if is_due else f"it was asked not to start before {at}"
    return {"code": "not_before", "text": text, "not_before": at}


@dataclass(frozen=True)
class _Known:
    """Of all gates on the way of all who are asked about, by id. `facts` are those that are the same for everybody."""

    gates: Mapping[int, Gate]
    facts: Mapping[int, JsonObject]
    durations: Mapping[int, float]
    lately: Mapping[int, Lately]


_GATES = FixedQuery(lambda ids: Gate.objects.select_related("policy").filter(pk__in=ids).order_by(), ids="numbers")


def _explain_lines(rows: Sequence[Execution]) -> dict[int, Waiting]:
    if not rows:
        return {}
    wanted = {gate for row in rows if row.gate_id for gate in (row.gate_id, *row.later_gates)}
    gates = {gate.pk: gate for gate in _GATES(ids=list(wanted))}
    places, counts = _ask_lines(rows, list(gates))
    lately = lately_at(gates.values())
    facts = {pk: _gate_facts(gate, counts.get(pk), lately.get(pk)) for pk, gate in gates.items()}
    known = _Known(gates, facts, usual_durations(list(gates)), lately)
    return {row.pk: _explain_line(row, known, places.get(row.pk)) for row in rows}


def _ask_lines(rows: Iterable[Execution], gates: Sequence[int]) -> tuple[Mapping[int, Place], Mapping[int, Counts]]:
    try:
        return lines.slots().places([row.pk for row in rows]), lines.slots().counts(gates)
    except (RedisAway, StaleEpoch):
        return {}, {}


def _explain_line(row: Execution, known: _Known, place: Place | None) -> Waiting:
    path = [gate for gate in (row.gate_id, *row.later_gates) if gate is not None and gate in known.gates]
    facts = [_facts_at(gate, known, place) for gate in path]
    if place is None:
        text = "its place is in the database; its line is being looked up or built anew"
        return Waiting({"code": "waiting_for_slot", "text": text}, facts)
    here = next((item for item in facts if item["position"] is not None), None)
    if here is None:
        return Waiting({"code": "granted", "text": "it has its slots and is scheduled in a moment"}, facts)
    if here["limit"] == 0:
        text = f"{here['policy']} is paused (its limit is 0)"
        return Waiting({"code": "paused_by_limit", "text": text, **here}, facts)
    if here["window_s"] is not None:
        rate = f"{here['limit']} may pass in {here['window_s']:g} s"
        text = f"position {here['position']} at {here['policy']}, where {rate}"
        return Waiting({"code": "waiting_for_rate", "text": text, **here}, facts)
    text = f"position {here['position']} at {here['policy']}, where {here['holding']} of {here['limit']} run"
    return Waiting({"code": "waiting_for_slot", "text": text, **here}, facts)


def _facts_at(gate_id: int, known: _Known, place: Place | None) -> JsonObject:
    """Of one execution, which may stand there or not."""
    if place is None or place.gate != gate_id or place.position is None:
        return known.facts[gate_id]
    duration_s, lately = known.durations.get(gate_id), known.lately.get(gate_id)
    estimate = estimate_s(known.gates[gate_id], place.position, duration_s=duration_s, lately=lately)
    return {**known.facts[gate_id], "position": place.position, "estimate_s": estimate}


def _gate_facts(gate: Gate, counts: Counts | None, lately: Lately | None) -> JsonObject:
    """With nobody's position."""
    return {
        "gate": gate.pk,
        "policy": gate.policy.name,
        "key": gate.key_text or None,
        "limit": gate.policy.limit_in_force,
        "window_s": gate.policy.window_s,
        "position": None,
        "waiting": counts.waiting if counts else None,
        "holding": counts.holding if counts and lately is None else None,
        "passed": lately.passed if lately else None,
        "estimate_s": None,
    }


def _explain_queues(rows: Sequence[Execution]) -> list[tuple[Execution, JsonObject]]:
    if not rows:
        return []
    queues = {row.queue for row in rows}
    workers = list(Worker.objects.living().values(*_WORKER_FIELDS))
    busy = _busy([worker["id"] for worker in workers])
    reasons = {queue: _explain_queue(queue, workers, busy) for queue in queues}
    return [(row, reasons[row.queue]) for row in rows]


def _explain_queue(queue: str, workers: Sequence[Mapping[str, Any]], busy: Mapping[int, int]) -> JsonObject:
    able = [worker for worker in workers if queue in worker["queues"]]
    serving = [worker for worker in able if worker["status"] == "active" and not worker["refusal"]]
    if not serving:
        return {"code": "no_worker", "text": _why_unserved(queue, able, workers), "queue": queue}
    slots, used = sum(worker["slots"] for worker in serving), sum(busy.get(worker["id"], 0) for worker in serving)
    text = f"{used} of {slots} slots of the workers that serve {queue} are busy"
    return {"code": "waiting_for_worker", "text": text, "queue": queue, "slots": slots, "busy": used}


def _why_unserved(queue: str, able: Sequence[Mapping[str, Any]], workers: Sequence[Mapping[str, Any]]) -> str:
    if able:
        why = "; ".join(f"{worker['name']} {worker['refusal'] or 'is ' + worker['status']}" for worker in able)
        return f"no worker serves {queue}: {why}"
    pool, runtime, wanted = asked_in(queue)
    runtimes = [worker["runtimes"] for worker in workers if worker["pool"] == pool]
    if wanted:
        return why_nobody(runtimes, runtime, wanted)
    return f"no worker serves {queue}: start one with this runtime in this pool"


def _busy(workers: Sequence[int]) -> dict[int, int]:
    found = Execution.objects.filter(worker__in=workers, status__in=ACTIVE).values("worker").annotate(n=Count("id"))
    return {row["worker"]: row["n"] for row in found.order_by()}
