"""The definitions that executions are pinned to, parsed once per process."""

from functools import lru_cache

from apps.actions.definition import Definition, parsed
from apps.actions.models import ActionDefinition


@lru_cache(maxsize=4096)
def definition_of(definition_id: int) -> Definition:
    """Rows of definitions never change."""
    row = ActionDefinition.objects.get(pk=definition_id)
    return parsed(row.digest, row.body)
