"""Actions without files: for everything that happens before a worker looks at the pack's folder."""

import hashlib
from typing import Any, TypeVar

from django.db.models import Model

from apps.actions.definition import Definition, digest_of
from apps.actions.models import Action, ActionDefinition
from apps.core.refs import join, safe_name
from apps.executions.policies.files import follow
from apps.packs.models import Pack, PackVersion

Row = TypeVar("Row", bound=Model)


def make_action(name: str = "deploy", *, pack: str = "demo", **fields: Any) -> Action:
    """`fields` as in an action file: `parameters`, `concurrency`, `retry`, …"""
    version = _version_of(pack)
    definition = Definition.from_json({"name": name, "runtime": "shell", "entry_point": f"{name}.sh", **fields})
    kept = _kept_or_made(ActionDefinition, {"digest": digest_of(definition)}, body=definition.as_json())
    values = {
        "name": name,
        "pack": version.pack,
        "version": version,
        "definition": kept,
        "runtime": definition.runtime,
        "is_enabled_by_pack": definition.enabled,
    }
    action = Action.objects.filter(ref=join(pack, name)).first()
    if action is None:
        action = Action.objects.create(ref=join(pack, name), **values)
        if definition.concurrency is None:
            return action  # it has no policy, and never had one
    else:
        Action.objects.filter(pk=action.pk).update(**values)
        action = Action.objects.get(pk=action.pk)
    follow(version)
    return action


def _version_of(ref: str) -> PackVersion:
    pack = _kept_or_made(Pack, {"ref": ref}, safe_name=safe_name(ref), label=ref)
    values = {"version": "1.0.0", "manifest": {"ref": ref, "version": "1.0.0"}, "size_bytes": 1, "file_count": 1}
    version = _kept_or_made(PackVersion, {"pack": pack, "digest": hashlib.sha256(ref.encode()).hexdigest()}, **values)
    if pack.current_id != version.pk:
        Pack.objects.filter(pk=pack.pk).update(current=version)
    return version


def _kept_or_made(of: type[Row], key: dict[str, Any], **values: Any) -> Row:
    """`get_or_create` without the transaction and the savepoint around each row: most tests begin here."""
    return of._default_manager.filter(**key).first() or of._default_manager.create(**key, **values)
