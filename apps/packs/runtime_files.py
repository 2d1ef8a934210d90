"""The content kind `runtimes/`: a runtime is a YAML file that any pack may bring."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apps.packs.content import ReadContext
from apps.packs.documents import PackFile, pointer_steps
from apps.runtimes.definition import SCHEMA, RuntimeDefinition, errors_of
from apps.runtimes.services import upsert_runtimes

if TYPE_CHECKING:
    from apps.packs.models import PackVersion


class RuntimeFiles:
    folder = "runtimes"

    def read(self, file: PackFile, context: ReadContext) -> RuntimeDefinition | None:
        body = file.read(SCHEMA, context.errors)
        if body is None:
            return None
        found = errors_of(body)
        for error in found:
            file.add(context.errors, pointer_steps(error.pointer), error.detail)
        if found:
            return None
        definition = RuntimeDefinition.from_json(body)
        if definition.wrapper and not (context.folder / self.folder / definition.wrapper).is_file():
            file.add(context.errors, ["wrapper"], f"{self.folder}/{definition.wrapper} is not in the pack")
            return None
        return definition

    def write(self, version: "PackVersion", items: Sequence[RuntimeDefinition]) -> None:
        upsert_runtimes(version.pack.ref, version.digest, items)
