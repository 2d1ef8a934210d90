"""Accepts executions, in one transaction: everything is checked, then written; after it the lines and workers are
told."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction

from apps.actions.definition import Definition, RetryRule, parsed
from apps.actions.models import Action
from apps.actions.parameters import InvalidParameters, Prepared, prepare
from apps.actions.services.lookup import get_runnable_action
from apps.core import tracing
from apps.core.database import again_if_given_up
from apps.core.errors import Conflict, FieldError, NotFound
from apps.core.types import JsonObject
from apps.executions import dispatch, lines
from apps.executions.afterwards import afterwards
from apps.executions.api_tokens import bind_to_token
from apps.executions.idempotency import Idempotency, remember, reserve
from apps.executions.models import Execution, SecretParameters
from apps.executions.policies.applicable import Applicable, policies_for
from apps.executions.policies.gates import GateSpec, decide, expires_at, gates_for, said_of, take_places
from apps.executions.secret_outputs import with_outputs
from apps.executions.secrets import KeptSecrets, seal, seal_over
from apps.executions.services.cancel import UnknownExecution
from apps.executions.slots.protocol import Entry, GateRef, Limit
from apps.executions.states import Status
from apps.executions.transitions import NewExecution, Ticket, insert
from apps.workers.choosing import queue_for

if TYPE_CHECKING:
    from apps.accounts.models import Identity

#: Most executions one batch may ask for.
MAX_BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One execution somebody asks for. `parameters` as given; defaults and checks come here. `kept`: see rerun."""

    action: str
    parameters: JsonObject = field(default_factory=dict)
    labels: JsonObject = field(default_factory=dict)
    not_before: datetime | None = None
    rerun_of_id: int | None = None
    kept: KeptSecrets | None = None
    trace_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Accepted:
    """`is_new` is false when an earlier request under the same Idempotency-Key made these executions."""

    execution_ids: Sequence[int]
    is_new: bool


@dataclass(frozen=True)
class Requested:
    """In the order asked for; `parameters` as they were accepted, defaults filled in, secret ones masked."""

    execution_ids: Sequence[int]
    parameters: Sequence[JsonObject]
    follow_up: Callable[[], None]


@dataclass(frozen=True)
class _Draft:
    """A wish that passed all checks that need no lock."""

    wish: Wish
    action: Action
    definition: Definition
    prepared: Prepared
    rules: Applicable = field(default_factory=Applicable)
    gates: Sequence[GateSpec] = ()

    @property
    def is_dealt_now(self) -> bool:
        """Whether it takes its place in the line with this request, and not when it is due."""
        return bool(self.gates) and self.wish.not_before is None

    @property
    def timeout_s(self) -> float:
        """The least that the action or a policy says; the setting where nobody says anything."""
        said = [value for value in (self.definition.timeout_s, self.rules.timeout_s) if value is not None]
        return min(said, default=settings.ATTUNE_TASK_TIMEOUT_S)

    @property
    def retry_of_policy(self) -> RetryRule | None:
        """Of a policy, where the action's file says nothing."""
        return None if self.definition.retry is not None else self.rules.retry

    @property
    def retry(self) -> RetryRule:
        return self.definition.retry or self.rules.retry or RetryRule()


def request_executions(
    identity: "Identity", wishes: Sequence[Wish], *, idempotency: Idempotency | None = None, is_batch: bool = False
) -> Accepted:
    """Accepts all of `wishes`, in their order, or none.

    Raises `UnknownAction`, `ActionDisabled`, `PackDisabled`, `InvalidParameters` (with a pointer for each mistake,
    under `/executions/<i>` in a batch), `KeyFailed`, `LineFull`, `SlotUnavailable`, `IdempotencyKeyReused`. Redis
    away or a stale line is no error: the executions are accepted, and the sweep brings them on.
    """
    accepted, follow_up = again_if_given_up(
        lambda: _accept(identity, wishes, idempotency=idempotency, is_batch=is_batch),
        is_idempotent=idempotency is not None,
    )
    follow_up()
    return accepted


def _accept(
    identity: "Identity", wishes: Sequence[Wish], *, idempotency: Idempotency | None, is_batch: bool
) -> tuple[Accepted, Callable[[], None]]:
    """The transaction, and what is to be done after it."""
    with transaction.atomic(durable=True):
        # First of all: what was accepted is told again, though the same might be refused by now.
        reserved = reserve(identity.pk, idempotency) if idempotency else None
        if reserved and reserved.earlier:
            return Accepted(reserved.earlier, is_new=False), lambda: None
        tickets, follow_up = _write(_drafts(identity, wishes, is_batch=is_batch), identity)
        if reserved:
            remember(reserved, [ticket.id for ticket in tickets])
    return Accepted([ticket.id for ticket in tickets], is_new=True), follow_up


