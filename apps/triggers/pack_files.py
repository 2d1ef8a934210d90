"""The content kind `triggers/`: trigger types a pack brings."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.db.models.functions import Now

from apps.core import refs
from apps.core.schema import schema_error
from apps.core.types import JsonObject
from apps.packs.content import ReadContext
from apps.packs.documents import PackFile
from apps.triggers.models import TriggerType
from apps.triggers.refitting import refit

if TYPE_CHECKING:
    from apps.packs.models import PackVersion

_WHOLE: JsonObject = {"type": "object", "description": "a JSON Schema of the whole object"}
SCHEMA: JsonObject = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 150, "pattern": refs.NAME.pattern.replace(r"\Z", "$")},
        "description": {"type": "string", "maxLength": 10_000},
        "payload_schema": _WHOLE,
        "parameters_schema": _WHOLE,
        "aliases": {
            "type": "array",
            "items": {"type": "string", "maxLength": refs.MAX_LENGTH, "pattern": refs.NAME.pattern.replace(r"\Z", "$")},
            "maxItems": 20,
            "description": "other refs under which it is found; only in Attune's own pack",
        },
    },
}
HINTS = {
    "name": "letters, digits, `_` and `-`, joined by dots",
    "payload_schema": "a JSON Schema: `{type: object, properties: {…}}`",
    "parameters_schema": "a JSON Schema: `{type: object, properties: {…}, additionalProperties: false}`",
    "aliases": "leave it out",
}
#: Whose types may have other names: those of StackStorm's own.
_WITH_ALIASES = frozenset({"core"})


class TriggerFiles:
    folder = "triggers"

    def read(self, file: PackFile, context: ReadContext) -> TriggerType | None:
        body = file.read(SCHEMA, context.errors, hints=HINTS)
        if body is None or not file.can_be_kept(body, context.errors):
            return None
        before = len(context.errors.errors)
        for path, detail in _mistakes(body, context):
            file.add(context.errors, path, detail, HINTS[str(path[0])])
        if len(context.errors.errors) > before:
            return None
        ref = context.manifest.ref
        return TriggerType(
            ref=refs.join(ref, body["name"]),
            pack_ref=ref,
            name=body["name"],
            description=body.get("description", ""),
            payload_schema=body.get("payload_schema", {}),
            parameters_schema=body.get("parameters_schema", {}),
            aliases=body.get("aliases", []),
        )

    def write(self, version: "PackVersion", items: Sequence[TriggerType]) -> None:
        write_types(version.pack.ref, items)


def write_types(pack_ref: str, items: Sequence[TriggerType]) -> None:
    """Makes `items` the trigger types of a pack; what is gone stays for the rules and events that name it."""
    own = TriggerType.objects.filter(pack_ref=pack_ref)
    own.in_force().exclude(ref__in=[item.ref for item in items]).update(is_removed=True, updated_at=Now())
    known = {row.ref: row.parameters_schema for row in TriggerType.objects.filter(ref__in=[item.ref for item in items])}
    for item in items:
        values = {
            "pack_ref": pack_ref, "name": item.name, "description": item.description,
            "payload_schema": item.payload_schema, "parameters_schema": item.parameters_schema,
            "aliases": item.aliases, "is_removed": False, "updated_at": Now(),
        }  # fmt: skip
        kept, _ = TriggerType.objects.update_or_create(ref=item.ref, defaults=values)
        if known.get(item.ref, item.parameters_schema) != item.parameters_schema:
            refit(kept, before=known[item.ref])


def _mistakes(body: JsonObject, context: ReadContext) -> Iterator[tuple[Sequence[str | int], str]]:
    ref = refs.join(context.manifest.ref, body["name"])
    if any(other.ref == ref for other in context.content.get("triggers", ())):
        yield ["name"], f"the name {body['name']} is taken by another file of this pack"
    if len(ref) > refs.MAX_LENGTH:
        yield ["name"], f"{ref} is longer than {refs.MAX_LENGTH} characters"
    for name in ("payload_schema", "parameters_schema"):
        if name in body and (detail := schema_error(body[name])):
            yield [name], f"no JSON Schema: {detail}"
    if body.get("aliases") and context.manifest.ref not in _WITH_ALIASES:
        yield ["aliases"], "only Attune's own trigger types have other names"
