"""What the console's templates say in one word: icons, states, times, amounts."""

from datetime import datetime
from typing import Any

from django import template
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.console.navigation import Group, groups_for
from apps.console.words import duration, size

register = template.Library()

#: A state's colour; what is not here is neutral.
_TONES = {
    "succeeded": "good", "ready": "good", "active": "good", "accepted": "good", "started": "good", "matched": "good",
    "enabled": "good",
    "failed": "bad", "timeout": "bad", "abandoned": "bad", "lost": "bad", "error": "bad",
    "trouble": "bad", "refused": "bad", "backing_off": "bad",
    "running": "busy", "building": "busy", "canceling": "busy", "scheduled": "busy", "starting": "busy",
    "requested": "waiting", "delayed": "waiting", "outdated": "waiting", "cordoned": "waiting", "draining": "waiting",
    "paused": "waiting", "no_place": "waiting", "skipped": "waiting", "suppressed": "waiting", "open": "waiting",
}  # fmt: skip


@register.simple_tag(takes_context=True)
def navigation(context: dict[str, Any]) -> list[Group]:
    request: HttpRequest = context["request"]
    return groups_for(request)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of the theme's font; decoration, so it is hidden from screen readers."""
    return format_html('<span class="material-symbols-outlined" aria-hidden="true">{}</span>', name)


@register.filter
def tone(value: str) -> str:
    """The colour of a state, by name."""
    return _TONES.get(value, "neutral")


@register.simple_tag
def status(value: str) -> SafeString:
    return format_html('<span class="a-status a-tone-{}">{}</span>', tone(value), value)


@register.simple_tag
def moment(value: datetime | None, empty: str = "-") -> SafeString:
    """A point in time; the browser shows how long ago it was, and the moment itself on hover."""
    if value is None:
        return format_html('<span class="a-faint">{}</span>', empty)
    text = timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S")
    return format_html('<time datetime="{}" data-ago title="{} UTC">{}</time>', value.isoformat(), text, text)


register.filter("duration", duration)
register.filter("size", size)


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changes: Any) -> str:
    """The page's own query with parameters changed, None for removed; a list starts again at its first page."""
    query = context["request"].GET.copy()
    if "cursor" not in changes:
        query.pop("cursor", None)
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = value
    return f"?{query.urlencode()}"
