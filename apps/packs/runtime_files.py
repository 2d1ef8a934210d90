"""The content kind `runtimes/`: a runtime is a YAML file that any pack may bring."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apps.packs.content import ReadContext
from apps.packs.documents import PackFile, pointer_steps
from apps.packs.reserved import RESERVED
from apps.runtimes.definition import SCHEMA, RuntimeDefinition, errors_of
from apps.runtimes.services import known_runtimes, names_of_others, upsert_runtimes

if TYPE_CHECKING:
    from apps.packs.models import PackVersion


#: In `ReadContext.memo`: `{name or alias: who has it}` of other packs' runtimes.
OWNERS = "owners"
#: In `ReadContext.memo`: the runtimes that are installed.
INSTALLED = "installed runtimes"


def runtimes_in(context: ReadContext) -> list[RuntimeDefinition]:
    """Those this pack brings, as far as they are read, then those of other packs that are installed: what an earlier
    version of it brought is gone with this one."""
    if INSTALLED not in context.memo:
        ref = context.manifest.ref
        # A stranger's pack that calls itself `core` is told that, and not that there is no Python.
        context.memo[INSTALLED] = known_runtimes(but_of="" if ref in RESERVED else ref)
    own: list[RuntimeDefinition] = context.content.get(RuntimeFiles.folder, [])
    names = {item.name for item in own}
    return [*own, *(item for item in context.memo[INSTALLED] if item.name not in names)]


def tell_unknown_runtimes(manifest: PackFile, context: ReadContext) -> None:
    """A range for a runtime that nobody has would be one for nothing. Called when all runtimes of the pack are read."""
    known = runtimes_in(context) if context.manifest.body.get("runtimes") else []
    names = {name for item in known for name in (item.name, *item.aliases)}
    for name in context.manifest.body.get("runtimes", {}):
        if name not in names:
            hint = f"one of: {', '.join(sorted({item.name for item in known}))}"
            manifest.add(context.errors, ["runtimes", name], f"there is no runtime {name}", hint)


class RuntimeFiles:
    folder = "runtimes"

    def read(self, file: PackFile, context: ReadContext) -> RuntimeDefinition | None:
        body = file.read(SCHEMA, context.errors)
        if body is None:
            return None
        found = errors_of(body)
        for error in found:
            file.add(context.errors, pointer_steps(error.pointer), error.detail)
        if found or not file.can_be_kept(body, context.errors):
            return None
        definition = RuntimeDefinition.from_json(body)
        before = len(context.errors.errors)
        for field in ("wrapper", "server"):
            name = getattr(definition, field)
            if name and not context.has_file(f"{self.folder}/{name}"):
                file.add(context.errors, [field], f"{self.folder}/{name} is not in the pack")
        self._refuse_taken(definition, file, context)
        return definition if len(context.errors.errors) == before else None

    def _refuse_taken(self, definition: RuntimeDefinition, file: PackFile, context: ReadContext) -> None:
        if OWNERS not in context.memo:
            context.memo[OWNERS] = names_of_others(context.manifest.ref)
        owners: dict[str, str] = context.memo[OWNERS]
        places: list[tuple[list[str | int], str]] = [(["name"], definition.name)]
        places += [(["aliases", index], alias) for index, alias in enumerate(definition.aliases)]
        for place, name in places:
            owner = owners.setdefault(name, file.path)
            if owner != file.path:
                file.add(context.errors, place, f"the name {name} is taken by {owner}", "choose another name")

    def write(self, version: "PackVersion", items: Sequence[RuntimeDefinition]) -> None:
        upsert_runtimes(version.pack.ref, version.digest, items)
