"""How the list of executions is narrowed by its address: what was asked for, what is wrong with it, and the rows."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from apps.accounts.models import Identity
from apps.executions.known_actions import action_refs_below, action_refs_with
from apps.executions.moments import ids_between
from apps.executions.querysets import ExecutionQuerySet
from apps.executions.states import Status
from apps.workers.models import Worker

#: What a page says of itself, and no filter.
OF_THE_PAGE = frozenset({"cursor"})
_LONGEST = 1000
#: Values of one filter: each is one more condition of the query.
_MOST_REPEATED = 10
_AGO = re.compile(r"([0-9]{1,4}) ?(s|min|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_YEARS = range(1990, 2200)
#: A worker silent for so long has claimed nothing since.
_GONE_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class Filter:
    """`parse` turns the text into what `apply` takes, or raises `ValueError` with what is expected."""

    name: str
    title: str
    apply: Callable[[ExecutionQuerySet, Any], ExecutionQuerySet]
    parse: Callable[[str], Any] = str
    may_repeat: bool = False


@dataclass(frozen=True)
class Chip:
    """A filter in force, and the query without it."""

    title: str
    value: str
    query_without: str


@dataclass
class Narrowed:
    """`rows` are none at all while something is wrong: fewer filters than asked for would show, cancel and rerun more
    than was meant."""

    rows: ExecutionQuerySet
    query: str
    given: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    chips: list[Chip] = field(default_factory=list)
    _with: dict[tuple[str, str], str] = field(default_factory=dict)

    def query_with(self, name: str, text: str) -> str:
        """The query with this filter besides, or instead of another value where there can be but one."""
        if (name, text) not in self._with:
            before = self.given.get(name, []) if _BY_NAME[name].may_repeat else []
            texts = before if text in before else [*before, text]
            self._with[name, text] = _encoded({**self.given, name: texts})
        return self._with[name, text]


def narrow(rows: ExecutionQuerySet, query: QueryDict) -> Narrowed:
    """`rows` (already narrowed by `visible_to`) as the address asks for them."""
    given = {name: [text for text in query.getlist(name) if text != ""] for name in query if name not in OF_THE_PAGE}
    given = {name: texts for name, texts in given.items() if texts}
    narrowed = Narrowed(rows, _encoded(given), given)
    values = {name: _values(name, texts, narrowed.errors) for name, texts in given.items() if name in _BY_NAME}
    for name in given.keys() - _BY_NAME.keys():
        narrowed.errors[name] = f"{name!r} is no filter of executions; there are {', '.join(_BY_NAME)}."
    if not narrowed.errors:
        narrowed.rows = _applied(rows, values, narrowed.errors)
    if narrowed.errors:
        narrowed.rows = rows.none()
    narrowed.chips = [Chip(_title(name), text, _without(given, name, text)) for name in given for text in given[name]]
    return narrowed


def _values(name: str, texts: Sequence[str], errors: dict[str, str]) -> list[Any]:
    item = _BY_NAME[name]
    if len(texts) > 1 and not item.may_repeat:
        errors[name] = "Only one may be given."
        return []
    if len(texts) > _MOST_REPEATED:
        errors[name] = f"At most {_MOST_REPEATED} may be given."
        return []
    try:
        return [item.parse(_text(text)) for text in texts]
    except ValueError as error:
        errors[name] = str(error)
        return []


def _applied(rows: ExecutionQuerySet, values: Mapping[str, list[Any]], errors: dict[str, str]) -> ExecutionQuerySet:
    since, until = (next(iter(values.get(name, [])), None) for name in ("since", "until"))
    first, end = ids_between(since, until)
    rows = rows if first is None else rows.filter(pk__gte=first)
    rows = rows if end is None else rows.filter(pk__lt=end)
    for name, found in values.items():
        try:
            rows = _BY_NAME[name].apply(rows, found if _BY_NAME[name].may_repeat else found[0])
        except ValueError as error:
            errors[name] = str(error)
    return rows


def _text(text: str) -> str:
    if "\0" in text or len(text) > _LONGEST or not text.isprintable():
        raise ValueError("This is nothing that can be looked for.")
    return text.strip()


def _title(name: str) -> str:
    return _BY_NAME[name].title if name in _BY_NAME else name


def _without(given: Mapping[str, list[str]], name: str, text: str) -> str:
    return _encoded(
        {other: [value for value in texts if (other, value) != (name, text)] for other, texts in given.items()}
    )


def _encoded(given: Mapping[str, list[str]]) -> str:
    query = QueryDict(mutable=True)
    for name, texts in given.items():
        query.setlist(name, texts)
    return query.urlencode()


def _status(text: str) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if word not in {status.value for status in Status}:
            raise ValueError(f"{word!r} is no status; there are {', '.join(Status)}.")
    return words


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError("A whole number is expected.")
    return int(text)


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("true or false is expected.")
    return text == "true"


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition(":")
    if not separator or not name:
        raise ValueError("name:value is expected.")
    return name, value


def moment(text: str) -> datetime:
    """`24h` (that long ago), or a moment; without a zone it is UTC."""
    if ago := _AGO.fullmatch(text):
        return timezone.now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        parsed = parse_datetime(text)
    except ValueError:
        parsed = None
    if parsed is None or parsed.year not in _YEARS:
        raise ValueError("Expected is how long ago (24h, 7d) or a moment (2026-01-31 12:00).")
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _having(rows: ExecutionQuerySet, text: str) -> ExecutionQuerySet:
    """An id, or a part of an action's ref."""
    if text.isascii() and text.isdigit() and len(text) < 19:
        return rows.filter(pk=int(text))
    return rows.filter(action_ref__in=action_refs_with(text))


