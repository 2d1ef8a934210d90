"""What an identity may do: verbs, named by every view, and `require`, which every deed asks.

Rights are layers of grants (see `apps.accounts.rights`): those of the identity's roles, and those of the token it came
with. What is asked for must be in every layer.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from apps.accounts.grants import Place
from apps.accounts.rights import Rights, rights_of
from apps.core.errors import Forbidden

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class Verb(StrEnum):
    """`resource.deed`; stable, because grants name them. Where each may be given: `apps.accounts.grants.SCOPES`."""

    ACTION_VIEW = "action.view"
    AUDIT_VIEW = "audit.view"
    ENVIRONMENT_MANAGE = "environment.manage"
    ENVIRONMENT_VIEW = "environment.view"
    EVENT_SEND = "event.send"
    EVENT_VIEW = "event.view"
    EXECUTION_CANCEL = "execution.cancel"
    EXECUTION_PIN = "execution.pin"
    EXECUTION_RUN = "execution.run"
    EXECUTION_VIEW = "execution.view"
    GATE_VIEW = "gate.view"
    IDENTITY_MANAGE = "identity.manage"
    IDENTITY_VIEW = "identity.view"
    KEY_MANAGE = "key.manage"
    KEY_REVEAL = "key.reveal"
    KEY_VIEW = "key.view"
    OPERATION_VIEW = "operation.view"
    PACK_INSTALL = "pack.install"
    PACK_MANAGE = "pack.manage"
    PACK_VIEW = "pack.view"
    ACTION_MANAGE = "action.manage"
    POLICY_MANAGE = "policy.manage"
    POLICY_VIEW = "policy.view"
    ROLE_MANAGE = "role.manage"
    ROLE_VIEW = "role.view"
    RULE_MANAGE = "rule.manage"
    RULE_VIEW = "rule.view"
    RUNTIME_VIEW = "runtime.view"
    SELF_MANAGE = "self.manage"
    SELF_VIEW = "self.view"
    SENSOR_MANAGE = "sensor.manage"
    SENSOR_VIEW = "sensor.view"
    TIMER_MANAGE = "timer.manage"
    TOKEN_MANAGE = "token.manage"
    TOKEN_VIEW = "token.view"
    TRIGGER_VIEW = "trigger.view"
    WEBHOOK_MANAGE = "webhook.manage"
    WEBHOOK_VIEW = "webhook.view"
    WORKER_MANAGE = "worker.manage"
    WORKER_VIEW = "worker.view"


@runtime_checkable
class Placed(Protocol):
    """Something that says where it is, for grants that hold only there."""

    @property
    def where(self) -> Place: ...


def may(identity: "Identity", verb: Verb, *, on: "Placed | Place | str | None" = None) -> bool:
    """Whether `identity` may do it to `on`, or, without, anywhere at all. A text is the ref of a pack or action."""
    return identity.is_active and allowed(rights_of(identity), verb, on=on)


def allowed(rights: Rights, verb: Verb, *, on: "Placed | Place | str | None" = None) -> bool:
    return rights.anywhere(verb) if on is None else rights.at(verb, _place(on))


def verbs_of(identity: "Identity") -> list[str]:
    """Those it may do somewhere; where, say the grants of `rights_of`."""
    return sorted(verb.value for verb in Verb if may(identity, verb))


def require(identity: "Identity", verb: Verb, *, on: "Placed | Place | str | None" = None) -> None:
    """Raises `Forbidden` naming the missing verb. For a thing that `identity` may not see raise `NotFound` before."""
    if may(identity, verb, on=on):
        return
    if identity.must_change_password_first:
        raise PasswordChangeRequired
    where = f" on {_place(on)}" if on is not None and may(identity, verb) else ""
    raise Forbidden(f"{identity.username} may not {verb.value}{where}; ask an administrator.", verb=verb.value)


class PasswordChangeRequired(Forbidden):
    """Your password is a temporary one: choose your own first."""

    code = "password_change_required"


def _place(on: Placed | Place | str) -> Place:
    if isinstance(on, str):
        return Place(pack=on, ref=on)
    return on if isinstance(on, Place) else on.where
