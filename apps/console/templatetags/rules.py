"""What the pages about rules say in one word."""

from django import template

from apps.console.rule_form.words import operators_for
from apps.console.schema_form.fields import as_text
from apps.core.types import JsonValue

register = template.Library()

#: Outcomes of verdicts, as tables say them.
_OUTCOMES = {
    "matched": "matched",
    "criteria": "no match",
    "error": "error",
    "backstop_not_needed": "not needed",
    "disabled": "disabled",
    "": "not met",
}


@register.simple_tag
def operators(chosen: str) -> list[tuple[str, str]]:
    """Name and words of those the builder offers for a row with this one."""
    return list(operators_for(chosen))


@register.filter
def json(value: JsonValue) -> str:
    return as_text(value)


@register.filter
def outcome(name: str) -> str:
    return _OUTCOMES.get(name, name)