def _of_pack(rows: ExecutionQuerySet, ref: str) -> ExecutionQuerySet:
    """By its actions, because they have an index and packs have none."""
    return rows.filter(action_ref__in=action_refs_below(ref), pack_ref=ref)


def _labeled(rows: ExecutionQuerySet, pairs: Sequence[tuple[str, str]]) -> ExecutionQuerySet:
    """One by one: two values for one name fit nothing."""
    for pair in pairs:
        rows = rows.labeled([pair])
    return rows


def _on_worker(rows: ExecutionQuerySet, name: str) -> ExecutionQuerySet:
    """Its last heartbeat spares the look at all that was asked for after it was gone."""
    workers = dict(Worker.objects.filter(name=name).values_list("pk", "last_heartbeat"))
    if not workers:
        raise ValueError(f"There is and was no worker {name}.")
    rows = rows.filter(worker__in=workers)
    is_gone = max(workers.values()) < timezone.now() - _GONE_AFTER
    return rows.filter(pk__lt=ids_between(None, max(workers.values()))[1]) if is_gone else rows


def _requested_by(rows: ExecutionQuerySet, name: str) -> ExecutionQuerySet:
    return rows.filter(requested_by=Identity.objects.filter(username=name).values_list("pk", flat=True).first() or 0)


FILTERS = (
    Filter(
        "status", "Status", lambda rows, found: rows.filter(status__in={word for words in found for word in words}),
        _status, may_repeat=True,
    ),
    Filter("q", "Search", _having),
    Filter("action", "Action", lambda rows, ref: rows.filter(action_ref=ref)),
    Filter("pack", "Pack", _of_pack),
    Filter("label", "Label", _labeled, _pair, may_repeat=True),
    Filter("requested_by", "Requested by", _requested_by),
    Filter("worker", "Worker", _on_worker),
    Filter("gate", "Gate", lambda rows, pk: rows.filter(gate=pk), _number),
    Filter("parent", "Children of", lambda rows, pk: rows.filter(parent=pk), _number),
    Filter("rerun_of", "Reruns of", lambda rows, pk: rows.filter(rerun_of=pk), _number),
    Filter("pinned", "Pinned", lambda rows, is_pinned: rows.pinned(is_pinned), _truth),
    Filter("since", "Since", lambda rows, value: rows.filter(created_at__gte=value), moment),
    Filter("until", "Until", lambda rows, value: rows.filter(created_at__lt=value), moment),
)  # fmt: skip
_BY_NAME = {item.name: item for item in FILTERS}
