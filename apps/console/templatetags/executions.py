"""Links that narrow the list of executions further."""

from typing import Any

from django import template
from django.http import QueryDict
from django.urls import reverse

from apps.console.execution_filters import Narrowed

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
def grouped(value: int) -> str:
    """`12,345`."""
    return f"{value:,}"


@register.filter
def percent(share: float | None) -> str:
    """`0.3 %` of a share between 0 and 1; a dash where there is none."""
    if share is None:
        return "-"
    return f"{share:.0%}".replace("%", " %") if share in (0, 1) else f"{share:.1%}".replace("%", " %")
