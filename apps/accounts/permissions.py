"""What an identity may do: verbs, named by every view. Roles and scopes come later; the verbs stay."""

from enum import StrEnum
from typing import TYPE_CHECKING

from apps.core.errors import Forbidden

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class Verb(StrEnum):
    """`resource.deed`; stable, because grants will name them."""

    ACTION_VIEW = "action.view"
    ENVIRONMENT_MANAGE = "environment.manage"
    ENVIRONMENT_VIEW = "environment.view"
    EXECUTION_CANCEL = "execution.cancel"
    EXECUTION_PIN = "execution.pin"
    EXECUTION_RUN = "execution.run"
    EXECUTION_VIEW = "execution.view"
    GATE_VIEW = "gate.view"
    OPERATION_VIEW = "operation.view"
    PACK_INSTALL = "pack.install"
    PACK_MANAGE = "pack.manage"
    PACK_VIEW = "pack.view"
    ACTION_MANAGE = "action.manage"
    POLICY_MANAGE = "policy.manage"
    POLICY_VIEW = "policy.view"
    RUNTIME_VIEW = "runtime.view"
    SELF_VIEW = "self.view"
    TOKEN_MANAGE = "token.manage"
    TOKEN_VIEW = "token.view"
    WORKER_MANAGE = "worker.manage"
    WORKER_VIEW = "worker.view"


#: What everybody with an account may do; objects are narrowed further by `visible_to`.
EVERYBODY = frozenset(
    {
        Verb.ACTION_VIEW,
        Verb.ENVIRONMENT_VIEW,
        Verb.EXECUTION_CANCEL,
        Verb.EXECUTION_PIN,
        Verb.EXECUTION_RUN,
        Verb.EXECUTION_VIEW,
        Verb.GATE_VIEW,
        Verb.OPERATION_VIEW,
        Verb.PACK_VIEW,
        Verb.POLICY_VIEW,
        Verb.RUNTIME_VIEW,
        Verb.SELF_VIEW,
        Verb.TOKEN_MANAGE,
        Verb.TOKEN_VIEW,
        Verb.WORKER_VIEW,
    }
)


def may(identity: "Identity", verb: Verb) -> bool:
    if not identity.is_active:
        return False
    return identity.is_superuser or verb in EVERYBODY


def verbs_of(identity: "Identity") -> list[str]:
    return sorted(verb.value for verb in Verb if may(identity, verb))


def require(identity: "Identity", verb: Verb) -> None:
    """Raises `Forbidden` naming the missing verb."""
    if not may(identity, verb):
        raise Forbidden(f"{identity.username} may not {verb.value}; ask an administrator.", verb=verb.value)
