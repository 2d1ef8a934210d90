"""The content kind `roles/`: roles a pack brings, named `pack.name`. Only who may manage roles brings them in."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models.functions import Now

from apps.accounts.grants import MAX_LENGTH, NoGrant, parse
from apps.accounts.models import Role
from apps.accounts.permissions import Verb, require
from apps.accounts.services.granting import MAX_GRANTS, checked_grants, require_all, require_roles
from apps.core import refs
from apps.core.types import JsonObject
from apps.packs.content import ReadContext
from apps.packs.documents import PackFile

if TYPE_CHECKING:
    from apps.accounts.models import Identity
    from apps.packs.loader import LoadedPack
    from apps.packs.models import PackVersion

SCHEMA: JsonObject = {
    "type": "object",
    "required": ["name", "grants"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 150, "pattern": refs.NAME.pattern.replace(r"\Z", "$")},
        "description": {"type": "string", "maxLength": 10_000},
        "grants": {
            "type": "array",
            "items": {"type": "string", "maxLength": MAX_LENGTH},
            "maxItems": MAX_GRANTS,
            "description": "each a verb, and after @ where: `execution.run@pack:acme`",
        },
    },
}
HINTS = {
    "name": "letters, digits, `_` and `-`, joined by dots",
    "grants": '`grants: [execution.view, "execution.run@pack:acme"]`',
}


#: In `ReadContext.memo`: the names of roles that are not of this pack.
ROLES = "roles of others"


@dataclass(frozen=True)
class RoleFile:
    name: str
    description: str
    grants: tuple[str, ...]


class RoleFiles:
    folder = "roles"

    def read(self, file: PackFile, context: ReadContext) -> RoleFile | None:
        body = file.read(SCHEMA, context.errors, hints=HINTS)
        if body is None or not file.can_be_kept(body, context.errors):
            return None
        before = len(context.errors.errors)
        for path, detail in _mistakes(body, context):
            file.add(context.errors, path, detail, HINTS[str(path[0])])
        if len(context.errors.errors) > before:
            return None
        return RoleFile(body["name"], body.get("description", ""), tuple(body["grants"]))

    def write(self, version: "PackVersion", items: Sequence[RoleFile]) -> None:
        ref = version.pack.ref
        names = [refs.join(ref, item.name) for item in items]
        Role.objects.filter(source=Role.Source.PACK, pack_ref=ref).exclude(name__in=names).delete()
        for name, item in zip(names, items, strict=True):
            values = {
                "description": item.description, "grants": list(item.grants), "source": Role.Source.PACK,
                "pack_ref": ref, "updated_at": Now(),
            }  # fmt: skip
            Role.objects.update_or_create(name=name, defaults=values)


def require_roles_of(identity: "Identity | None", loaded: "LoadedPack") -> None:
    """A pack with roles is installed by who may manage roles and has all that they give, and so is one in the place of
    a version with roles, which changes or takes them; others are refused before anything is changed. Raises
    `Forbidden`. None: Attune itself."""
    items: list[RoleFile] = loaded.content.get("roles", [])
    before = Role.objects.filter(source=Role.Source.PACK, pack_ref=loaded.manifest.ref)
    if identity is None or not (items or before.exists()):
        return
    require(identity, Verb.ROLE_MANAGE)
    require_roles(identity, before)
    for item in items:
        require_all(identity, checked_grants(item.grants))


def _mistakes(body: JsonObject, context: ReadContext) -> Iterator[tuple[Sequence[str | int], str]]:
    if any(other.name == body["name"] for other in context.content.get("roles", ())):
        yield ["name"], f"the name {body['name']} is taken by another file of this pack"
    name = refs.join(context.manifest.ref, body["name"])
    if name in _names_of_others(context):
        yield ["name"], f"there is a role {name} already, which is not of this pack"
    for index, text in enumerate(body["grants"]):
        try:
            parse(text, verbs=list(Verb))
        except NoGrant as error:
            yield ["grants", index], f"{text} is no grant: {error}"


def _names_of_others(context: ReadContext) -> Collection[str]:
    if ROLES not in context.memo:
        others = Role.objects.exclude(source=Role.Source.PACK, pack_ref=context.manifest.ref)
        context.memo[ROLES] = frozenset(others.values_list("name", flat=True))
    found: Collection[str] = context.memo[ROLES]
    return found
