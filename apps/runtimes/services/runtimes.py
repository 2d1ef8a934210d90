"""Writes the runtimes that packs bring, and reads them."""

from collections.abc import Iterable, Sequence

from django.db import connection, transaction
from django.db.models.functions import Now

from apps.core.errors import Conflict
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.models import Runtime

#: The pack whose runtimes come first where an ending or a first line fits several.
_FIRST_PACK = "core"


class RuntimeTaken(Conflict):
    """Another runtime has this name or alias."""

    code = "runtime_taken"


@transaction.atomic
def upsert_runtimes(pack_ref: str, pack_digest: str, definitions: Sequence[RuntimeDefinition]) -> None:
    """Makes the runtimes of a pack exactly these; others it brought before are gone.

    Raises `RuntimeTaken`, and changes nothing, if a name or alias belongs to another runtime.
    """
    if definitions:
        _take_turns()
    others = Runtime.objects.exclude(pack_ref=pack_ref)
    _refuse_taken(definitions, {name: item.name for item in others for name in (item.name, *item.aliases)})
    Runtime.objects.filter(pack_ref=pack_ref).exclude(name__in=[item.name for item in definitions]).delete()
    for item in definitions:
        facts = {
            "aliases": list(item.aliases),
            "pack_ref": pack_ref,
            "pack_digest": pack_digest,
            "definition": item.as_json(),
        }
        Runtime.objects.update_or_create(name=item.name, defaults={**facts, "updated_at": Now()})


def names_of_others(pack_ref: str) -> dict[str, str]:
    """`{name or alias: who has it}` of the runtimes of all packs but this one."""
    others = Runtime.objects.exclude(pack_ref=pack_ref)
    return {
        name: f"the runtime {item.name} of the pack {item.pack_ref}"
        for item in others
        for name in (item.name, *item.aliases)
    }


def known_runtimes(*, but_of: str = "") -> list[RuntimeDefinition]:
    """All runtimes but those of the pack `but_of`, those of the core pack first."""
    rows = Runtime.objects.exclude(pack_ref=but_of).order_by("name")
    return [row.parsed for row in sorted(rows, key=lambda row: row.pack_ref != _FIRST_PACK)]


def _take_turns() -> None:
    # Names and aliases share one space, which no constraint can say. Writes are rare; reads go on.
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {Runtime._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")


def _refuse_taken(definitions: Iterable[RuntimeDefinition], owners: dict[str, str]) -> None:
    for item in definitions:
        for name in dict.fromkeys((item.name, *item.aliases)):
            if name in owners:
                detail = f"The runtime {item.name} cannot be called {name}: the runtime {owners[name]} is."
                raise RuntimeTaken(detail, runtime=item.name, name=name)
            owners[name] = item.name
