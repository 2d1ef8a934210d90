"""Makes the actions of a pack's version the ones that serve."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db.models.functions import Now

from apps.actions.definition import Definition, digest_of
from apps.actions.models import Action, ActionDefinition
from apps.core.errors import Conflict
from apps.core.refs import join

if TYPE_CHECKING:
    from apps.packs.models import PackVersion


class ActionTaken(Conflict):
    """An action of another pack has this ref."""

    code = "action_taken"


def actions_of_others(pack_ref: str) -> dict[str, str]:
    """`{ref of an action: ref of its pack}` of all packs but this one."""
    return dict(Action.objects.exclude(pack__ref=pack_ref).values_list("ref", "pack__ref"))


def register_actions(version: "PackVersion", definitions: Sequence[Definition]) -> None:
    """Adds, changes and removes rows so that exactly `definitions` serve. Operators' switches stay as they are.

    Raises `ActionTaken` when another pack got a ref while this one was read.
    """
    digests = _keep_definitions(definitions)
    rows = [
        Action(
            ref=join(version.pack.ref, definition.name),
            name=definition.name,
            pack=version.pack,
            version=version,
            definition_id=digests[digest_of(definition)],
            description=definition.description,
            runtime=definition.runtime,
            is_enabled_by_pack=definition.enabled,
            updated_at=Now(),
        )
        for definition in definitions
    ]
    Action.objects.filter(pack=version.pack).exclude(name__in=[row.name for row in rows]).delete()
    Action.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["ref"],
        update_fields=["version", "definition", "description", "runtime", "is_enabled_by_pack", "updated_at"],
        batch_size=500,
    )
    taken = Action.objects.filter(ref__in=[row.ref for row in rows]).exclude(pack=version.pack).first()
    if taken is not None:
        raise ActionTaken(f"The pack {taken.pack.ref} has an action {taken.ref} already.")


def _keep_definitions(definitions: Sequence[Definition]) -> dict[str, int]:
    """`{digest: id}` of all of them, stored once each."""
    bodies = {digest_of(definition): definition.as_json() for definition in definitions}
    rows = [ActionDefinition(digest=digest, body=body) for digest, body in bodies.items()]
    ActionDefinition.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return dict(ActionDefinition.objects.filter(digest__in=bodies).values_list("digest", "id"))
