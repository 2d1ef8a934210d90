"""Reads of executions; every one for a user starts with `visible_to`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.db import models

from apps.executions.states import LIVE, TERMINAL

if TYPE_CHECKING:
    from apps.accounts.models import Identity
    from apps.executions.models import Execution  # noqa: F401


class ExecutionQuerySet(models.QuerySet["Execution"]):
    def visible_to(self, identity: "Identity") -> Self:
        """Administrators see every execution, everybody else those they asked for."""
        return self if identity.is_administrator else self.filter(requested_by=identity)

    def live(self) -> Self:
        return self.filter(status__in=LIVE)

    def terminal(self) -> Self:
        return self.filter(status__in=TERMINAL)

    def labeled(self, labels: Iterable[tuple[str, str]]) -> Self:
        """The second condition says nothing new, but without it the index of labels is not used: it leaves out rows
        without labels."""
        return self.filter(labels__contains=dict(labels)).exclude(labels={})
