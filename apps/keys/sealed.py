"""Where sealed values lie. Each room registers its own tables in `AppConfig.ready()`; rotation and the start look at
all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BinaryField, Model, Q, QuerySet
from django.db.models.functions import Substr

from apps.core.crypto import head_of


@dataclass(frozen=True)
class SealedTable:
    """The column is `sealed`, and may be null. `bound_to(row)` is the additional data of the value; `related` is what
    it needs besides the row."""

    name: str
    model: type[Model]
    bound_to: Callable[[Any], str]
    related: tuple[str, ...] = ()

    def sealed_by_others(self, key_ids: Sequence[str]) -> "QuerySet[Any]":
        """Rows whose value is sealed with none of these keys, in the order of their ids."""
        ours = Q()
        rows = self.model._default_manager.filter(sealed__isnull=False)
        for number, key_id in enumerate(key_ids):
            head = head_of(key_id)
            rows = rows.alias(**{f"head_{number}": Substr("sealed", 1, len(head), output_field=BinaryField())})
            ours |= Q(**{f"head_{number}": head})
        return rows.exclude(ours).order_by("pk")


_tables: list[SealedTable] = []


def register(table: SealedTable) -> None:
    if all(existing.name != table.name for existing in _tables):
        _tables.append(table)


def tables() -> Sequence[SealedTable]:
    return tuple(_tables)
