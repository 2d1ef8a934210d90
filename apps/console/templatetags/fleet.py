"""What the pages about packs and the fleet say in one word: how full something is, what a policy says."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.console.words import duration
from apps.core.types import JsonObject
from apps.executions.models import Policy

register = template.Library()


@register.filter
def said(policy: Policy) -> str:
    """What a policy says, in a few words."""
    if policy.kind == Policy.Kind.TIMEOUT:
        return f"{duration(policy.timeout_s)} at most"
    if policy.kind == Policy.Kind.RETRY:
        return f"{policy.retry['max_attempts']} tries" if policy.retry else ""
    if policy.is_rate:
        return f"{policy.limit_in_force} in {duration(policy.window_s)}"
    return f"{policy.limit_in_force} at a time"


@register.filter
def key(stats: JsonObject) -> str:
    """A gate's key in one word: its text where it may be seen, else its digest."""
    return str(stats["key"] or (f"#{stats['key_digest']}" if stats["key_digest"] else ""))


@register.simple_tag
def meter(used: int | None, total: int | None, label: str) -> SafeString:
    """A bar of `used` out of `total`; empty where one is not known. `label` says to screen readers what is counted."""
    if used is None or total is None:
        return SafeString("")
    share = min(100, 100 * used // total) if total > 0 else (100 if used else 0)
    return format_html(
        '<span class="a-meter" role="meter" aria-label="{}" aria-valuemin="0" aria-valuemax="{}" aria-valuenow="{}">'
        '<span style="width:{}%"></span></span>',
        label,
        max(total, used),
        used,
        share,
    )
