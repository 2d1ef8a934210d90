"""The roles that come with Attune, written into every database by `prepare`. Nobody changes them."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from apps.accounts.models import Role

#: All that can be looked at without a secret, and one's own tokens.
_LOOK = (
    "action.view",
    "environment.view",
    "event.view",
    "execution.view",
    "gate.view",
    "operation.view",
    "pack.view",
    "policy.view",
    "rule.view",
    "runtime.view",
    "sensor.view",
    "token.view@own",
    "token.manage@own",
    "trigger.view",
    "webhook.view",
    "worker.view",
)


@dataclass(frozen=True)
class ShippedRole:
    name: str
    description: str
    grants: tuple[str, ...]


SHIPPED = (
    ShippedRole("admin", "Everything.", ("*",)),
    ShippedRole(
        "operator",
        "Runs and cancels executions; minds rules and what triggers them, limits, packs, environments, workers, keys.",
        (
            *_LOOK, "action.*", "environment.*", "execution.*", "gate.*", "pack.manage", "policy.*", "worker.*",
            "event.*", "rule.*", "sensor.*", "timer.*", "webhook.*",
            "key.view", "key.manage", "audit.view", "identity.view", "role.view",
        ),
    ),
    ShippedRole(
        "author",
        "Installs packs, which is to run code, and tries them; makes rules.",
        (
            *_LOOK, "action.*", "environment.*", "execution.*", "key.view", "pack.*", "policy.*",
            "event.*", "rule.*", "sensor.*", "timer.*", "webhook.*",
        ),
    ),
    ShippedRole("approver", "Sees what runs, and answers what it asks.", (*_LOOK, "inquiry.*")),
    ShippedRole("viewer", "Sees what runs and how, changes nothing but its own tokens and password.", _LOOK),
)  # fmt: skip


@transaction.atomic
def ensure_shipped_roles() -> None:
    """Safe at every start. An operator's role that had one of these names before keeps its holders, not its grants."""
    for shipped in SHIPPED:
        Role.objects.update_or_create(
            name=shipped.name,
            defaults={
                "description": shipped.description,
                "grants": list(shipped.grants),
                "source": Role.Source.SHIPPED,
                "pack_ref": "",
                "updated_at": Now(),
            },
        )
