"""What the pages about triggers say in one word: what a timer says, why a delivery was refused."""

from django import template

from apps.console.timer_words import said_by
from apps.console.webhook_words import REASONS

register = template.Library()

register.filter("timing", said_by)


@register.filter
def why(reason: str) -> str:
    """Nothing for a code that says enough by itself."""
    return REASONS.get(reason, "")
