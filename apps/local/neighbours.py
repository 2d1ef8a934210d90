"""What stands in for installed packs where there is no database: Attune's own pack, read from its folder."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from apps.actions import files as action_files
from apps.actions.definition import Definition
from apps.core import refs
from apps.core.errors import ErrorCollector, FieldError
from apps.core.types import JsonObject
from apps.packs import role_files, runtime_files
from apps.packs.documents import PackFile
from apps.packs.loader import LoadedPack, load_pack
from apps.packs.manifest import read_manifest
from apps.rules import pack_files as rule_files
from apps.runtimes.definition import RuntimeDefinition
from apps.triggers.models import TriggerType
from apps.triggers.timers.reading import TYPES, errors_of
from apps.triggers.types import parameter_errors as schema_errors

CORE = "core"
#: Any parameters.
_UNKNOWN_SCHEMA = {"type": "object"}


def own_packs() -> Path:
    """The folder of the packs that come with Attune."""
    return Path(settings.BASE_DIR) / "packs"


@dataclass
class Neighbours(rule_files.Installed):
    """Attune's own pack; of every other one nothing is known, so what is said of it is taken on trust."""

    pack_ref: str
    #: What was taken on trust, for people.
    trusted: list[str] = field(default_factory=list)

    def trigger(self, ref: str) -> TriggerType | None:
        found = next((item for item in _core_content("triggers") if ref == item.ref or ref in item.aliases), None)
        if found is not None or ref.startswith((f"{CORE}.", f"{self.pack_ref}.")):
            return found
        self.trusted.append(f"the trigger {ref} is of another pack, so its parameters were not checked")
        return TriggerType(ref=ref, parameters_schema=_UNKNOWN_SCHEMA, payload_schema={})

    def parameter_errors(self, trigger_type: TriggerType, full: JsonObject, *, pointer: str) -> list[FieldError]:
        """Of timers by this machine's clock; that a date is over is for the server to judge, which may know it."""
        if trigger_type.ref not in TYPES:
            return super().parameter_errors(trigger_type, full, pointer=pointer)
        if errors := schema_errors(trigger_type, full, pointer=pointer):
            return errors
        found = errors_of(trigger_type.ref, full, now=datetime.now(UTC))
        return [replace(error, pointer=f"{pointer}{error.pointer}") for error in found if error.code != "past"]

    def action(self, ref: str) -> Definition | None:
        definitions: list[Definition] = _core_content("actions")
        return next((item for item in definitions if refs.join(CORE, item.name) == ref), None)

    def has_rule_made_by_hand(self, ref: str) -> bool:
        return False

    def as_known(self) -> dict[str, Any]:
        """For `load_pack`."""
        if self.pack_ref == CORE:
            return _nothing(self)
        runtimes = _core_content("runtimes")
        owner = f"the runtime {{}} of the pack {CORE}"
        return {
            runtime_files.OWNERS: {
                name: owner.format(item.name) for item in runtimes for name in (item.name, *item.aliases)
            },
            action_files.REFS: {refs.join(CORE, item.name): CORE for item in _core_content("actions")},
            runtime_files.INSTALLED: runtimes,
            role_files.ROLES: frozenset(),
            rule_files.INSTALLED: self,
        }


def neighbours_of(folder: Path) -> Neighbours:
    """Of the pack in `folder`, whatever is wrong with it."""
    errors = ErrorCollector()
    file = PackFile.open(folder, "pack.yaml", errors)
    manifest = read_manifest(file, errors) if file else None
    return Neighbours(manifest.ref if manifest else "")


def core_runtimes() -> list[RuntimeDefinition]:
    return list(_core_content("runtimes"))


def _core_content(kind: str) -> list[Any]:
    return _core().content.get(kind, [])


@cache
def _core() -> LoadedPack:
    return load_pack(own_packs() / CORE, known=_nothing(Neighbours(CORE)))


def _nothing(neighbours: Neighbours) -> dict[str, Any]:
    return {
        runtime_files.OWNERS: {},
        action_files.REFS: {},
        runtime_files.INSTALLED: [],
        role_files.ROLES: frozenset(),
        rule_files.INSTALLED: neighbours,
    }
