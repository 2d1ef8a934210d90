"""How the list of events is narrowed by its address; nothing is shown while a filter is wrong."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from apps.console.execution_filters import moment
from apps.rules.models import Enforcement
from apps.rules.services.rules import rule_id_of
from apps.triggers.models import Event
from apps.triggers.models.event import EventQuerySet
from apps.triggers.types import own_ref

_LONGEST = 255


@dataclass(frozen=True)
class Filter:
    """`parse` turns the text into what `apply` takes, or raises `ValueError` with what is expected."""

    name: str
    label: str
    hint: str
    apply: Callable[[EventQuerySet, Any], EventQuerySet]
    parse: Callable[[str], Any] = str


@dataclass
class Narrowed:
    rows: EventQuerySet
    texts: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> list[tuple[Filter, str, str]]:
        """Each filter with what was asked for, and what is wrong with it."""
        return [(item, self.texts[item.name], self.errors.get(item.name, "")) for item in FILTERS]

    @property
    def is_narrowed(self) -> bool:
        return any(self.texts.values())


def narrow(rows: EventQuerySet, query: QueryDict) -> Narrowed:
    """`rows` (already narrowed by `visible_to`) as the address asks for them."""
    names = [item.name for item in FILTERS] + ["source", "processed"]
    texts = {name: query.get(name, "").replace("\0", "").strip()[:_LONGEST] for name in names}
    narrowed = Narrowed(rows, texts)
    for item in FILTERS:
        if texts[item.name]:
            try:
                narrowed.rows = item.apply(narrowed.rows, item.parse(texts[item.name]))
            except ValueError as error:
                narrowed.errors[item.name] = str(error)
    if texts["source"] in Event.Source.values:
        narrowed.rows = narrowed.rows.filter(source=texts["source"])
    if texts["processed"] in ("yes", "no"):
        narrowed.rows = narrowed.rows.filter(processed_at__isnull=texts["processed"] == "no")
    if narrowed.errors:
        narrowed.rows = rows.none()
    return narrowed


def _trace(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise ValueError("A trace id is expected, as pages and logs show it.") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError("The number of an execution is expected.")
    return int(text)


def _matched_by(rows: EventQuerySet, ref: str) -> EventQuerySet:
    return rows.filter(pk__in=Enforcement.objects.filter(rule=rule_id_of(ref)).values("event"))


FILTERS = (
    Filter("type", "Trigger", "pack.trigger", lambda rows, ref: rows.filter(type_ref=own_ref(ref))),
    Filter("source_ref", "Source named", "timer, webhook, sensor", lambda rows, ref: rows.filter(source_ref=ref)),
    Filter("rule", "Matched by", "ref of a rule", _matched_by),
    Filter("since", "Since (UTC)", "24h, 2026-01-31 12:00", lambda rows, at: rows.filter(received_at__gte=at), moment),
    Filter("until", "Until (UTC)", "1h, 2026-01-31 13:00", lambda rows, at: rows.filter(received_at__lt=at), moment),
    Filter("caused_by", "Caused by", "execution", lambda rows, pk: rows.filter(caused_by_id=pk), _number),
    Filter("trace_id", "Trace", "id", lambda rows, trace: rows.filter(trace_id=trace), _trace),
)
