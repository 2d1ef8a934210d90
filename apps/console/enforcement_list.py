"""What pages show of enforcements: each with its rule, and how its execution is, if the reader may see that."""

from typing import TYPE_CHECKING

from django.db.models import OuterRef, Subquery

from apps.executions.models import Execution
from apps.rules.models.enforcement import EnforcementQuerySet

if TYPE_CHECKING:
    from apps.accounts.models import Identity


def listed(rows: EnforcementQuerySet, *, reader: "Identity") -> EnforcementQuerySet:
    """`rows` (already those that `reader` may see) with `execution_status`, in one query."""
    visible = Execution.objects.visible_to(reader).filter(pk=OuterRef("execution_id"))
    return rows.select_related("rule").annotate(execution_status=Subquery(visible.values("status")[:1]))
