"""Actions without files: for everything that happens before a worker looks at the pack's folder."""

import hashlib
from typing import Any

from apps.actions.definition import Definition, digest_of
from apps.actions.models import Action, ActionDefinition
from apps.core.refs import join, safe_name
from apps.executions.policies.files import follow
from apps.packs.models import Pack, PackVersion


def make_action(name: str = "deploy", *, pack: str = "demo", **fields: Any) -> Action:
    """`fields` as in an action file: `parameters`, `concurrency`, `retry`, …"""
    version = _version_of(pack)
    definition = Definition.from_json({"name": name, "runtime": "shell", "entry_point": f"{name}.sh", **fields})
    kept, _ = ActionDefinition.objects.get_or_create(
        digest=digest_of(definition), defaults={"body": definition.as_json()}
    )
    action, _ = Action.objects.update_or_create(
        ref=join(pack, name),
        defaults={
            "name": name,
            "pack": version.pack,
            "version": version,
            "definition": kept,
            "runtime": definition.runtime,
            "is_enabled_by_pack": definition.enabled,
        },
    )
    follow(version)
    return action


def _version_of(ref: str) -> PackVersion:
    pack, _ = Pack.objects.get_or_create(ref=ref, defaults={"safe_name": safe_name(ref), "label": ref})
    version, _ = PackVersion.objects.get_or_create(
        pack=pack,
        digest=hashlib.sha256(ref.encode()).hexdigest(),
        defaults={"version": "1.0.0", "manifest": {"ref": ref, "version": "1.0.0"}, "size_bytes": 1, "file_count": 1},
    )
    Pack.objects.filter(pk=pack.pk).update(current=version)
    return version