def request_within(identity: "Identity", wishes: Sequence[Wish]) -> Requested:
    """Accepts all of `wishes`, or none, inside the caller's transaction, which must be short: from here on it may hold
    a gate's lock. After its commit the caller calls `follow_up`; what is lost of that, the sweep brings on.

    Raises what `request_executions` raises; then the caller rolls back to where it was before.
    """
    drafts = _drafts(identity, wishes, is_batch=len(wishes) > 1)
    tickets, follow_up = _write(drafts, identity)
    return Requested([ticket.id for ticket in tickets], [_shown(draft) for draft in drafts], follow_up)


def _shown(draft: _Draft) -> JsonObject:
    return draft.definition.schema.masked({**draft.prepared.public, **draft.prepared.secret})


def _drafts(identity: "Identity", wishes: Sequence[Wish], *, is_batch: bool) -> list[_Draft]:
    actions: dict[str, Action] = {}
    drafts: list[_Draft] = []
    errors: list[FieldError] = []
    for index, wish in enumerate(wishes):
        place = f"/executions/{index}" if is_batch else ""
        if wish.action not in actions:
            actions[wish.action] = _runnable(identity, wish.action, pointer=f"{place}/action")
        action = actions[wish.action]
        definition = parsed(action.definition.digest, action.definition.body)
        kept = wish.kept.names if wish.kept else frozenset()
        try:
            pointer = f"{place}/parameters"
            given = with_outputs(identity, wish.parameters, secret=definition.schema.secrets, pointer=pointer)
            prepared = prepare(definition.schema, given, pointer=pointer, kept=kept)
        except InvalidParameters as error:
            errors += [item for item in error.errors if isinstance(item, FieldError)]
            continue
        drafts.append(_Draft(wish, action, definition, prepared))
    if errors:
        raise InvalidParameters(errors=errors)
    return _with_policies(drafts)


def _runnable(identity: "Identity", ref: str, *, pointer: str) -> Action:
    try:
        return get_runnable_action(identity, ref)
    except (NotFound, Conflict) as error:
        error.errors = (FieldError(pointer, error.code, error.detail),)
        raise


def _with_policies(drafts: Sequence[_Draft]) -> list[_Draft]:
    packs = {draft.action.ref: draft.action.pack.ref for draft in drafts}
    rules = {ref: policies_for(ref, pack_ref) for ref, pack_ref in packs.items()}
    return [_under(rules[draft.action.ref], draft) for draft in drafts]


def _under(rules: Applicable, draft: _Draft) -> _Draft:
    gates = gates_for(rules.gates, draft.prepared.public, draft.definition.parameters)
    return replace(draft, rules=rules, gates=gates)


def _write(drafts: Sequence[_Draft], identity: "Identity") -> tuple[list[Ticket], Callable[[], None]]:
    """All rows of the request, the places in line last of all; returns what is to be done after commit."""
    _hold_originals([draft.wish.rerun_of_id for draft in drafts if draft.wish.rerun_of_id is not None])
    sealed = [_sealed(draft) for draft in drafts]
    SecretParameters.objects.bulk_create([row for row in sealed if row is not None and row._state.adding])
    places = take_places(
        [draft.gates[0] if draft.gates else None for draft in drafts],
        [spec for draft in drafts for spec in draft.gates[1:]],
        dealt=[draft.is_dealt_now for draft in drafts],
    )
    decisions = _decide(drafts, places.gate_ids)
    trace_id = _trace_of(identity)
    queues = _queues({draft.action.definition_id: draft.definition for draft in drafts})
    rows = [
        _row(
            draft,
            identity,
            trace_id=trace_id,
            secret=secret,
            queue=queues[draft.action.definition_id],
            gate_ids=[places.gate_ids[spec.identity] for spec in draft.gates],
            number=number,
            full=full,
        )
        for draft, secret, number, full in zip(drafts, sealed, places.numbers, decisions, strict=True)
    ]
    tickets = insert(rows)
    bind_to_token(identity, zip((draft.definition for draft in drafts), tickets, strict=True))
    return tickets, lambda: _bring_on(list(zip(drafts, rows, tickets, strict=True)))


def _queues(definitions: Mapping[int, Definition]) -> dict[int, str]:
    return {key: queue_for(item.pool, item.runtime, item.runtime_version) for key, item in definitions.items()}


def _trace_of(identity: "Identity") -> uuid.UUID | None:
    """What an execution asks for with its token belongs to its trace."""
    asking = identity.token.execution_id if identity.token is not None else None
    rows = Execution.objects.filter(pk=asking or 0).values_list("trace_id", flat=True)
    return rows.first() if asking is not None else None


