"""Makes the actions of a pack's version the ones that serve."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson
from django.db import connection
from django.db.models.functions import Now

from apps.actions.definition import Definition, digest_of
from apps.actions.models import Action, ActionDefinition
from apps.core.errors import Conflict
from apps.core.refs import join

if TYPE_CHECKING:
    from apps.packs.models import PackVersion


_INSERT = f"""
    INSERT INTO {ActionDefinition._meta.db_table} (digest, body)
    SELECT digest, body FROM jsonb_to_recordset(%s::jsonb) AS rows (digest text, body jsonb)
    ON CONFLICT (digest) DO NOTHING"""


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
    kept = _keep_definitions(definitions)
    rows = [
        Action(
            ref=join(version.pack.ref, definition.name),
            name=definition.name,
            pack=version.pack,
            version=version,
            definition_id=definition_id,
            description=definition.description,
            runtime=definition.runtime,
            is_enabled_by_pack=definition.enabled,
            updated_at=Now(),
        )
        for definition, definition_id in zip(definitions, kept, strict=True)
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


def _keep_definitions(definitions: Sequence[Definition]) -> list[int]:
    """The id of each, in their order; equal ones are stored once."""
    digests = [digest_of(definition) for definition in definitions]
    known = set(ActionDefinition.objects.filter(digest__in=digests).values_list("digest", flat=True))
    new = {digest: item for digest, item in zip(digests, definitions, strict=True) if digest not in known}
    rows = orjson.dumps([{"digest": digest, "body": item.as_json()} for digest, item in new.items()])
    with connection.cursor() as cursor:  # one value: as an array of them they would be escaped once more
        cursor.execute(_INSERT, [rows.decode()])
    ids = dict(ActionDefinition.objects.filter(digest__in=digests).values_list("digest", "id"))
    return [ids[digest] for digest in digests]
