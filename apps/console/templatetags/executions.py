"""Links that narrow the list of executions further."""

from typing import Any

from django import template
from django.http import QueryDict
from django.urls import reverse

from apps.console.execution_filters import Narrowed
from apps.console.words import attempt
from apps.executions.models import Execution
from apps.executions.policies.loss import MAX_LOSSES

register = template.Library()


@register.simple_tag
def executions_url(**filters: Any) -> str:
    """The list with exactly these filters; a text with commas stays one value."""
    query = QueryDict(mutable=True)
    for name, value in filters.items():
        if value not in (None, ""):
            query.appendlist(name, str(value))
    return f"{reverse('admin:executions')}?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def narrower(context: dict[str, Any], name: str, value: str, other: str = "") -> str:
    """The page's own filters and this one; `other` is the second half of a label."""
    narrowed: Narrowed = context["narrowed"]
    return f"?{narrowed.query_with(name, f'{value}:{other}' if name == 'label' else value)}"


@register.filter
def attempt_of(execution: Execution) -> str:
    return attempt(execution)


@register.filter
def cut_offs(execution: Execution) -> str:
    """How often it was cut off and went back to its place, in plain words; nothing where it never was."""
    interrupted = max(0, execution.attempt - 1 - execution.retries - execution.losses)
    losses = f"lost with its worker or process {execution.losses} of at most {MAX_LOSSES} times"
    stops = f"interrupted by stopping workers {interrupted} time{'' if interrupted == 1 else 's'}"
    return ", ".join(text for count, text in ((execution.losses, losses), (interrupted, stops)) if count)


@register.filter
def grouped(value: int) -> str:
    """`12,345`."""
    return f"{value:,}"


@register.filter
def percent(share: float | None) -> str:
    """`0.3 %` of a share between 0 and 1; a dash where there is none."""
    if share is None:
        return "-"
    return f"{share:.0%}".replace("%", " %") if share in (0, 1) else f"{share:.1%}".replace("%", " %")
