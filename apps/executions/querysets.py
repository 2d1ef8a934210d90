"""Reads of executions; every one for a user starts with `visible_to`."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Self, TypedDict

from django.db import models

from apps.accounts.permissions import Verb
from apps.accounts.rights import Columns, rights_of
from apps.executions.moments import ids_between
from apps.executions.states import LIVE, TERMINAL

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    from apps.accounts.models import Identity
    from apps.executions.models import Execution

    class _Names(TypedDict):
        requested_by_name: str | None
        worker_name: str | None
        pin_reason: str | None
        pinned_at: datetime | None
        pinned_by_name: str | None

    WithNames = WithAnnotations[Execution, _Names]

#: What scopes of grants are about.
COLUMNS = Columns(pack="pack_ref", ref="action_ref", owner="requested_by")


class ExecutionQuerySet(models.QuerySet["Execution"]):
    def visible_to(self, identity: "Identity") -> Self:
        return self.filter(rights_of(identity).narrow(Verb.EXECUTION_VIEW, COLUMNS))

    def asked_between(self, since: datetime | None, until: datetime | None) -> Self:
        """Asked for from `since` to before `until`; None for an open end. As fast long ago as today."""
        first, end = ids_between(since, until)
        bounds = {"created_at__gte": since, "pk__gte": first, "created_at__lt": until, "pk__lt": end}
        return self.filter(**{name: value for name, value in bounds.items() if value is not None})

    def with_names(self) -> "models.QuerySet[WithNames]":
        """With what is told of other tables' rows: a column each, since making models of those rows costs more than
        reading them."""
        return self.annotate(  # type: ignore[return-value]  # of annotated columns the plugin knows no types
            requested_by_name=models.F("requested_by__username"),
            worker_name=models.F("worker__name"),
            pin_reason=models.F("pin__reason"),
            pinned_at=models.F("pin__pinned_at"),
            pinned_by_name=models.F("pin__pinned_by__username"),
        )

    def live(self) -> Self:
        return self.filter(status__in=LIVE)

    def terminal(self) -> Self:
        return self.filter(status__in=TERMINAL)

    def pinned(self, is_pinned: bool) -> Self:
        """Those that somebody pinned, or all others."""
        return self.filter(pin__isnull=not is_pinned)

    def labeled(self, labels: Iterable[tuple[str, str]]) -> Self:
        """The second condition says nothing new, but without it the index of labels is not used: it leaves out rows
        without labels."""
        return self.filter(labels__contains=dict(labels)).exclude(labels={})
