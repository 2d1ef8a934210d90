"""The gates an execution has to pass, and its places in their lines."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from apps.actions.definition import canonical
from apps.core.errors import Conflict, LimitReached
from apps.core.expressions import TemplateError, compile_template
from apps.core.types import JsonObject, JsonValue
from apps.executions.models import Execution, Policy
from apps.executions.policies.passes import count_passed
from apps.executions.states import IN_LINE, LIVE

#: Longest text of a key kept for people to read; the hash tells keys apart.
_KEY_TEXT_CHARS = 200
#: Keys rendered to more than this many characters of JSON are refused.
_KEY_MAX_CHARS = 10_000


class LineFull(LimitReached):
    """As many executions wait in this line as may; try again later."""

    code = "line_full"


class SlotUnavailable(Conflict):
    """The limit is reached, and the policy says not to wait."""

    code = "slot_unavailable"


class KeyFailed(Conflict):
    """The key of a policy cannot be computed from these parameters."""

    code = "policy_key_failed"


@dataclass(frozen=True)
class GateSpec:
    """A gate by what makes it: a policy and a value of its key."""

    policy: Policy
    key_hash: str
    key_text: str

    @property
    def identity(self) -> tuple[int, str]:
        return (self.policy.pk, self.key_hash)


def gates_for(policies: Sequence[Policy], parameters: JsonObject, names: Iterable[str]) -> list[GateSpec]:
    """The gates of one request. `names` are all parameters the action declares: one not given is null in a key.

    Raises `KeyFailed` when a key cannot be computed: a limit that cannot be applied lets nobody pass.
    """
    context: Mapping[str, JsonValue] = {**dict.fromkeys(names), **parameters}
    return [_gate_for(policy, context) for policy in policies]


def _gate_for(policy: Policy, context: Mapping[str, JsonValue]) -> GateSpec:
    value: JsonValue = None
    if policy.key is not None:
        try:
            template = compile_template(policy.key)
            value = template.render({**dict.fromkeys(template.names), **context})
        except TemplateError as error:
            raise KeyFailed(f"The key of the policy {policy.name} failed: {error}", policy=policy.name) from error
    text = canonical([policy.pk, value])
    if len(text) > _KEY_MAX_CHARS:
        raise KeyFailed(f"The key of the policy {policy.name} is too long.", policy=policy.name)
    shown = "" if policy.key is None else (value if isinstance(value, str) else canonical(value).decode())
    return GateSpec(policy, hashlib.sha256(text).hexdigest(), shown[:_KEY_TEXT_CHARS])


def expires_at(policies: Iterable[Policy]) -> datetime | None:
    """When an execution that takes its place now stops waiting, if some policy says so."""
    limits = [policy.expires_s for policy in policies if policy.expires_s is not None]
    return timezone.now() + timedelta(seconds=min(limits)) if limits else None


@dataclass(frozen=True)
class Places:
    """What a request got: the id of each gate it named, and the numbers dealt at first gates, in the order asked."""

    gate_ids: Mapping[tuple[int, str], int]
    numbers: Sequence[int | None]


def take_places(firsts: Sequence[GateSpec | None], others: Iterable[GateSpec], *, dealt: Sequence[bool]) -> Places:
    """Inside the request's transaction, last of all before the rows: locks each first gate and deals its numbers.

    `firsts[i]` is the first gate of the i-th request; a number is dealt where `dealt[i]`. The rows of the first gates
    stay locked until commit, which makes the numbers gapless and equal to the order of commit. Gates are locked and
    made in one order, by their identity, here and in `due`: so nobody waits for somebody who waits for them.
    """
    wanted: dict[tuple[int, str], int] = {}
    specs: dict[tuple[int, str], GateSpec] = {}
    for spec, deal in zip(firsts, dealt, strict=True):
        if spec is not None:
            specs[spec.identity] = spec
            wanted[spec.identity] = wanted.get(spec.identity, 0) + int(deal)
    for spec in others:
        specs[spec.identity] = spec
        if spec.policy.decides_at_request:
            wanted.setdefault(spec.identity, 0)
    ids: dict[tuple[int, str], int] = {}
    next_number: dict[tuple[int, str], int] = {}
    for identity in sorted(specs):
        if identity in wanted:
            ids[identity], last = _lock_gate(specs[identity], wanted[identity])
            next_number[identity] = last - wanted[identity] + 1
        else:
            ids[identity] = _touch_gate(specs[identity])
    numbers: list[int | None] = []
    for spec, deal in zip(firsts, dealt, strict=True):
        if spec is None or not deal:
            numbers.append(None)
            continue
        numbers.append(next_number[spec.identity])
        next_number[spec.identity] += 1
    return Places(ids, numbers)


def _lock_gate(spec: GateSpec, count: int) -> tuple[int, int]:
    """The gate's id and its last number after `count` were dealt; its row is locked until commit."""
    sql = """
        INSERT INTO executions_gate AS gate (policy_id, key_hash, key_text, last_seq)
        VALUES (%(policy)s, %(hash)s, %(text)s, %(count)s)
        ON CONFLICT (policy_id, key_hash)
        DO UPDATE SET last_seq = gate.last_seq + %(count)s, used_at = clock_timestamp()
        RETURNING id, last_seq
    """
    parameters: dict[str, int | str] = {
        "policy": spec.policy.pk,
        "hash": spec.key_hash,
        "text": spec.key_text,
        "count": count,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        gate_id, last = cursor.fetchone()
    return int(gate_id), int(last)


def _touch_gate(spec: GateSpec) -> int:
    """The id of a gate that is passed later; its row is locked against collection only, not against other requests."""
    parameters: dict[str, int | str] = {"policy": spec.policy.pk, "hash": spec.key_hash, "text": spec.key_text}
    with connection.cursor() as cursor:
        for _ in range(3):
            cursor.execute(
                "SELECT id FROM executions_gate WHERE policy_id = %(policy)s AND key_hash = %(hash)s FOR KEY SHARE",
                parameters,
            )
            if row := cursor.fetchone():
                return int(row[0])
            cursor.execute(
                "INSERT INTO executions_gate (policy_id, key_hash, key_text, last_seq)"
                " VALUES (%(policy)s, %(hash)s, %(text)s, 0) ON CONFLICT DO NOTHING",
                parameters,
            )
    raise LineFull(f"The gate of {spec.policy.name} is being made by somebody else; try again.")


def decide(spec: GateSpec, gate_id: int, *, before: int) -> str:
    """What the policy says about one more: `pass`, `wait`, or `cancel`. Raises `LineFull` or `SlotUnavailable`.

    `before` counts the requests of the same batch that were admitted to this gate already. Call it under the gate's
    lock.
    """
    policy, limit = spec.policy, spec.policy.limit_in_force
    if limit is None or not policy.decides_at_request:
        return "pass"
    taken = before + _taken_at(policy, gate_id, most=limit + (policy.max_waiting or 0) + 1)
    if taken < limit:
        return "pass"
    facts: JsonObject = {"policy": policy.name, "gate": gate_id, "limit": limit}
    if policy.is_rate:
        facts["window_s"] = policy.window_s
    if policy.when_full == Policy.WhenFull.REJECT:
        raise SlotUnavailable(f"{said_of(policy)} is reached.", **facts)
    if policy.when_full == Policy.WhenFull.CANCEL:
        return "cancel"
    if policy.max_waiting is not None and taken - limit >= policy.max_waiting:
        raise LineFull(f"{policy.max_waiting} executions wait at {policy.name}, as many as may.", **facts)
    return "wait"


def said_of(policy: Policy) -> str:
    """A limit in words."""
    window = f" in {policy.window_s:g} s" if policy.window_s else ""
    return f"The limit of {policy.limit_in_force}{window} of {policy.name}"


def _taken_at(policy: Policy, gate_id: int, *, most: int) -> int:
    """How many have, or will have, what one more would take: a slot, or a pass within the window.

    Who is not due yet has no place here, and no slot.
    """
    at_gate = Q(gate=gate_id) | Q(later_gates__contains=[gate_id])
    here = Execution.objects.filter(at_gate, number__isnull=False)
    if policy.is_rate:
        return here.filter(status__in=IN_LINE)[:most].count() + count_passed(gate_id, window_s=policy.window_s or 0)
    return here.filter(status__in=LIVE)[:most].count()