def _hold_originals(ids: Sequence[int]) -> None:
    """What is run again, and its secrets, are not removed by age until this is committed."""
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM executions_execution WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", [list(ids)])
        gone = set(ids) - {row[0] for row in cursor.fetchall()}
    if gone:
        raise UnknownExecution(f"There is no execution {min(gone)} any more.")


def _sealed(draft: _Draft) -> SecretParameters | None:
    if draft.wish.kept is not None:
        return seal_over(draft.wish.kept, draft.prepared.secret, wanted=draft.definition.schema.secrets)
    return seal(draft.prepared.secret) if draft.prepared.secret else None


def _decide(drafts: Sequence[_Draft], gate_ids: Mapping[tuple[int, str], int]) -> list[JsonObject | None]:
    """For each draft the reason for which it is canceled at once, or None. Raises when a policy refuses it."""
    admitted: dict[tuple[int, str], int] = {}
    reasons: list[JsonObject | None] = []
    for draft in drafts:
        reason = None
        for spec in draft.gates if draft.is_dealt_now else ():
            decision = decide(spec, gate_ids[spec.identity], before=admitted.get(spec.identity, 0))
            if decision == "cancel":
                text = f"{said_of(spec.policy)} was reached, and its policy says to cancel"
                reason = {"code": "slot_unavailable", "text": text, "policy": spec.policy.name}
                break
        if reason is None:
            for spec in draft.gates:
                admitted[spec.identity] = admitted.get(spec.identity, 0) + 1
        reasons.append(reason)
    return reasons


def _row(
    draft: _Draft,
    identity: "Identity",
    *,
    trace_id: uuid.UUID | None,
    secret: SecretParameters | None,
    queue: str,
    gate_ids: Sequence[int],
    number: int | None,
    full: JsonObject | None,
) -> NewExecution:
    wish, action, definition = draft.wish, draft.action, draft.definition
    if full is not None:
        status = Status.CANCELED
    elif gate_ids or wish.not_before is not None:
        status = Status.REQUESTED
    else:
        status = Status.SCHEDULED
    return NewExecution(
        action_ref=action.ref,
        pack_ref=action.pack.ref,
        pack_version=action.version.version,
        pack_digest=action.version.digest,
        definition_id=action.definition_id,
        parameters=draft.prepared.public,
        secret_parameters_id=secret.pk if secret else None,
        labels=wish.labels,
        rerun_of_id=wish.rerun_of_id,
        trace_id=wish.trace_id or trace_id or tracing.new_trace_id(),
        traceparent="" if wish.trace_id else tracing.current.get(),
        requested_by_id=identity.pk,
        timeout_s=draft.timeout_s,
        max_attempts=draft.retry.max_attempts,
        retry=asdict(draft.retry_of_policy) if draft.retry_of_policy else None,
        pool=definition.pool,
        queue=queue,
        status=status,
        reason=full,
        not_before=wish.not_before,
        expires_at=expires_at([spec.policy for spec in draft.gates]) if number is not None else None,
        gate_id=gate_ids[0] if gate_ids else None,
        later_gates=tuple(gate_ids[1:]),
        number=number,
    )


def _bring_on(accepted: Sequence[tuple[_Draft, NewExecution, Ticket]]) -> None:
    """After commit: hints for what is scheduled, places in line for what has gates.

    Losing all of this loses nothing.
    """
    scheduled = [ticket for _, row, ticket in accepted if row.status is Status.SCHEDULED]
    if scheduled:
        afterwards(lambda: dispatch.hint(scheduled), what="hint at them")
    entries = []
    limits: dict[int, Limit] = {}
    for draft, row, ticket in accepted:
        if row.number is None or row.status is not Status.REQUESTED or row.gate_id is None:
            continue
        gates = zip((row.gate_id, *row.later_gates), draft.gates, strict=True)
        refs = tuple(GateRef(gate, spec.policy.pk) for gate, spec in gates)
        entries.append(Entry(ticket.id, ticket.attempt, row.number, refs))
        limits |= {spec.policy.pk: lines.limit_of(spec.policy) for spec in draft.gates}
    afterwards(lambda: lines.enter(entries, limits=list(limits.values())), what="enter the line")


def load_accepted(accepted: Accepted) -> list[Execution]:
    """The accepted executions in the order asked for."""
    wanted = list(accepted.execution_ids)
    rows = again_if_given_up(lambda: Execution.objects.order_by().in_bulk(wanted), is_idempotent=True)
    return [rows[execution_id] for execution_id in accepted.execution_ids if execution_id in rows]
