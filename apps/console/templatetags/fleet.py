"""What the pages about packs and the fleet say in one word: how full something is."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


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
