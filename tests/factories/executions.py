"""Executions, workers, policies and gates in the state a test begins with."""

from typing import Any

from apps.actions.models import Action
from apps.executions.models import Execution, Gate, Policy
from apps.executions.states import Status
from apps.executions.transitions import NewExecution, insert
from apps.workers.models import Worker
from tests.factories.actions import make_action


def make_execution(action: Action | None = None, *, status: Status = Status.SCHEDULED, **fields: Any) -> Execution:
    """A row as `transitions.insert` writes it, put into `status` without the way there."""
    action = action or make_action()
    given = {name: fields.pop(name) for name in list(fields) if name in NewExecution.__dataclass_fields__}
    values: dict[str, Any] = {
        "action_ref": action.ref,
        "pack_ref": action.pack.ref,
        "pack_version": action.version.version,
        "pack_digest": action.version.digest,
        "definition_id": action.definition_id,
        "parameters": {},
        "timeout_s": 60.0,
        "max_attempts": 1,
        "pool": "default",
        "queue": "run.default.shell",
        "status": Status.SCHEDULED,
    }
    (ticket,) = insert([NewExecution(**{**values, **given})])
    if status is not Status.SCHEDULED or fields:
        Execution.objects.filter(pk=ticket.id).update(status=status, **fields)
    return Execution.objects.get(pk=ticket.id)


def make_worker(name: str = "w1", **fields: Any) -> Worker:
    values: dict[str, Any] = {
        "name": name,
        "host": "host",
        "pid": 1,
        "pool": "default",
        "queues": ["run.default.shell", "build.default.shell"],
        "slots": 10,
        "version": "0",
        "volume_id": "volume",
    }
    return Worker.objects.create(**{**values, **fields})


def make_policy(name: str = "only two", **fields: Any) -> Policy:
    values: dict[str, Any] = {"scope": Policy.Scope.SYSTEM, "source": Policy.Source.OPERATOR, "limit": 2}
    return Policy.objects.create(name=name, **{**values, **fields})


def make_gate(policy: Policy | None = None, **fields: Any) -> Gate:
    return Gate.objects.create(policy=policy or make_policy(), **{"key_hash": "0" * 64, **fields})
